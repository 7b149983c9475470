"""Starting a run and showing it, on twins in memory."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fargate_runs import ports
from fargate_runs.errors import (
    FargateRunsError,
    InvalidRunRequestError,
    RunAlreadyExistsError,
    RunNotFoundError,
    RunNotStartedError,
    RunStartUnknownError,
    RunThrottledError,
)
from fargate_runs.ports import UnreadableJobError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.request import RunRequest
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.show_run import ShowRun
from fargate_runs.usecases.start_run import StartRun
from tests.fakes.attempts import SECOND, running
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import StoppedClock
from tests.fakes.ecs import (
    CANARY,
    EXECUTION_ARN,
    MACHINES,
    RUN_ID,
    TASK_DEFINITION_ARN,
    TASK_ID,
    TOKEN,
    Detail,
    container,
    detail,
    life,
    overrides,
)
from tests.fakes.settling import PRICES, World
from tests.fakes.slots import SlotWorld
from tests.fakes.stepfunctions import InMemoryExecutions
from tests.fakes.store import InMemoryRunStore

ASKED = RunRequest.from_mapping({"commands": ["job"], "environment": {"SECRET": CANARY}, "timeoutSeconds": 60})
NEW_ID = "20250506T120000-00000001"
OTHERS = (
    TASK_DEFINITION_ARN.replace("fargate-runs:7", "report:3"),
    TASK_DEFINITION_ARN.replace("fargate-runs:7", "jobs:*"),
)


class Door:
    def __init__(self) -> None:
        self.store, self.executions = InMemoryRunStore(), InMemoryExecutions()
        self.start = StartRun(
            self.store,
            self.executions,
            InMemoryClaims(),
            StoppedClock(),
            state_machines=MACHINES,
            task_definitions=AllowedDefinitions(TASK_DEFINITION_ARN, OTHERS, ("256", "512")),
            suffix=lambda: "00000001",
        )


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize("pattern", Pattern)
def test_a_start(door: Door, pattern: Pattern) -> None:
    started = door.start(replace(ASKED, pattern=pattern))
    assert (started.run_id, started.pattern) == (NEW_ID, pattern)
    execution = door.executions.started[NEW_ID]
    assert execution.machine == MACHINES.arn_of(pattern)
    assert json.loads(execution.input) == ASKED.execution_input()
    run = door.store.runs[NEW_ID]
    assert (run.status, run.pattern, run.execution_arn) == (RunStatus.PENDING, pattern, started.execution_arn)
    assert run.state_machine_arn == execution.machine
    assert CANARY not in repr(run)


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"cpu": "4096"}, "cpu"),
        ({"memory": "8192"}, "memory"),
        ({"cpu": "4096", "memory": "8192"}, None),
        ({"memory": "1024"}, None),
        ({"cpu": "4096", "taskDefinition": "report"}, None),
        ({"cpu": "4096", "taskDefinition": "fargate-runs:7"}, "cpu"),
    ],
)
def test_half_a_size_that_does_not_go_with_the_other_half_of_the_stack_s_own_is_refused(
    door: Door, asked: dict[str, str], refused: str | None
) -> None:
    request = RunRequest.from_mapping({"commands": ["job"], **asked})
    if refused is None:
        assert door.start(request).run_id == NEW_ID
        return
    with pytest.raises(InvalidRunRequestError) as told:
        door.start(request)
    assert [problem.partition(":")[0] for problem in told.value.problems] == [refused]
    assert (door.store.runs, door.executions.started) == ({}, {})


def test_ids_are_random() -> None:
    door = Door()
    start = StartRun(
        door.store,
        door.executions,
        InMemoryClaims(),
        StoppedClock(),
        state_machines=MACHINES,
        task_definitions=AllowedDefinitions(TASK_DEFINITION_ARN),
    )
    assert start(ASKED).run_id != start(ASKED).run_id


FAILURES: list[tuple[ports.ExecutionError, type[FargateRunsError], bool]] = [
    (ports.ExecutionThrottledError("x"), RunThrottledError, False),
    (ports.ExecutionRefusedError("x"), RunNotStartedError, False),
    (ports.ExecutionUnknownError("x"), RunStartUnknownError, True),
    (ports.ExecutionExistsError("x"), RunAlreadyExistsError, True),
]


@pytest.mark.parametrize(("fails_with", "raised", "record_stays"), FAILURES)
def test_a_start_that_fails_leaves_a_record_only_where_it_may_be_true(
    door: Door, fails_with: ports.ExecutionError, raised: type[FargateRunsError], record_stays: bool
) -> None:
    door.executions.fails_with = fails_with
    with pytest.raises(raised):
        door.start(ASKED)
    assert (NEW_ID in door.store.runs) is record_stays


def test_an_id_that_is_taken_starts_nothing(door: Door) -> None:
    door.start(ASKED)
    door.store.runs[NEW_ID] = replace(door.store.runs[NEW_ID], execution_arn="another")
    door.executions.started.clear()
    with pytest.raises(RunAlreadyExistsError):
        door.start(ASKED)
    assert not door.executions.started


def test_the_record_stands_before_the_execution_starts(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    start = door.executions.start

    def watched(*args: str) -> ports.StartedExecution:
        seen.append(NEW_ID in door.store.runs)
        return start(*args)

    monkeypatch.setattr(door.executions, "start", watched)
    door.start(ASKED)
    assert seen == [True]


ALLOWED = ["fargate-runs", "fargate-runs:7", TASK_DEFINITION_ARN, "report", "report:3", "jobs", "jobs:12"]
ALLOWED += [TASK_DEFINITION_ARN.replace("fargate-runs:7", "jobs:12")]
REFUSED = ["fargate-runs:6", "fargate", "report:4", "other", "jobs-of-others:1"]
REFUSED += ["arn:aws:ecs:us-east-1:999999999999:task-definition/jobs:1"]


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed_task_definitions(door: Door, name: str) -> None:
    assert door.start(replace(ASKED, task_definition=name))


@pytest.mark.parametrize("name", REFUSED)
def test_other_task_definitions(door: Door, name: str) -> None:
    with pytest.raises(
        InvalidRunRequestError, match=r"taskDefinition: .* is not allowed here; allowed are fargate-runs:7"
    ):
        door.start(replace(ASKED, task_definition=name))
    assert not door.store.runs


def show(world: World, run_id: str = RUN_ID) -> dict[str, Any]:
    return ShowRun(world.store, MACHINES, PRICES)(run_id)


RUN_KEYS = (
    "runId pattern status error transient summary advice exitCode culprit result lastLogLines logNote executionArn"
    " execution stateMachineArn createdAt startedAt stoppedAt durationSeconds usage input stopRequest rerunOf job"
    " schedule scheduledTime queuedAt admittedAt forced reason blockedBy queue deadline unreadableAttempts attempts"
    " attemptsLeftOut"
)
ATTEMPT_KEYS = (
    "taskArn taskId taskUrl attempt status lastStatus version error transient summary advice container culprit exitCode"
    " stopCode stoppedReason delivery capacityProviderName cpu memory timeline durations usage log culpritLog result"
    " resultNote lastLogLines logNote"
)


def test_a_run_that_ended() -> None:
    world = World()
    world.logs.everywhere = ('{"rows": 3}',)
    for each in life():
        world.settle(each)
    world.end_run(ExecutionStatus.SUCCEEDED)
    shown = json.loads(json.dumps(show(world)))
    assert " ".join(shown) == RUN_KEYS
    (attempt,) = shown["attempts"]
    assert " ".join(attempt) == ATTEMPT_KEYS
    assert (shown["runId"], shown["pattern"], shown["status"]) == (RUN_ID, "callback", "SUCCEEDED")
    assert (shown["executionArn"], shown["stateMachineArn"]) == (EXECUTION_ARN, MACHINES.callback)
    assert shown["result"] == attempt["result"] == {"rows": 3}
    assert shown["createdAt"] == "2025-05-06T11:02:13.877Z"
    assert (attempt["taskId"], attempt["delivery"], attempt["container"]) == (TASK_ID, "DELIVERED", "main")
    assert attempt["timeline"]["pullStoppedAt"] == "2025-05-06T11:02:30.120Z"
    assert (attempt["log"]["group"], attempt["log"]["stream"]) == ("/jobs/tasks", f"runs/main/{TASK_ID}")
    assert attempt["log"]["url"].startswith("https://us-east-1.console.aws.amazon.com/cloudwatch/")
    assert attempt["taskUrl"] == (
        f"https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/jobs/tasks/{TASK_ID}/configuration?region=us-east-1"
    )
    assert attempt["durations"]["runningSeconds"] == 29.5
    assert (
        shown["usage"]
        == attempt["usage"]
        == {
            "billedSeconds": 64,
            "vcpuSeconds": 16.0,
            "gbSeconds": 32.0,
            "estimatedCostUsd": 0.000219,
            "spot": False,
        }
    )
    assert shown["input"] is None
    assert shown["lastLogLines"] == attempt["lastLogLines"] == []
    assert shown["logNote"] is attempt["logNote"] is None


@pytest.mark.parametrize(("lines", "note"), [(("at work", "Oops"), None), ((), "the log is empty")])
def test_a_failed_run_shows_the_end_of_its_newest_log_once_it_has_ended(
    lines: tuple[str, ...], note: str | None
) -> None:
    world = World()
    world.logs.everywhere = ("of the first attempt",)
    world.settle(detail(containers=[container(exit_code=1)]))
    world.logs.everywhere = lines
    second = {"taskArn": str(detail()["taskArn"])[:-1] + "0", "createdAt": "2025-05-06T11:05:00Z"}
    world.settle(detail(**second, containers=[container(exit_code=3)]))
    shown = json.loads(json.dumps(show(world)))
    assert (shown["lastLogLines"], shown["logNote"]) == ([], None), "its execution goes on"
    assert [each["lastLogLines"] for each in shown["attempts"]] == [["of the first attempt"], list(lines)]
    world.end_run(ExecutionStatus.FAILED)
    shown = show(world)
    assert (shown["lastLogLines"], shown["logNote"]) == (list(lines), note)
    assert [each["logNote"] for each in shown["attempts"]] == [None, note]


def test_which_attempt_each_task_is_where_it_says_so() -> None:
    world = World()
    told = overrides()
    told["containerOverrides"][-1]["environment"].append({"name": "RUN_ATTEMPT", "value": "2"})
    world.settle(running(overrides=told))
    world.settle(running(**SECOND))
    assert [each["attempt"] for each in show(world)["attempts"]] == [2, None]


def test_whose_last_lines_are_shown() -> None:
    world = World()
    world.logs.streams[f"runs/proxy/{TASK_ID}"] = ("no route to host",)
    world.settle(detail(containers=[container(exit_code=143), container("proxy", 2)]))
    world.end_run(ExecutionStatus.FAILED)
    shown = json.loads(json.dumps(show(world)))
    (attempt,) = shown["attempts"]
    assert (shown["culprit"], shown["lastLogLines"]) == ("proxy", ["no route to host"])
    assert (attempt["container"], attempt["culprit"]) == ("main", "proxy")
    assert [attempt[log]["stream"] for log in ("log", "culpritLog")] == [
        f"runs/main/{TASK_ID}",
        f"runs/proxy/{TASK_ID}",
    ]


def test_a_run_that_waits(door: Door) -> None:
    door.start(ASKED)
    shown = json.loads(json.dumps(ShowRun(door.store, MACHINES, PRICES)(NEW_ID)))
    assert (shown["status"], shown["attempts"], shown["durationSeconds"]) == ("PENDING", [], None)
    assert shown["input"] == {
        "commands": ["job"],
        "environmentNames": ["SECRET"],
        "taskDefinition": None,
        "cpu": None,
        "memory": None,
        "capacity": None,
        "timeoutSeconds": 60,
        "retries": None,
        "retryOnExitCodes": None,
        **dict.fromkeys(("totalTimeoutSeconds", "job", "schedule", "scheduledTime", "force")),
    }
    assert CANARY not in str(shown)


def test_a_run_of_two_attempts_shows_the_last_one_last() -> None:
    world = World()
    world.settle(detail(containers=[container(exit_code=3)]))
    world.settle(detail(taskArn=str(detail()["taskArn"])[:-1] + "0", createdAt="2025-05-06T11:05:00Z"))
    assert show(world)["error"] is None, "its execution goes on"
    world.end_run(ExecutionStatus.SUCCEEDED)
    shown = show(world)
    assert shown["status"] == "SUCCEEDED"
    assert [each["status"] for each in shown["attempts"]] == ["FAILED", "SUCCEEDED"]
    assert shown["usage"]["billedSeconds"] == sum(each["usage"]["billedSeconds"] for each in shown["attempts"]) == 128


def test_a_task_whose_run_is_not_written_yet() -> None:
    world = World()
    world.settle(life()[2])
    world.store.runs.clear()
    shown = show(world)
    assert (shown["status"], shown["attempts"][0]["status"]) == ("RUNNING", None)
    assert TOKEN not in str(shown)


@pytest.mark.parametrize("seen", [life()[2], life()[-1]], ids=["runs", "ended"])
def test_a_run_whose_task_is_not_shown_yet(seen: Detail) -> None:
    """Its execution told of the end first, and the handler of the task is between its two writes."""
    world = World()
    world.end_run(ExecutionStatus.FAILED)
    before = world.store.runs[RUN_ID]
    world.settle(seen)
    shown, world.store.runs[RUN_ID] = show(world), before
    assert show(world) == shown
    assert [shown["status"], shown["attempts"][0]["status"]] in (["RUNNING", None], ["SUCCEEDED", "SUCCEEDED"])


def test_no_run() -> None:
    with pytest.raises(RunNotFoundError, match="nobody"):
        show(World(), "nobody")


@pytest.mark.parametrize(("stands", "place"), [("second", 2), ("not there", None), ("unreadable", None)])
def test_the_place_of_a_run_that_waits(stands: str, place: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = SlotWorld()
    world.begin("a", "b", "c")
    if stands == "not there":
        world.gates.gates.clear()
    if stands == "unreadable":

        def fails(job: str) -> None:
            raise UnreadableJobError(job, "its gate")

        monkeypatch.setattr(world.gates, "find_gate", fails)
    shown = ShowRun(world.store, MACHINES, PRICES, world.gates)
    assert shown("c")["queue"] == {"since": "2025-05-06T12:00:00.000Z", "place": place}
    world.gates.calls.clear()
    assert shown("a")["queue"] is None
    assert not world.gates.calls
