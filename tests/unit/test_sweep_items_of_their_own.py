"""One record, one ARN or one token that cannot be read, asked for or answered holds up nothing but itself."""

from collections.abc import Sequence
from typing import NoReturn

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.ports import Described, ExecutionNotShownError, ExecutionStates, TasksRefusedError, TokenKeyError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.record import Delivery
from tests.fakes.attempts import SECOND, running
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TASK_ID, TOKEN, detail, life, overrides, task_arn
from tests.fakes.sweeping import OTHERS_ARN, SweepingExecutions, SweepingTasks, counts, no_lists, of_execution, other

REFUSED = "b" * 32


@pytest.fixture
def tasks() -> SweepingTasks:
    return SweepingTasks()


@pytest.fixture
def executions() -> SweepingExecutions:
    return SweepingExecutions()


def refuse(world: SweepingTasks, *task_ids: str) -> list[int]:
    """ECS refuses every call that names one of these; gives how many tasks each call named."""
    describe, asked = world.cluster.describe, []
    refused = {task_arn(each) for each in task_ids}

    def describes(arns: Sequence[str]) -> Described:
        asked.append(len(arns))
        if refused & set(arns):
            raise TasksRefusedError("ECS answered InvalidParameterException")
        return describe(arns)

    world.cluster.describe = describes  # type: ignore[assignment, method-assign]
    return asked


@pytest.mark.parametrize("is_listed", [True, False], ids=["in the lists", "in no list"])
def test_a_task_that_ecs_will_not_describe(
    tasks: SweepingTasks, is_listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cluster has another name since a parameter of the stack was changed, say."""
    for n in range(99):
        tasks.settle(other(n, version=3, lastStatus="RUNNING"))
        tasks.cluster.show(other(n))
    tasks.settle(running(taskArn=task_arn(REFUSED)))
    tasks.cluster.show(detail(taskArn=task_arn(REFUSED)))
    asked = refuse(tasks, REFUSED)
    if not is_listed:
        monkeypatch.setattr(tasks.cluster, "listed", no_lists)
    assert counts(tasks.sweep_tasks()) == {"described": 99, "recovered": 99, "refusedTasks": 1}
    assert len(asked) <= 2 * 7 + 1, "found by halves"
    assert counts(tasks.sweep_tasks()) == {"refusedTasks": 1}, "and counted by every sweep"


def test_where_ecs_describes_none_of_them_a_permission_is_missing(tasks: SweepingTasks) -> None:
    for n in range(3):
        tasks.cluster.show(other(n))
    refuse(tasks, *(f"{n:032x}" for n in range(3)))
    report = tasks.sweep_tasks()
    assert counts(report) == {"failures": 1, "firstFailure": "ECS answered InvalidParameterException"}


@pytest.mark.parametrize("arn", [EXECUTION_ARN, OTHERS_ARN])
@pytest.mark.parametrize("is_denied", [True, False])
def test_an_execution_that_step_functions_will_not_show(
    executions: SweepingExecutions, arn: str, is_denied: bool
) -> None:
    executions.settle(of_execution(arn))
    beside = f"{OTHERS_ARN}-beside"
    executions.settle(of_execution(beside, "c" * 32))
    executions.close(ExecutionStatus.ABORTED, beside)
    _hide(executions.executions, arn, is_denied=is_denied)
    report = executions.sweep_executions()
    assert [arn for arn, _ in executions.cluster.stops] == [task_arn("c" * 32)]
    a_permission_is_missing = is_denied and arn == EXECUTION_ARN
    assert (report.not_shown, report.failures) == ((0, 1) if a_permission_is_missing else (1, 0))


def _hide(executions: ExecutionStates, hidden: str, *, is_denied: bool) -> None:
    describe = executions.describe

    def describes(arn: str) -> object:
        if arn == hidden:
            raise ExecutionNotShownError("Step Functions answered ValidationException", is_denied=is_denied)
        return describe(arn)

    executions.describe = describes  # type: ignore[assignment, method-assign]


def test_a_task_of_such_an_execution_is_settled_by_its_events(tasks: SweepingTasks) -> None:
    """And left alone: nobody knows what became of its execution."""
    tasks.settle(running())
    tasks.end_run_failed()
    _hide(tasks.executions, EXECUTION_ARN, is_denied=True)
    assert tasks.settle(running(version=4)).stopped == 0
    assert tasks.cluster.stops == []
    assert tasks.settle(detail()).decided


def withhold(world: SweepingTasks) -> None:
    def key_is_not_ours(*_answer: str) -> NoReturn:
        raise TokenKeyError("Step Functions answered KmsAccessDeniedException")

    world.callbacks.send_success = key_is_not_ours  # type: ignore[assignment, method-assign]


def test_a_token_whose_key_is_not_ours_to_use_waits_until_it_is(tasks: SweepingTasks) -> None:
    """Its event is acknowledged: three more tries and the dead-letter queue would not mend the key's policy."""
    send = tasks.callbacks.send_success
    withhold(tasks)
    done = tasks.settle(detail())
    assert (done.decided, done.withheld, done.delivery) == (True, True, None)
    assert (tasks.stored().delivery, tasks.stored().token) == (Delivery.PENDING, TOKEN)
    report = tasks.sweep_tasks()
    assert counts(report) == {"withheld": 1}
    tasks.callbacks.send_success = send  # type: ignore[method-assign]
    assert counts(tasks.sweep_tasks()) == {"delivered": 1}
    assert isinstance(tasks.callbacks.answers[TOKEN], Success)


def test_an_attempt_whose_token_has_such_a_key_is_asked_for_until_it_is_known(tasks: SweepingTasks) -> None:
    """As an answer that is withheld, it is counted in every sweep, so that its alarm goes on."""
    for each in (running(), running(**SECOND)):
        tasks.record(each)
        tasks.cluster.show(each)
    tasks.callbacks.close(TOKEN)
    tasks.callbacks.with_another_key = {TOKEN}
    for _ in range(2):
        assert counts(tasks.sweep_tasks()) == {"withheld": 1}
    tasks.callbacks.with_another_key.clear()
    assert counts(tasks.sweep_tasks()) == {"stopped": 1}
    assert tasks.sweep_tasks().stopped == 0, "and once"


def test_so_is_one_of_a_run_whose_execution_has_ended() -> None:
    """The newest attempt was never shown by its run."""
    world = SweepingExecutions()
    world.settle({**running(), "createdAt": "2025-05-06T11:02:00Z"})
    world.record(running(**SECOND))
    world.callbacks.close(TOKEN)
    world.callbacks.with_another_key = {TOKEN}
    world.close(ExecutionStatus.SUCCEEDED)
    assert world.sweep_executions().withheld == 1


def test_it_keeps_no_other_answer_back(tasks: SweepingTasks) -> None:
    withhold(tasks)
    tasks.settle(detail())
    tasks.callbacks.open.add("another")
    tasks.settle(
        {**life()[2], "taskArn": task_arn("c" * 32), "overrides": overrides(run_id="another", token="another")}
    )
    failed = [{"name": "main", "exitCode": 3}]
    tasks.cluster.show(
        detail(taskArn=task_arn("c" * 32), overrides=overrides(run_id="another", token="another"), containers=failed)
    )
    report = tasks.sweep_tasks()
    assert (report.withheld, report.recovered, report.failures) == (1, 1, 0)
    assert "another" in tasks.callbacks.answers


def test_a_record_that_cannot_be_read_is_counted_once_and_is_no_failure(tasks: SweepingTasks) -> None:
    tasks.settle(running())
    tasks.settle(other(1, version=3, lastStatus="RUNNING"))
    for each in (detail(), other(1)):
        tasks.cluster.show(each)
    tasks.store.unreadable[RUN_ID, TASK_ID] = "pattern"
    report = tasks.sweep()("me", 600.0)
    assert (report.unreadable_records, report.recovered, report.failures, report.is_complete) == (1, 1, 0, True)
