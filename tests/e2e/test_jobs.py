"""Jobs from the file to the run: apply, schedules in their zones, pause, missed runs, deletion."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.conftest import Json, Stack
from tests.e2e.test_command_line import PROJECT, RUNS, typed
from tests.waiting import eventually

MANIFESTS = PROJECT / "tests/cli/copilot"
ZONE = "Asia/Kolkata"  # half an hour beside everybody else
TELLS = "import os, json; print(json.dumps({name: os.environ.get(name) for name in NAMES}))".replace(
    "NAMES", "('RUN_JOB', 'RUN_SCHEDULED_TIME', 'STAGE')"
)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Writes a file of jobs; gives the project, which is the name of its first job too, and the file."""
    name = f"j-{uuid.uuid4().hex[:8]}"

    def written(text: str) -> tuple[str, str]:
        file = tmp_path / "jobs.yaml"
        head = f"version: 1\nproject: {name}\ndefaults: {{timeZone: {ZONE}}}\njobs:\n"
        file.write_text(head + textwrap.indent(textwrap.dedent(text).replace("NAME", name), "  "))
        return name, str(file)

    return written


def apply(file: str, *more: str) -> None:
    done = typed("jobs", "apply", "--yes", "-f", file, *more)
    assert done.returncode == 0, done.stderr + done.stdout


def soon(seconds: int) -> str:
    """A time of now on the clocks of the zone."""
    return f"{datetime.now(ZoneInfo(ZONE)) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"


def runs_of(stack: Stack, job: str) -> list[Json]:
    answer = stack.api.list_runs({"job": job, "limit": "100"})
    return cast("list[Json]", answer["runs"])


def test_a_file_is_applied_again_and_again(stack: Stack, write: Callable[[str], tuple[str, str]]) -> None:
    name, file = write("""
        NAME:
          image: local
          command: [python, -c, "print(1)"]
          schedules:
            - {name: weekdays, cron: "0 6 ? * MON-FRI *"}
        other-NAME:
          image: local
          command: ["true"]
    """)
    first = typed("jobs", "diff", "-f", file)
    assert first.returncode == 1, first.stderr
    assert "weekdays" in first.stdout
    assert "06:00" in first.stdout
    apply(file)
    again = typed("jobs", "diff", "-f", file)
    assert (again.returncode, again.stderr) == (0, ""), again.stdout
    apply(file)
    exported = typed("jobs", "export", "--project", name)
    assert exported.returncode == 0, exported.stderr
    Path(file).write_text(exported.stdout)
    assert typed("jobs", "diff", "-f", file).returncode == 0

    # A job that the file does not have goes only when that is said.
    write("""
        NAME:
          image: local
          command: [python, -c, "print(2)"]
    """)
    apply(file)
    assert json.loads(typed("jobs", "show", "--json", f"other-{name}").stdout)["name"] == f"other-{name}"
    apply(file, "--prune")
    assert typed("jobs", "show", f"other-{name}").returncode != 0
    done = typed("start", "--job", name, "--wait")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_a_schedule_starts_a_run_in_its_zone(stack: Stack, write: Callable[[str], tuple[str, str]]) -> None:
    at = soon(8)
    name, file = write(f"""
        NAME:
          image: local
          command: [python, -c, {json.dumps(TELLS)}]
          environment: {{STAGE: test}}
          schedules:
            - {{name: once, at: "{at}", overrides: {{environment: {{STAGE: "from the schedule"}}}}}}
    """)
    apply(file)
    (listed,) = eventually(lambda: runs_of(stack, name) or None, "the run of the schedule")
    run = stack.ended_run(str(listed["runId"]))
    moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    assert run["runId"] == f"{name}_once_{moment:%Y%m%dT%H%M%SZ}"
    assert (run["status"], run["job"], run["schedule"]) == ("SUCCEEDED", name, "once")
    result = run["result"]
    assert result["RUN_JOB"] == name  # type: ignore[index]
    assert datetime.fromisoformat(result["RUN_SCHEDULED_TIME"]) == moment  # type: ignore[index]
    assert result["STAGE"] == "from the schedule"  # type: ignore[index]


def fire(stack: Stack, job: str, schedule: str, moment: datetime) -> None:
    """What Scheduler does at a time, at the function that its timers aim at."""
    event = {"job": job, "schedule": schedule, "scheduledTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    answer = stack.functions.invoke(
        FunctionName=stack.status.outputs["StartScheduledRunFunctionName"], Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_a_time_that_comes_twice_late_or_in_a_pause(stack: Stack, write: Callable[[str], tuple[str, str]]) -> None:
    name, file = write("""
        NAME:
          image: local
          command: ["true"]
          schedules:
            - {name: hourly, rate: 1 hour, enabled: true, startingDeadline: 10m}
    """)
    apply(file)
    eventually(lambda: runs_of(stack, name) or None, "the first run: a rate begins at once")
    now = datetime.now(UTC).replace(microsecond=0)
    before = len(runs_of(stack, name))

    for _ in range(2):  # it comes twice, and is one run
        fire(stack, name, "hourly", now - timedelta(minutes=1))
    assert len(runs_of(stack, name)) == before + 1
    late = now - timedelta(hours=1)
    fire(stack, name, "hourly", late)
    missed = stack.api.get_run(f"{name}_hourly_{late:%Y%m%dT%H%M%SZ}")
    assert missed["status"] == "MISSED"
    assert "later" in str(missed["summary"])

    assert typed("jobs", "pause", name).returncode == 0
    fire(stack, name, "hourly", now)
    assert len(runs_of(stack, name)) == before + 2
    assert typed("jobs", "resume", name).returncode == 0
    fire(stack, name, "hourly", now)
    assert len(runs_of(stack, name)) == before + 3


def test_a_job_with_live_runs_goes_only_when_that_is_said(
    stack: Stack, write: Callable[[str], tuple[str, str]]
) -> None:
    name, file = write("""
        NAME:
          image: local
          command: [python, -c, "import time; time.sleep(600)"]
    """)
    apply(file)
    run_id = typed("start", "--job", name).stdout.strip()
    eventually(lambda: stack.api.get_run(run_id)["status"] == "RUNNING", "the run")
    refused = typed("jobs", "delete", name)
    assert refused.returncode != 0
    assert "--stop-runs" in refused.stderr
    assert typed("jobs", "delete", "--stop-runs", name).returncode == 0
    assert stack.ended_run(run_id)["status"] == "STOPPED"
    gone = typed("start", "--job", name)
    assert gone.returncode != 0
    assert name in gone.stderr


def test_mistakes_are_told_with_their_lines_before_anything_changes(
    stack: Stack, write: Callable[[str], tuple[str, str]]
) -> None:
    name, file = write("""
        NAME:
          image: local
          command: ["true"]
        wrong-NAME:
          image: local
          taskRole: "arn:aws:iam::000000000000:role/not-listed"
          concurrency: {limit: 0}
          timeout: soon
          schedules:
            - {name: a, cron: "61 6 ? * MON-FRI *"}
            - {name: a, rate: 0 minutes, timeZone: Asia/Seol}
    """)
    refused = typed("jobs", "apply", "--yes", "-f", file)
    assert refused.returncode == 2, refused.stdout
    said = refused.stderr
    for line, field in ((11, "taskRole"), (12, "limit"), (13, "timeout"), (15, "cron"), (16, "rate"), (16, "timeZone")):
        assert any(f":{line}:" in each and field in each for each in said.splitlines()), f"{line} {field}\n{said}"
    assert typed("jobs", "show", name).returncode != 0


def test_jobs_of_copilot_run_here(stack: Stack, tmp_path: Path) -> None:
    """Whole manifests, those without secrets: imported together, applied, one of them run by hand."""
    file = tmp_path / "jobs.yaml"
    files = [
        str(MANIFESTS / f"{each}.yml") for each in ("every-five-hours", "weekdays", "switched-off", "hourly-anchors")
    ]
    more = (
        "--env",
        "prod",
        "--account",
        "000000000000",
        "--region",
        "us-east-1",
        "--app",
        f"shop-{uuid.uuid4().hex[:8]}",
    )
    imported = subprocess.run(
        [*RUNS, "jobs", "import-copilot", *files, *more],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TAG": "1.4"},
    )
    assert "left out" in imported.stderr
    file.write_text(imported.stdout)
    apply(str(file))
    assert typed("jobs", "diff", "-f", str(file)).returncode == 0
    shown = json.loads(typed("jobs", "show", "--json", "switched-off").stdout)
    assert "0 6 ? * MON-FRI *" in str(shown["schedules"])
    done = typed(
        "start", "--job", "hourly-anchors", "--wait", "--", "python", "-c", "import os; print(os.environ['LIMIT'])"
    )
    assert (done.returncode, done.stdout) == (0, "010\n"), done.stderr
    for each in json.loads(typed("jobs", "list", "--json").stdout)["jobs"]:
        if each["project"] == more[-1]:
            assert typed("jobs", "delete", "--stop-runs", each["name"]).returncode == 0
