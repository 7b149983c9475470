"""The table of stored x arriving, and what one state of a task does."""

import json
from dataclasses import replace

import pytest

from fargate_runs.answers.answer import Failure, Success
from fargate_runs.answers.durations import durations_of
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.ports import (
    AnswerRefusedError,
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
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.runs.settle import STEPS, Arriving, Step, Stored, decide
from fargate_runs.usecases.record_task_state import NOT_ACCEPTED, Settlement
from tests.fakes.ecs import CANARY, EXECUTION_ARN, RUN_ID, TASK_ID, TOKEN, container, detail, life, overrides, task
from tests.fakes.settling import World
from tests.fakes.sweeping import raises


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


def test_settlement_is_a_plain_value() -> None:
    done = Settlement(Step.NOTHING, OPEN)
    assert TOKEN not in repr(done)


def test_settling_takes_tasks_from_any_source(world: World) -> None:
    assert world.use_case(EcsTask.from_detail(detail())).decided
