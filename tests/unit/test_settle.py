"""The table of stored x arriving, and what one state of a task does."""

import json
from dataclasses import replace

import pytest

from fargate_runs.answers.answer import Failure, Success
from fargate_runs.answers.durations import durations_of
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.ports import (
    AnswerRefusedError,
    CallbacksUnavailableError,
    LostRace,
    TokenClosedError,
    TokenError,
    TokenUnusableError,
    WriteResult,
)
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.links import task_url
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import RunStatus
from fargate_runs.runs.settle import STEPS, Arriving, Step, Stored, decide
from fargate_runs.usecases.record_task_state import NOT_ACCEPTED, Settlement
from tests.fakes.ecs import CANARY, EXECUTION_ARN, RUN_ID, TASK_ID, TOKEN, container, detail, life, overrides, task
from tests.fakes.settling import LOG_PLACE, World
from tests.fakes.sweeping import raises
from tests.fakes.task_definitions import awslogs, definition


def record(*, version: int = 3, outcome: bool = False, delivery: Delivery = Delivery.PENDING) -> TaskRecord:
    ended = task(version=version)
    base = TaskRecord.of(ended, None, None)
    verdict = outcome_of(ended)
    assert verdict
    return replace(base.ended(verdict, NO_RESULT) if outcome else base, delivery=delivery)


OPEN = record()
UNDELIVERED = record(outcome=True)
DONE = [record(outcome=True, delivery=each) for each in Delivery if each is not Delivery.PENDING]

TABLE: list[tuple[TaskRecord | None, int, str, Step]] = [
    (None, 1, "RUNNING", Step.RECORD),
    (None, 5, "STOPPED", Step.DECIDE),
    (OPEN, 4, "RUNNING", Step.RECORD),
    (OPEN, 4, "STOPPED", Step.DECIDE),
    (OPEN, 3, "RUNNING", Step.NOTHING),
    (OPEN, 3, "STOPPED", Step.NOTHING),
    (OPEN, 2, "RUNNING", Step.NOTHING),
    (OPEN, 2, "STOPPED", Step.NOTHING),
    *((UNDELIVERED, version, status, Step.DELIVER) for version in (2, 3, 4) for status in ("RUNNING", "STOPPED")),
    *(
        (done, version, status, Step.NOTHING)
        for done in DONE
        for version in (2, 3, 4)
        for status in ("RUNNING", "STOPPED")
    ),
]


@pytest.mark.parametrize(("stored", "version", "status", "step"), TABLE)
def test_decide(stored: TaskRecord | None, version: int, status: str, step: Step) -> None:
    assert decide(stored, task(version=version, lastStatus=status)) is step


def test_the_table_is_complete() -> None:
    possible = {(row, column) for row in Stored for column in Arriving} - {(Stored.ABSENT, Arriving.OLD)}
    assert set(STEPS) == possible


@pytest.fixture
def world() -> World:
    return World()


def answer(world: World) -> dict[str, object]:
    given = world.callbacks.answers[TOKEN]
    read: dict[str, object] = json.loads(given.output if isinstance(given, Success) else given.cause)
    return read


def test_a_life_that_ends_well(world: World) -> None:
    world.logs.everywhere = ("starting", '{"rows": 3}', "")
    done = [world.settle(each) for each in life()]
    assert [each.step for each in done] == [Step.RECORD] * 4 + [Step.DECIDE]
    assert done[-1].delivery is Delivery.DELIVERED
    output = answer(world)
    assert (output.pop("timeline"), output.pop("durations")) == (
        world.stored().task.timeline.as_detail(),
        durations_of(world.stored().task.timeline),
    )
    assert lenient.mapping(output.pop("usage"))["billedSeconds"] == 64
    assert output.pop("taskUrl") == task_url(str(detail()["taskArn"]), str(detail()["clusterArn"]))
    assert output == {
        "runId": RUN_ID,
        "taskArn": detail()["taskArn"],
        "container": "main",
        "exitCode": 0,
        "log": {
            "group": "/jobs/tasks",
            "stream": f"runs/main/{TASK_ID}",
            "url": (
                "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/"
                f"$252Fjobs$252Ftasks/log-events/runs$252Fmain$252F{TASK_ID}"
            ),
        },
        "result": {"rows": 3},
    }
    stored = world.stored()
    assert (stored.delivery, stored.token, stored.is_open) == (Delivery.DELIVERED, None, False)
    run = world.store.runs[RUN_ID]
    assert (run.status, run.execution_arn) == (RunStatus.RUNNING, EXECUTION_ARN), "until its execution has ended"
    world.end_run(ExecutionStatus.SUCCEEDED)
    run = world.store.runs[RUN_ID]
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, None)
    assert run.duration_seconds == 60.001


def test_a_run_is_running_from_its_first_task_on(world: World) -> None:
    world.settle(life()[0])
    assert world.store.runs[RUN_ID].status is RunStatus.RUNNING
    assert world.stored().is_open


def test_a_failure_has_a_cause_to_act_on(world: World) -> None:
    world.logs.everywhere = tuple(f"line {n}" for n in range(30))
    world.settle(detail(containers=[container(exit_code=3)]))
    given = world.callbacks.answers[TOKEN]
    assert isinstance(given, Failure)
    assert given.error == "Container.ExitedNonZero"
    cause = answer(world)
    assert cause["summary"] == "Container main exited with code 3."
    assert cause["advice"]
    assert cause["exitCode"] == 3
    assert cause["stopCode"] == "EssentialContainerExited"
    assert cause["lastLogLines"] == [f"line {n}" for n in range(10, 30)] == list(world.stored().last_lines)


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


def test_no_token_no_delivery(world: World) -> None:
    done = world.settle(detail(overrides=overrides(token=None), startedBy="AWS Step Functions"))
    assert done.record.delivery is Delivery.NOT_NEEDED
    assert world.callbacks.calls == 0
    assert not world.stored().is_open


def test_a_token_that_others_closed(world: World) -> None:
    world.callbacks.close(TOKEN)
    done = world.settle(detail())
    assert done.delivery is Delivery.CLOSED_BY_OTHERS
    assert world.stored().token is None


def test_what_never_was_a_token(world: World) -> None:
    done = world.settle(detail(overrides=overrides(token="just-some-variable")))
    assert (done.refused, done.delivery) == (False, Delivery.REFUSED), "nobody waits by it, so nobody is woken"
    assert world.stored() == done.record
    assert world.stored().token is None
    world.settle(detail(overrides=overrides(token="just-some-variable")))
    assert world.callbacks.calls == 1, "no endless retry"


@pytest.mark.parametrize("error", NOT_ACCEPTED)
def test_every_refusal_is_final_and_no_smaller_answer_helps(
    error: type[TokenError], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.callbacks, "send_success", raises(error("no")))
    done = world.settle(detail())
    assert (done.delivery, done.refused) == (NOT_ACCEPTED[error], error is AnswerRefusedError)
    assert not world.stored().is_open


@pytest.mark.parametrize("error", [TokenClosedError, TokenUnusableError])
def test_a_token_that_is_closed_between_two_answers(
    error: type[TokenError], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is refused for itself, the smallest one for its token."""
    answers: list[TokenError] = [error("no"), AnswerRefusedError("too long")]

    def send(_token: str, _output: str) -> None:
        raise answers.pop()

    monkeypatch.setattr(world.callbacks, "send_success", send)
    done = world.settle(detail())
    assert (done.delivery, done.refused, answers) == (NOT_ACCEPTED[error], False, [])


def test_a_refused_answer_is_cut_down_and_sent_again(world: World) -> None:
    world.logs.everywhere = ("x" * 500,)
    world.callbacks.refuses_longer_than = 400
    done = world.settle(detail(containers=[container(exit_code=3)]))
    assert done.delivery is Delivery.DELIVERED
    assert answer(world)["exitCode"] == 3
    assert "lastLogLines" not in answer(world)


def test_a_token_that_takes_no_answer_at_all_is_closed_and_said_so(world: World) -> None:
    world.callbacks.refuses_longer_than = 1
    done = world.settle(detail())
    assert (done.refused, done.delivery) == (True, Delivery.REFUSED)
    assert world.stored().delivery is Delivery.REFUSED
    assert world.callbacks.calls == 2
    assert not world.settle(detail()).refused
    assert world.callbacks.calls == 2, "no endless retry"


def test_the_token_is_masked_where_the_container_printed_it(world: World) -> None:
    world.logs.everywhere = (f"token={TOKEN}", f'{{"token": "{TOKEN}"}}')
    world.settle(detail())
    assert answer(world)["result"] == {"token": "[task token]"}
    assert TOKEN not in str(world.stored().result)


def test_late_evidence_is_counted_and_changes_nothing(world: World) -> None:
    world.settle(detail())
    late = world.settle(detail(version=6, containers=[container(exit_code=1)]))
    assert late.contradicted
    assert world.stored().outcome == outcome_of(task())
    assert not world.settle(detail(version=6)).contradicted


def test_a_lost_race_delivers_what_the_winner_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    winner = TaskRecord.of(task(), None, None).ended(_failed(), NO_RESULT)

    def lose(_record: TaskRecord) -> WriteResult:
        world.store.tasks[RUN_ID, TASK_ID] = winner
        return LostRace(winner)

    monkeypatch.setattr(world.store, "write_task", lose)
    done = world.settle(detail())
    assert (done.step, done.decided, done.contradicted) == (Step.DECIDE, False, True)
    assert isinstance(world.callbacks.answers[TOKEN], Failure)


def _failed() -> Outcome:
    verdict = outcome_of(task(containers=[container(exit_code=9)]))
    assert verdict
    return verdict


def test_a_new_attempt_is_what_the_run_shows_and_each_token_gets_its_own_answer(world: World) -> None:
    second_arn = str(detail()["taskArn"]).replace(TASK_ID, "f" * 32)
    second = {
        "taskArn": second_arn,
        "createdAt": "2025-05-06T11:05:00Z",
        "overrides": overrides(token="second-token"),
    }
    world.callbacks.open.add("second-token")
    spot = {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."}
    world.settle(life()[2])
    world.settle({**life()[2], **second})
    world.settle(detail(**spot))
    assert world.store.runs[RUN_ID].status is RunStatus.RUNNING
    assert set(world.callbacks.answers) == {TOKEN}
    world.settle(detail(**second))
    world.end_run(ExecutionStatus.SUCCEEDED)
    assert world.store.runs[RUN_ID].status is RunStatus.SUCCEEDED
    assert isinstance(world.callbacks.answers["second-token"], Success)


def test_environment_values_and_the_token_are_in_no_record_that_is_closed(world: World) -> None:
    world.settle(detail())
    everything = repr(world.store.__dict__)
    assert CANARY not in everything
    assert world.stored().token is None


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


def test_settlement_is_a_plain_value() -> None:
    done = Settlement(Step.NOTHING, OPEN)
    assert TOKEN not in repr(done)


def test_settling_takes_tasks_from_any_source(world: World) -> None:
    assert world.use_case(EcsTask.from_detail(detail())).decided
