"""The log of a task that is settled: which lines are kept, and why there are none."""

import json

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.ports import (
    CallbacksUnavailableError,
)
from fargate_runs.runs.record import Delivery
from tests.fakes.ecs import RUN_ID, TASK_ID, TOKEN, container, detail, life, overrides, task
from tests.fakes.settling import LOG_PLACE, World
from tests.fakes.task_definitions import awslogs, definition


@pytest.fixture
def world() -> World:
    return World()


def answer(world: World) -> dict[str, object]:
    given = world.callbacks.answers[TOKEN]
    read: dict[str, object] = json.loads(given.output if isinstance(given, Success) else given.cause)
    return read


def test_a_log_that_cannot_be_read_changes_nothing(world: World) -> None:
    world.logs.is_down = True
    done = world.settle(detail())
    assert done.delivery is Delivery.DELIVERED
    assert answer(world)["result"] is None
    assert "could not be read" in str(answer(world)["resultNote"])
    assert done.log_problem


def test_a_failure_whose_log_cannot_be_read_says_so_in_record_and_cause(world: World) -> None:
    world.logs.is_down = True
    done = world.settle(detail(containers=[container(exit_code=3)]))
    assert done.record.log_note == answer(world)["logNote"] == done.log_problem
    assert "could not be read" in str(done.log_problem)


NO_LINES: dict[str, tuple[dict[str, object], str, int]] = {
    "never started": ({"startedAt": None, "containers": [container()]}, "the container never started", 0),
    "silent": ({"containers": [container(exit_code=3)]}, "the log is empty", 1),
    "ran, and has no exit code": ({"containers": [container()]}, "the log is empty", 1),
    "could not be started, in a task that has": (
        {"containers": [container(exit_code=127, reason="CannotStartContainerError: exec: no such file")]},
        "the container never started",
        0,
    ),
    "its dependency failed, in a task that has started": (
        {"containers": [container(), container("helper", exit_code=2, runtimeId="r")]},
        "the log is empty",
        1,
    ),
    "its sidecar could not be started": (
        {
            "containers": [
                container(exit_code=143),
                container("helper", reason="CannotStartContainerError: no such file"),
            ]
        },
        "the container never started",
        0,
    ),
    "only its reason says that it ran": (
        {"startedAt": None, "containers": [container(reason="CannotInspectContainerError: timed out")]},
        "the log is empty",
        1,
    ),
    "was seen to run for its memory alone": (
        {"startedAt": None, "containers": [container(reason="OutOfMemoryError: Container killed")]},
        "the log is empty",
        1,
    ),
    "may have started in a start that timed out": (
        {"startedAt": None, "containers": [container(reason="DockerTimeoutError: Could not transition to started")]},
        "the log is empty",
        1,
    ),
    "is not listed, in a task that has started": ({"containers": []}, "the log is empty", 1),
    "is not listed, in a task that has not": ({"startedAt": None, "containers": []}, "the container never started", 0),
    "is not listed, and its task could not be provisioned": (
        {"startedAt": None, "containers": [], "stoppedReason": "Timeout waiting for network interface provisioning"},
        "the container never started",
        0,
    ),
    "is not listed, and its task's reason tells of a start": (
        {"startedAt": None, "containers": [], "stoppedReason": "DockerTimeoutError: Could not transition to started"},
        "the container never started",
        0,
    ),
    "did not come to its start, as far as ECS says": (
        {"startedAt": None, "containers": [container()], "stopCode": "UserInitiated"},
        "the container never started",
        0,
    ),
    "did not come to its start, for lack of capacity": (
        {"startedAt": None, "containers": [container()], "stopCode": None, "stoppedReason": "RESOURCE:CPU"},
        "the container never started",
        0,
    ),
    "has no time of its start": ({"startedAt": None, "containers": [container(exit_code=3)]}, "the log is empty", 1),
}


@pytest.mark.parametrize("case", NO_LINES)
def test_why_there_are_no_lines(world: World, case: str) -> None:
    changes, note, reads = NO_LINES[case]
    done = world.settle(detail(**{"stopCode": "TaskFailedToStart", **changes}))
    assert (done.record.last_lines, done.record.log_note) == ((), note)
    assert (world.logs.reads, done.log_problem) == (reads, None)


SIDECAR_FAILED = {"containers": [container(exit_code=143), container("proxy", 2)]}


def test_the_last_lines_are_the_culprit_s(world: World) -> None:
    """The main container was told to stop: its log does not tell why."""
    world.logs.streams = {f"runs/main/{TASK_ID}": ("shutting down",), f"runs/proxy/{TASK_ID}": ("no route", TOKEN)}
    record = world.settle(detail(**SIDECAR_FAILED)).record
    assert (record.last_lines, world.logs.reads) == (("no route", "[task token]"), 1)
    assert record.log == LOG_PLACE.of(task())
    assert record.culprit_log == LOG_PLACE.of(task(), "proxy")
    cause = answer(world)
    assert (cause["lastLogLines"], cause["container"], cause["culprit"]) == (list(record.last_lines), "main", "proxy")
    assert record.log
    assert record.culprit_log
    assert (cause["log"], cause["culpritLog"]) == (record.log.as_json(), record.culprit_log.as_json())


def test_a_culprit_of_another_task_definition_logs_where_that_says(world: World) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/other:3"
    world.definitions.known[arn] = definition(main=awslogs(), proxy=awslogs(prefix="of-proxy"))
    world.logs.streams[f"of-proxy/proxy/{TASK_ID}"] = ("no route",)
    assert world.settle(detail(**SIDECAR_FAILED, taskDefinitionArn=arn)).record.last_lines == ("no route",)


def test_a_culprit_whose_log_is_not_known_says_so(world: World) -> None:
    """The main container's lines in its place would tell nothing, or something wrong."""
    arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/other:3"
    world.definitions.known[arn] = definition("proxy", main=awslogs())
    world.logs.everywhere = ("shutting down",)
    record = world.settle(detail(**SIDECAR_FAILED, taskDefinitionArn=arn)).record
    assert (record.last_lines, record.log_note) == ((), "container proxy has no log configuration")
    assert record.log
    assert (record.culprit_log, answer(world)["culpritLog"]) == (None, None)


def test_a_success_keeps_no_lines(world: World) -> None:
    world.logs.everywhere = ("at work", "done")
    record = world.settle(detail()).record
    assert (record.last_lines, record.log_note) == ((), None)


def test_a_lost_task_has_the_lines_that_it_left(world: World) -> None:
    """Whether it ever started nobody knows but its log."""
    world.logs.everywhere = ("as far as it got",)
    world.settle(life()[1])
    assert world.use_case.lose(RUN_ID, TASK_ID)
    assert world.stored().last_lines == ("as far as it got",)
    world.logs.is_down = True
    other = World()
    other.logs.is_down = True
    other.settle(life()[1])
    done = other.use_case.lose(RUN_ID, TASK_ID)
    assert done
    assert "could not be read" in str(done.log_problem)


@pytest.mark.parametrize(
    "stopped",
    [
        {"stopCode": "UserInitiated", "stoppedReason": "Task stopped by user"},
        {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."},
        {
            "stopCode": "UserInitiated",
            "stoppedReason": "AWS Step Functions execution [x] managing this resource ended: ABORTED",
        },
    ],
)
def test_every_ending_but_a_success_keeps_the_lines(world: World, stopped: dict[str, object]) -> None:
    world.logs.everywhere = ("at work",)
    assert world.settle(detail(**stopped)).record.last_lines == ("at work",)


def test_what_stands_is_delivered_with_the_lines_that_stand_and_the_log_is_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_answer: str) -> None:
        raise CallbacksUnavailableError

    world.logs.everywhere = ("at work",)
    with monkeypatch.context() as patched:
        patched.setattr(world.callbacks, "send_failure", fail)
        with pytest.raises(CallbacksUnavailableError):
            world.settle(detail(containers=[container(exit_code=3)]))
    world.logs.everywhere = ("something later",)
    assert world.use_case.deliver(RUN_ID, TASK_ID)
    assert (answer(world)["lastLogLines"], world.logs.reads) == (["at work"], 1)


def test_an_answered_task_reads_no_log_again(world: World) -> None:
    world.settle(detail())
    world.settle(detail())
    assert world.logs.reads == 1


def test_the_token_is_masked_where_the_container_printed_it(world: World) -> None:
    world.logs.everywhere = (f"token={TOKEN}", f'{{"token": "{TOKEN}"}}')
    world.settle(detail())
    assert answer(world)["result"] == {"token": "[task token]"}
    assert TOKEN not in str(world.stored().result)


@pytest.mark.parametrize("exit_code", [0, 1])
def test_half_characters_in_a_log_do_no_harm(world: World, exit_code: int) -> None:
    world.logs.everywhere = ("\ud800 half", '{"a": "\udfff"}')
    world.settle(detail(containers=[container(exit_code=exit_code)]))
    given = world.callbacks.answers[TOKEN]
    (given.output if isinstance(given, Success) else given.cause).encode("utf-8")


def test_where_another_task_definition_logs_is_not_guessed(world: World) -> None:
    world.logs.everywhere = ('{"of": "somebody else"}',)
    definition = str(detail()["taskDefinitionArn"]).replace("fargate-runs", "other")
    for given in (overrides(), {"containerOverrides": [{"name": "main"}]}):
        record = World().settle(detail(overrides=given, taskDefinitionArn=definition)).record
        assert (record.log, record.result.json) == (None, None)
        assert "task definition could not be read" in str(record.result.note)
