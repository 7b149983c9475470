"""Protocols that are known to be wrong, in the place of ours: a simulation is worth what it finds in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from fargate_runs.answers.answer import answer_of
from fargate_runs.aws import dynamodb
from fargate_runs.aws.claims import DynamoStartClaims
from fargate_runs.aws.dynamodb import DynamoRunStore
from fargate_runs.errors import PortError
from fargate_runs.observability import logger
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.ports import Claim, OpenRun, OpenTask, TokenError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs import run_folding
from fargate_runs.runs.abandoned import reason_of_end, started_twice
from fargate_runs.runs.billed import Billed
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import RunRecord, StopRequest
from fargate_runs.runs.settle import Step
from fargate_runs.usecases import record_task_state, stop_abandoned
from fargate_runs.usecases.record_task_state import RecordTaskState, Settlement
from fargate_runs.usecases.stop_abandoned import Asking, StopAbandoned
from fargate_runs.usecases.stop_run import StopRun
from fargate_runs.usecases.sweep import tasks
from fargate_runs.usecases.sweep.attempts import SweepAttempts, Visit
from fargate_runs.usecases.sweep.overdue import StopOverdue
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.sweep import Sweep
from fargate_runs.usecases.sweep.turn import Go

_EVERYTHING_IS_REFUSED: Final = dict.fromkeys(record_task_state.NOT_ACCEPTED, Delivery.REFUSED)

Break = Callable[[], AbstractContextManager[object]]

_write = RecordTaskState._write
_deliver = RecordTaskState._deliver
_settle = RecordTaskState.__call__
_put_if = DynamoRunStore._put_if
_with_task = run_folding.with_task
_counted = run_folding._counted


def _send_and_then_record(
    self: RecordTaskState, task: EcsTask, step: Step, stored: TaskRecord | None, go_on: Go, **how: bool
) -> Settlement:
    outcome = outcome_of(task)
    if outcome and task.token:
        record = TaskRecord.of(task, None, None).ended(outcome, NO_RESULT)
        with suppress(TokenError):
            self._send(task.token, answer_of(record, outcome, self._prices))
    return _write(self, task, step, stored, go_on, **how)


def _mark_and_then_send(
    self: RecordTaskState, token: str, record: TaskRecord, outcome: Outcome
) -> tuple[Delivery, bool]:
    self._store.mark_delivery(record, Delivery.DELIVERED)
    return _deliver(self, token, record, outcome)


def _write_whatever_stands(self: DynamoRunStore, item: dict[str, object], condition: Any) -> object:
    return _put_if(self, item, {} if str(item["sk"]).startswith("TASK#") else condition)


def _swallow_what_fails(self: RecordTaskState, task: EcsTask, *_more: Go, **_how: bool) -> Settlement:
    try:
        return _settle(self, task)
    except PortError:
        return Settlement(Step.NOTHING, TaskRecord.of(task, None, None))


def _say_the_token(self: RecordTaskState, task: EcsTask, *_more: Go, **_how: bool) -> Settlement:
    logger.info("settling", token=task.token)
    return _settle(self, task)


def _stop_without_asking(
    self: StopAbandoned, execution: Execution, live: Sequence[TaskRecord], _go_on: object = None
) -> int:
    stopped = self._some(execution, live)
    for each in stopped:
        self._cluster.stop(each.task_arn, reason_of_end(execution))
    return len(stopped)


def _sweep_nothing(_self: Sweep, _owner: str, _seconds: float) -> SweepReport:
    return SweepReport(is_complete=True)


def _stop_no_replaced_attempt(_self: StopAbandoned, _tasks: Sequence[TaskRecord], *_more: object) -> int:
    return 0


def _compare_with_the_index(
    self: SweepAttempts,
    visit: Visit,
    tasks: Sequence[OpenTask],
    run: OpenRun | None,
    report: SweepReport,
    _go_on: Go,
) -> None:
    """A run that is not in the open index shows no task at all, whichever task it is that it shows."""
    compare(self, visit, tasks, run.newest_task_id if run else None, report)


def compare(
    self: SweepAttempts, visit: Visit, tasks: Sequence[OpenTask], newest: str | None, report: SweepReport
) -> None:
    """Compare with what something says is the newest task of the run, and remember that."""
    if not (visit.run_id in report.news or self._has_more(tasks, newest)):
        return
    looked = self._settle.look_after(
        visit.run_id, lambda _: Asking(is_due=lambda each: (each.task_id, newest) not in self._compared)
    )
    report.stopped += looked.stopped
    self._compared.update((each, newest) for each in (*(task.task_id for task in tasks), *looked.task_ids))


def _look_after_a_run_once(
    self: SweepAttempts,
    visit: Visit,
    tasks: Sequence[OpenTask],
    run: OpenRun | None,
    report: SweepReport,
    _go_on: Go,
) -> None:
    """Whatever tasks of a run there were when it was looked at: those that are recorded later were looked at too."""
    shows = run or self._store.find_run(visit.run_id)
    newest = shows.newest_task_id if shows else None
    looked_at = self.__dict__.setdefault("runs_looked_at", set())
    if all(each.task_id == newest for each in tasks) or (visit.run_id, newest) in looked_at:
        return
    report.stopped += self._settle.look_after(visit.run_id).stopped
    looked_at.add((visit.run_id, newest))


def _deliver_nothing_later(_self: RecordTaskState, _run_id: str, _task_id: str) -> Settlement | None:
    return None


def _stop_no_twin(_self: StopAbandoned, _tasks: Sequence[TaskRecord], *_more: object) -> int:
    return 0


def _stop_the_later_twin(tasks: Sequence[TaskRecord], execution: Execution) -> tuple[TaskRecord, ...]:
    earlier = started_twice(tasks, execution)
    return tuple(each for each in tasks if earlier and each not in earlier and each.outcome is None)


def _keep_no_limit(_self: StopOverdue, _listed: object, _report: SweepReport, _go_on: Go) -> None:
    """Nobody waits for such a task, so nobody stops it."""


def _write_without_a_look_at_the_token(self: DynamoRunStore, record: TaskRecord) -> object:
    return self._write_task(
        record, "attribute_not_exists(pk) OR (#version < :version AND attribute_not_exists(#outcome))"
    )


@contextmanager
def _keep_no_token() -> Iterator[None]:
    with (
        patch.object(TaskRecord, "keeping", lambda self, _stands: self),
        patch.object(DynamoRunStore, "write_task", _write_without_a_look_at_the_token),
    ):
        yield


def _count_the_first_attempt(attempts: Mapping[str, Billed | None], task: TaskRecord) -> Mapping[str, Billed | None]:
    return attempts if attempts and task.task_id not in attempts else _counted(attempts, task)


def _count_each_attempt_once(attempts: Mapping[str, Billed | None], task: TaskRecord) -> Mapping[str, Billed | None]:
    return attempts if task.task_id in attempts else _counted(attempts, task)


def _say_that_it_is_stopped(_self: StopRun, _run: RunRecord, _request: StopRequest) -> bool:
    return True


def _record_no_request(_self: StopRun, _run_id: str, asked: StopRequest, _tasks: Sequence[TaskRecord]) -> StopRequest:
    return asked


def _claim_nothing(_self: DynamoStartClaims, _key: str, claim: Claim) -> Claim:
    return claim


def _ended_once_it_is_to_end(self: EcsTask) -> bool:
    return self.last_status == "STOPPED" or self.stop_code is not None


#: What is wrong, how it is done, and which invariants may be the first to fall.
BROKEN: Final[Mapping[str, tuple[Break, frozenset[str]]]] = MappingProxyType(
    {
        "send, then record": (
            lambda: patch.object(RecordTaskState, "_write", _send_and_then_record),
            frozenset({"I3"}),
        ),
        "mark as delivered, then send": (
            lambda: patch.object(RecordTaskState, "_deliver", _mark_and_then_send),
            frozenset({"L1", "L4"}),
        ),
        "write whatever stands": (
            lambda: patch.object(DynamoRunStore, "_put_if", _write_whatever_stands),
            frozenset({"I2", "I6"}),
        ),
        "acknowledge what failed": (
            lambda: patch.object(RecordTaskState, "__call__", _swallow_what_fails),
            frozenset({"I7", "L4"}),
        ),
        "take a stop code for an end": (
            lambda: patch.object(EcsTask, "has_ended", property(_ended_once_it_is_to_end)),
            frozenset({"I5"}),
        ),
        "no sweep": (
            lambda: patch.object(Sweep, "__call__", _sweep_nothing),
            frozenset({"I1", "L1", "L2", "L4", "L5"}),
        ),
        "a closed token is a refusal": (
            lambda: patch.object(record_task_state, "NOT_ACCEPTED", _EVERYTHING_IS_REFUSED),
            frozenset({"L4"}),
        ),
        "lost at once": (lambda: patch.object(tasks, "MISSING_SWEEPS", 1), frozenset({"I5"})),
        "stop without asking": (lambda: patch.object(StopAbandoned, "these", _stop_without_asking), frozenset({"L5"})),
        "leave replaced attempts": (
            lambda: patch.object(StopAbandoned, "replaced_attempts", _stop_no_replaced_attempt),
            frozenset({"L5"}),
        ),
        "deliver while ECS remembers, or never": (
            lambda: patch.object(RecordTaskState, "deliver", _deliver_nothing_later),
            frozenset({"L1", "L2", "L4"}),
        ),
        "a run that is not open shows nothing": (
            lambda: patch.object(SweepAttempts, "_look_at", _compare_with_the_index),
            frozenset({"L5"}),
        ),
        "all attempts of a run were looked at": (
            lambda: patch.object(SweepAttempts, "_look_at", _look_after_a_run_once),
            frozenset({"L5"}),
        ),
        "two tasks of one attempt run on": (
            lambda: patch.object(StopAbandoned, "started_twice", _stop_no_twin),
            frozenset({"L5"}),
        ),
        "of two tasks of one attempt the later one is stopped": (
            lambda: patch.object(stop_abandoned, "started_twice", _stop_the_later_twin),
            frozenset({"L5"}),
        ),
        "no time limit": (lambda: patch.object(StopOverdue, "__call__", _keep_no_limit), frozenset({"L5"})),
        "only STOPPED has ended": (
            lambda: patch.object(EcsTask, "has_ended", property(lambda self: self.last_status == "STOPPED")),
            frozenset({"L1", "L2", "L4", "I5", "I7"}),
        ),
        "a token is where the settings of now say": (
            _keep_no_token,
            frozenset({"L1", "I5", "L4"}),
        ),
        "one record that cannot be read ends the sweep": (
            lambda: patch.object(dynamodb, "unless_unreadable", lambda read, item: read(item)),
            frozenset({"L2"}),
        ),
        "whoever says so is an attempt of the run": (
            lambda: patch.object(run_folding, "is_attempt", lambda _run, _task: True),
            frozenset({"I2"}),
        ),
        "count the first attempt alone": (
            lambda: patch.object(run_folding, "_counted", _count_the_first_attempt),
            frozenset({"I11"}),
        ),
        "count what is billed when an attempt is first seen": (
            lambda: patch.object(run_folding, "_counted", _count_each_attempt_once),
            frozenset({"I11"}),
        ),
        "say that an execution is stopped": (
            lambda: patch.object(StopRun, "_stop_execution", _say_that_it_is_stopped),
            frozenset({"L7"}),
        ),
        "stop what is known of a run when it is stopped": (
            lambda: patch.object(record_task_state, "may_be_asked_to_stop", lambda _run, _task: False),
            frozenset({"L7"}),
        ),
        "a request to stop is not recorded": (
            lambda: patch.object(StopRun, "_record", _record_no_request),
            frozenset({"L7"}),
        ),
        "a key claims nothing": (
            lambda: patch.object(DynamoStartClaims, "claim", _claim_nothing),
            frozenset({"I12"}),
        ),
        "log the token": (lambda: patch.object(RecordTaskState, "__call__", _say_the_token), frozenset({"I9"})),
    }
)
