"""Record a task's state, decide its outcome once, and deliver the recorded outcome to its token.

The order is the protocol: one conditional write decides; what stands after it is shown by the run, then delivered,
then marked as delivered. A crash between any two of these steps is healed by the next event of the task, a redelivery
of this one, or the sweep, because every step is done again from what stands.
"""

from dataclasses import dataclass, replace

from fargate_runs.answer import Answer, Success, answer_of, smallest_answer_of
from fargate_runs.log import NO_RESULT, LogTail, Result, result_of
from fargate_runs.log_place import LogPlace
from fargate_runs.log_reading import tail_of
from fargate_runs.outcome import Outcome, outcome_of
from fargate_runs.patterns import StateMachines
from fargate_runs.ports import (
    AnswerRefusedError,
    LogReader,
    RunStore,
    TokenCallbacks,
    TokenClosedError,
    TokenUnusableError,
    Written,
)
from fargate_runs.record import Delivery, TaskRecord
from fargate_runs.settle import Step, decide
from fargate_runs.task import EcsTask
from fargate_runs.usage import Prices

_LOG_NOT_KNOWN = Result(note="where a task definition that is not the stack's own logs is not known: no result is read")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was done with one state of a task.

    `decided` is true for the one call that fixed the outcome; `delivery` is what this call did with the token, if
    anything; `contradicted` says that the arriving state would have been judged otherwise than what stands.
    """

    step: Step
    record: TaskRecord
    decided: bool = False
    delivery: Delivery | None = None
    contradicted: bool = False
    log_problem: str | None = None


class RecordTaskState:
    """The use case. A task may come from an event or from DescribeTasks: the same state has the same effect."""

    def __init__(
        self,
        store: RunStore,
        callbacks: TokenCallbacks,
        logs: LogReader,
        *,
        log_place: LogPlace,
        state_machines: StateMachines,
        prices: Prices,
    ) -> None:
        self._store = store
        self._callbacks = callbacks
        self._logs = logs
        self._log_place = log_place
        self._state_machines = state_machines
        self._prices = prices

    def __call__(self, task: EcsTask) -> Settlement:
        """Take in one state of a task.

        Raises StoreUnavailableError, CallbacksUnavailableError or AnswerRefusedError: then nothing is acknowledged,
        and the same call made again goes on from what stands.
        """
        stored = self._store.find_task(task.run_id, task.task_id)
        step = decide(stored, task)
        if stored is None or step in {Step.RECORD, Step.DECIDE}:
            return self._write(task, step)
        return self._carry_on(stored, task, step)

    def _write(self, task: EcsTask, step: Step) -> Settlement:
        pattern = self._state_machines.pattern_of(
            task.execution_arn, has_token=task.token is not None, started_by=task.started_by
        )
        record = TaskRecord.of(task, pattern, self._log_place.of(task))
        outcome = outcome_of(task)
        tail = LogTail()
        if outcome:
            tail = tail_of(self._logs, record, outcome)
            record = record.ended(outcome, _result(record, outcome, tail))
        written = self._store.write_task(record)
        if isinstance(written, Written):
            return self._finish(Settlement(step, written.record, decided=outcome is not None), task, tail)
        return self._carry_on(written.record, task, step)

    def _carry_on(self, stands: TaskRecord, task: EcsTask, step: Step) -> Settlement:
        """Another call has written what stands: finish what it may have left, change nothing of it."""
        late = outcome_of(task) if stands.outcome else None
        contradicted = late is not None and late != stands.outcome
        return self._finish(Settlement(step, stands, contradicted=contradicted), task, None)

    def _finish(self, settlement: Settlement, task: EcsTask, tail: LogTail | None) -> Settlement:
        record = settlement.record
        # The run shows the outcome before its machine goes on with it: who reads the record then reads the truth.
        self._store.mirror_task(record)
        outcome = record.outcome
        if outcome is None or not record.awaits_delivery:
            return replace(settlement, log_problem=tail.problem if tail else None)
        token = record.token or task.token
        if tail is None:
            tail = LogTail() if outcome.succeeded else tail_of(self._logs, record, outcome)
        delivery = self._deliver(token, record, outcome, tail) if token else Delivery.NOT_NEEDED
        self._store.mark_delivery(record, delivery)
        return replace(settlement, record=record.delivered(delivery), delivery=delivery, log_problem=tail.problem)

    def _deliver(self, token: str, record: TaskRecord, outcome: Outcome, tail: LogTail) -> Delivery:
        try:
            try:
                self._send(token, answer_of(record, outcome, tail, self._prices))
            except AnswerRefusedError:
                self._send(token, smallest_answer_of(record, outcome))
        except (TokenClosedError, TokenUnusableError):
            return Delivery.CLOSED_BY_OTHERS
        return Delivery.DELIVERED

    def _send(self, token: str, answer: Answer) -> None:
        if isinstance(answer, Success):
            self._callbacks.send_success(token, answer.output)
        else:
            self._callbacks.send_failure(token, answer.error, answer.cause)


def _result(record: TaskRecord, outcome: Outcome, tail: LogTail) -> Result:
    if not outcome.succeeded:
        return NO_RESULT
    return result_of(tail) if record.log else _LOG_NOT_KNOWN
