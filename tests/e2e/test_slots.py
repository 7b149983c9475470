"""How many runs of a job go on at a time: every door, every policy, and what becomes of slots when something dies."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, pairwise
from pathlib import Path

import pytest

from local import faults_client
from tests.e2e.conftest import ENDED, MACHINES, Json, Stack
from tests.e2e.promising import without_events
from tests.e2e.test_command_line import typed
from tests.waiting import eventually

#: It notes in a file when it begins and when it ends: containers are processes of this machine.
NOTES = (
    "import os, time\n"
    "def note(word):\n"
    "    with open({path!r}, 'a') as file: file.write(f\"{{time.time()}} {{word}} {{os.environ['RUN_ID']}}\\n\")\n"
    "note('begins')\n"
    "time.sleep({seconds})\n"
    "note('ends')\n"
)
STAYS = "import time\ntime.sleep(600)"
AT_ONCE = 20
FINAL = {*ENDED, "SKIPPED", "MISSED"}


class Job:
    """A job of its own for a test, and what tests do with its runs."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.name = f"j-{uuid.uuid4().hex[:8]}"
        self.notes = folder / "notes"
        self.file = folder / "jobs.yaml"

    def apply(self, program: str, **more: object) -> None:
        definition = {"image": "local", "command": ["python", "-c", program], "retries": 0, **more}
        # JSON is YAML.
        self.file.write_text(json.dumps({"version": 1, "project": self.name, "jobs": {self.name: definition}}))
        done = typed("jobs", "apply", "--yes", "-f", str(self.file))
        assert done.returncode == 0, done.stderr + done.stdout

    def noting(self, seconds: float) -> str:
        return NOTES.format(path=str(self.notes), seconds=seconds)

    def start(self, **more: object) -> str:
        return str(self.stack.api.start_run({"job": self.name, **more})["runId"])

    def ended(self, run_id: str) -> Json:
        """The run, with its task's end."""

        def probe() -> Json | None:
            document = dict(self.stack.api.get_run(run_id))
            return document if document["status"] in FINAL else None

        return eventually(probe, f"the end of {run_id}")

    def until(self, run_id: str, status: str) -> Json:
        def probe() -> Json | None:
            document = dict(self.stack.api.get_run(run_id))
            return document if document["status"] == status else None

        return eventually(probe, f"{run_id} is {status}")

    def at_a_time(self) -> int:
        """The most containers that ran at one time, by their own notes."""
        most = now = 0
        for line in sorted(self.notes.read_text().splitlines()):
            now += 1 if " begins " in line else -1
            most = max(most, now)
        return most

    def by_the_api(self) -> str:
        return self.start()

    def by_an_execution(self) -> str:
        """Any machine: the pattern is its own."""
        name = f"direct-{uuid.uuid4().hex[:12]}"
        machine = MACHINES[("callback", "sync", "request-response")[int(name[-1], 16) % 3]]
        self.stack.sfn.start_execution(
            stateMachineArn=self.stack.status.outputs[machine], name=name, input=json.dumps({"job": self.name})
        )
        return name

    def by_the_command_line(self) -> str:
        done: subprocess.CompletedProcess[str] = typed("start", "--job", self.name)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def from_three_doors(self, number: int) -> list[str]:
        """Start so many runs at once."""
        doors: list[Callable[[], str]] = [self.by_the_api, self.by_an_execution, self.by_the_command_line]
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda door: door(), islice(cycle(doors), number)))


@pytest.fixture
def job(stack: Stack, tmp_path: Path) -> Job:
    return Job(stack, tmp_path)


def test_a_queue_of_twenty_from_three_doors(job: Job) -> None:
    job.apply(job.noting(0.2), concurrency={"limit": 1, "policy": "queue"})
    runs = [job.ended(each) for each in job.from_three_doors(AT_ONCE)]

    assert [each["status"] for each in runs] == ["SUCCEEDED"] * AT_ONCE
    assert len(job.notes.read_text().splitlines()) == 2 * AT_ONCE
    assert job.at_a_time() == 1


def test_twenty_of_which_most_are_skipped(job: Job) -> None:
    job.apply(job.noting(0.5), concurrency={"limit": 2, "policy": "skip"})
    started = job.from_three_doors(AT_ONCE)
    runs = [job.ended(each) for each in started]

    went = [each for each in runs if each["status"] == "SUCCEEDED"]
    skipped = [each for each in runs if each["status"] == "SKIPPED"]
    assert len(went) >= 2
    assert len(went) + len(skipped) == AT_ONCE
    assert {each["blockedBy"] for each in skipped} <= {each["runId"] for each in went}
    assert job.at_a_time() <= 2
    execution = job.stack.ended_execution(str(skipped[0]["executionArn"]))
    assert execution["status"] == "SUCCEEDED"  # it is no failure
    assert json.loads(str(execution["output"]))["status"] == "SKIPPED"


def test_twenty_of_which_the_last_one_stays(job: Job) -> None:
    job.apply(job.noting(0.5), concurrency={"limit": 1, "policy": "replace"})
    runs = [job.ended(each) for each in job.from_three_doors(AT_ONCE)]

    assert {each["status"] for each in runs} <= {"SUCCEEDED", "SKIPPED", "STOPPED"}
    assert any(each["status"] == "SUCCEEDED" for each in runs)
    lines = sorted(job.notes.read_text().splitlines())
    # One that is stopped notes no end; the next begins only when its end is on record.
    stops = {str(each["runId"]): str(each["stoppedAt"]) for each in runs if each["status"] == "STOPPED"}
    for first, second in pairwise(line.split() for line in lines):
        if first[1] == second[1] == "begins":
            assert first[2] in stops, (first, second)


def test_one_that_waits_is_shown_and_its_turn_comes(job: Job) -> None:
    job.apply(STAYS, concurrency={"limit": 1})
    first = job.start()
    job.until(first, "RUNNING")
    second, third = job.start(), None
    job.until(second, "QUEUED")
    third = job.start(commands=["true"])
    waiting = job.until(third, "QUEUED")
    assert waiting["queue"]["place"] == 2  # type: ignore[index]

    # One that waits is aborted: it is gone, and the next one moves up.
    job.stack.sfn.stop_execution(executionArn=str(job.stack.api.get_run(second)["executionArn"]))
    assert job.ended(second)["status"] == "STOPPED"
    eventually(lambda: job.stack.api.get_run(third)["queue"]["place"] == 1, "the next one moves up")  # type: ignore[index]
    assert job.stack.api.get_run(first)["status"] == "RUNNING"

    # The one that runs is aborted: its slot is free when its task has ended.
    job.stack.sfn.stop_execution(executionArn=str(job.stack.api.get_run(first)["executionArn"]))
    assert job.ended(first)["status"] == "STOPPED"
    assert job.ended(third)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_function_dies_between_admission_and_start(job: Job, when: str) -> None:
    job.apply(job.noting(0.1), concurrency={"limit": 1})
    # The first time at the write of the record, the second time at that of the gate.
    faults_client.arm(
        job.stack.status.endpoint, "function-killed", call="PutItem", when=when, function="PrepareRun", count=2
    )
    first = job.start()
    second = job.start()
    assert job.ended(first)["status"] == "SUCCEEDED"
    assert job.ended(second)["status"] == "SUCCEEDED"
    assert faults_client.armed(job.stack.status.endpoint) == []
    assert job.at_a_time() == 1


def test_a_new_limit_acts_at_once_and_force_goes_past_it(job: Job) -> None:
    job.apply(STAYS, concurrency={"limit": 1})
    first = job.start()
    job.until(first, "RUNNING")
    waits = job.start()
    job.until(waits, "QUEUED")
    forced = job.until(job.start(force=True), "RUNNING")
    job.apply(STAYS, concurrency={"limit": 3})
    job.until(waits, "RUNNING")
    for each in (first, waits, str(forced["runId"])):
        job.stack.api.stop_run(each, None)
        assert job.ended(each)["status"] == "STOPPED"


def test_a_slot_whose_end_no_event_tells_is_freed_by_the_sweep(job: Job) -> None:
    job.apply(job.noting(0.1), concurrency={"limit": 1})
    with without_events(job.stack):
        first = job.start()
        job.stack.ended_task(job.stack.task_of(first))
        second = job.start()
        eventually(lambda: job.stack.api.get_run(second)["status"] in {"QUEUED", *FINAL}, "the second one waits")

        def swept() -> bool:
            job.stack.sweep()
            return job.stack.api.get_run(second)["status"] in FINAL

        eventually(swept, "the end of both", limit_seconds=240)
    assert [job.stack.api.get_run(each)["status"] for each in (first, second)] == ["SUCCEEDED"] * 2
