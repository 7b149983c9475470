"""Record a task's state, decide its outcome once, and deliver the recorded outcome to its token.

The order is the protocol. One conditional write decides. Attempts that this task replaces are stopped. The run shows
the recorded outcome, then it is delivered, then it is marked as delivered. A crash may come between any two of these
steps. Then the next event of the task, a redelivery of this one or the sweep repeats every step from the record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from fargate_runs.answers.answer import Answer, Success, answer_of, smallest_answer_of
from fargate_runs.answers.log_reading import Settled, TaskLogs
from fargate_runs.answers.usage import Prices
from fargate_runs.errors import PortError
from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import Outcome, lost, outcome_of
from fargate_runs.ports import (
    AnswerRefusedError,
    LostRace,
    RunStore,
    TokenCallbacks,
    TokenClosedError,
    TokenError,
    TokenKeyError,
    TokenUnusableError,
    UnreadableRecordError,
    Written,
)
from fargate_runs.reading.execution import is_named
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import may_be_asked_to_stop
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_folding import order_of, with_tasks
from fargate_runs.runs.run_state import RunRecord, task_id_of
from fargate_runs.runs.settle import Step, decide
from fargate_runs.usecases.folding import fold_run, no_slot
from fargate_runs.usecases.stop_abandoned import ALL, Asking, StopAbandoned, always


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of handling one state of a task.

    `is_new`: this call created the task's record. `decided`: this call decided the outcome.
    `delivery`: the delivery that this call has marked, if any.
    `contradicted`: the arriving state would have another outcome than the recorded one.
    `log_problem`: the reason why this call, which decided, could not read the log.
    `stopped`: the number of StopTask calls.
    `refused`: Step Functions accepted no answer at all, so the execution waits for its time-out.
    `withheld`: the number of tokens whose KMS key we may not use. If it is this task's token, the answer is still to be
    sent. If it is an attempt's token, we cannot tell whether a retry has replaced the attempt.
    `unreadable_run`: the run's own record cannot be read, so the run does not show this task.
    """

    step: Step
    record: TaskRecord
    is_new: bool = False
    decided: bool = False
    delivery: Delivery | None = None
    contradicted: bool = False
    log_problem: str | None = None
    stopped: int = 0
    refused: bool = False
    withheld: int = 0
    unreadable_run: bool = False


# What a refusal means for good. The other errors of an answer leave it PENDING.
NOT_ACCEPTED: Final[Mapping[type[TokenError], Delivery]] = MappingProxyType(
    {
        TokenClosedError: Delivery.CLOSED_BY_OTHERS,
        TokenUnusableError: Delivery.REFUSED,
        AnswerRefusedError: Delivery.REFUSED,  # also the smallest one: every later try would end the same way
    }
)


class Beside(NamedTuple):
    """The comparison of a run's tasks: the id of the newest task, and the number of tasks.

    The number matters, because a task that is recorded late may come between two tasks that were compared before.
    """

    newest: str | None
    tasks: int


@dataclass(frozen=True, slots=True)
class LookedAfter:
    """The number of StopTask calls for a run's tasks, the ids of all checked tasks, and their comparison.

    `withheld` counts the tasks whose token has a KMS key that we may not use: they must be checked again.
    `unreadable_run`: the run's own record cannot be read, so the run does not show the tasks.
    """

    stopped: int
    task_ids: tuple[str, ...]
    beside: Beside
    withheld: int = 0
    unreadable_run: bool = False


class Replaced(NamedTuple):
    """The number of StopTask calls for replaced tasks, and the ids of tasks that may have been replaced.

    We may not use the KMS key of the latter's tokens.
    """

    stopped: int = 0
    withheld: frozenset[str] = frozenset()


class RecordTaskState:
    """The use case. A task comes from an event or from DescribeTasks. The same state has the same effect."""

    def __init__(
        self,
        store: RunStore,
        callbacks: TokenCallbacks,
        logs: TaskLogs,
        abandoned: StopAbandoned,
        *,
        state_machines: StateMachines,
        prices: Prices,
        keep_slot: Callable[[RunRecord], object] = no_slot,
    ) -> None:
        self._store = store
        self._callbacks = callbacks
        self._logs = logs
        self._abandoned = abandoned
        self._state_machines = state_machines
        self._prices = prices
        self._keep_slot = keep_slot

    def __call__(
        self, task: EcsTask, go_on: Callable[[], None] = always, *, leaves_attempts: bool = False
    ) -> Settlement:
        """Handle one state of a task. `go_on` is called before each other task that is checked because of it.

        With `leaves_attempts` no other task is checked: the caller stops the attempts that a new task replaces.

        Raises a PortError. Then nothing is acknowledged, and a repeated call continues from the record.
        """
        stored = self._store.find_task(task.run_id, task.task_id)
        step = decide(stored, task)
        if stored is None or step in {Step.RECORD, Step.DECIDE}:
            return self._write(task, step, stored, go_on, leaves_attempts=leaves_attempts)
        return self._carry_on(stored, task, step, go_on)

    def deliver(self, run_id: str, task_id: str) -> Settlement | None:
        """Deliver the recorded outcome of a task without a new state; returns None if the record is gone."""
        stands = self._store.find_task(run_id, task_id)
        return self._finish(Settlement(Step.DELIVER, stands), None) if stands else None

    def has_nothing_left(self, record: TaskRecord, run: RunRecord | None) -> bool:
        """Return whether this task is settled and delivered, and its run shows it."""
        return not record.is_open and run is not None and with_tasks(run, self._state_machines, record) == run

    def show(self, run_id: str) -> Sequence[TaskRecord]:
        """Show all tasks on their run, in place of a handler that died; returns them without results and last lines."""
        tasks = self._store.tasks_of(run_id)
        if tasks:
            self._show(*tasks)
        return tasks

    def look_after(self, run_id: str, asking_beside: Callable[[Beside], Asking] = lambda _beside: ALL) -> LookedAfter:
        """Show all tasks on their run, and stop the replaced attempts.

        `asking_beside` gets the comparison (see Beside), and returns which of the tasks are checked.
        """
        tasks = self._store.tasks_of(run_id)
        run = self._show_if_readable(*tasks) if tasks else None
        is_shown = not tasks or run is not None
        beside = Beside(task_id_of(max(map(order_of, tasks))) if tasks else None, len(tasks))
        done = self._stop_attempts(tasks, asking_beside(beside))
        if run:
            self._slot_of(run)
        looked_at = tuple(each.task_id for each in tasks if each.task_id not in done.withheld)
        return LookedAfter(done.stopped, looked_at, beside, len(done.withheld), unreadable_run=not is_shown)

    def stop_as_asked(self, run_id: str, go_on: Callable[[], None]) -> int:
        """Stop the live tasks of a run that somebody asked to stop; returns how many.

        Only a request-response run has such tasks: its execution has succeeded, so the end of it stops nothing.
        """
        run = self._store.find_run(run_id)
        if run is None or run.stop_request is None:
            return 0
        live = [each for each in self._store.tasks_of(run_id) if each.outcome is None]
        asked = [each for each in live if may_be_asked_to_stop(run, each)]
        return sum(self._abandoned.asked_to_stop(each, run.stop_request, go_on) for each in asked)

    def lose(self, run_id: str, task_id: str, missing_sweeps: int = 0) -> Settlement | None:
        """Give a task without an outcome the outcome Task.Lost. ECS did not know it in `missing_sweeps` sweeps.

        Returns None if the record is gone, or if ECS has shown the task since: the caller may have read a stale index.
        """
        stands = self._store.find_task(run_id, task_id)
        if stands is None or stands.outcome:
            return self._finish(Settlement(Step.DELIVER, stands), None) if stands else None
        if stands.missing_sweeps < missing_sweeps:
            return None
        outcome = lost(stands.task.main_container)
        settled = self._logs.settled_without(stands, outcome)
        written = self._store.write_lost(settled.record)
        decided = isinstance(written, Written)
        done = Settlement(Step.DECIDE, written.record, decided=decided, log_problem=settled.log_problem)
        return self._finish(done, None)

    def _write(
        self,
        task: EcsTask,
        step: Step,
        stored: TaskRecord | None,
        go_on: Callable[[], None],
        *,
        leaves_attempts: bool,
    ) -> Settlement:
        pattern = self._state_machines.pattern_of(
            task.execution_arn, has_token=task.token is not None, started_by=task.started_by
        )
        place = self._logs.place_of(task)
        record = TaskRecord.of(task, pattern, place.location).keeping(stored)
        outcome = outcome_of(task, main_container=record.task.main_container)
        settled = self._logs.settled(record, outcome, task, place) if outcome else Settled(record)
        record = settled.record
        written = self._store.write_task(record)
        if isinstance(written, LostRace):
            stands = written.record
            if decide(stands, task) is step:  # written meanwhile, with a token that this state lacks
                return self._write(task, step, stands, go_on, leaves_attempts=leaves_attempts)
            return self._carry_on(stands, task, step, go_on)
        # After the write: if two attempts are recorded at the same time, at least one sees the other.
        is_new, replaced = stored is None, Replaced()
        if is_new and not leaves_attempts:
            replaced = self._stop_attempts(self._store.tasks_of(record.run_id), Asking(go_on))
        done = Settlement(
            step,
            record,
            is_new=is_new,
            decided=outcome is not None,
            log_problem=settled.log_problem,
            stopped=replaced.stopped,
            withheld=len(replaced.withheld),
        )
        return self._finish(done, task, go_on)

    def _stop_attempts(self, tasks: Sequence[TaskRecord], asking: Asking) -> Replaced:
        """Stop the tasks of a run that a later one has replaced. Other machines may run several tasks on purpose.

        Tasks that were started twice come first: there are a few at most. Of the others there may be thousands.
        """
        ours = [each for each in tasks if self._is_whole_run_of_ours(each)]
        withheld: set[str] = set()

        def stop_replaced() -> int:
            return self._abandoned.replaced_attempts(tasks, asking, lambda each: withheld.add(each.task_id))

        try:
            twice = self._abandoned.started_twice(ours, asking)
        except PortError:
            stop_replaced()
            raise
        return Replaced(twice + stop_replaced(), frozenset(withheld))

    def _is_whole_run_of_ours(self, task: TaskRecord) -> bool:
        is_ours = self._state_machines.pattern_of_execution(task.execution_arn) is not None
        return is_ours and is_named(task.execution_arn, task.run_id)

    def _carry_on(self, stands: TaskRecord, task: EcsTask, step: Step, go_on: Callable[[], None]) -> Settlement:
        """Another call has written the record: finish its unfinished steps, and change nothing in the record."""
        late = outcome_of(task) if stands.outcome else None
        contradicted = late is not None and late != stands.outcome
        return self._finish(Settlement(step, stands, contradicted=contradicted), task, go_on)

    def _finish(self, settlement: Settlement, task: EcsTask | None, go_on: Callable[[], None] = always) -> Settlement:
        record = settlement.record
        # The run shows the outcome before its machine continues with it. So every later reader sees the outcome.
        run = self._show_if_readable(record)
        settlement = replace(settlement, unreadable_run=run is None)
        if run and task and not task.has_ended and _may_run(record):
            settlement = replace(settlement, stopped=settlement.stopped + self._stop_if_abandoned(record, run, go_on))
        settlement = self._told(settlement, task)
        if run:
            self._slot_of(run)
        return settlement

    def _slot_of(self, run: RunRecord) -> None:
        """Do what follows for the run's slot, if it takes one. It may have ended with this task."""
        if run.takes_slot:
            self._keep_slot(run)

    def _told(self, settlement: Settlement, task: EcsTask | None) -> Settlement:
        """Answer the token with the recorded outcome, unless that was done."""
        record = settlement.record
        outcome = record.outcome
        if outcome is None or not record.awaits_delivery:
            return settlement
        token = record.token or (task.token if task else None)
        try:
            delivery, refused = self._deliver(token, record, outcome) if token else (Delivery.NOT_NEEDED, False)
        except TokenKeyError:
            return replace(settlement, withheld=settlement.withheld + 1)
        self._store.mark_delivery(record, delivery)
        return replace(
            settlement,
            record=record.delivered(delivery),
            delivery=delivery,
            refused=refused,
        )

    def _show_if_readable(self, record: TaskRecord, *more: TaskRecord) -> RunRecord | None:
        """Return the run, or None if it cannot be read: its tasks are settled and stopped all the same."""
        try:
            return self._show(record, *more)
        except UnreadableRecordError:
            return None

    def _show(self, record: TaskRecord, *more: TaskRecord) -> RunRecord:
        def shown(run: RunRecord | None) -> RunRecord:
            return with_tasks(run, self._state_machines, record, *more)

        return fold_run(self._store, record.run_id, shown)

    def _stop_if_abandoned(self, record: TaskRecord, run: RunRecord, go_on: Callable[[], None]) -> int:
        """Stop a live task whose execution has ended, or of a run that is to stop, as far as the run shows."""
        execution = run.execution
        if run.stop_request and may_be_asked_to_stop(run, record):
            return self._abandoned.asked_to_stop(record, run.stop_request, go_on)
        if execution is None or execution.arn != record.execution_arn:
            return 0
        return self._abandoned.these(execution, (record,), go_on)

    def _deliver(self, token: str, record: TaskRecord, outcome: Outcome) -> tuple[Delivery, bool]:
        """Answer the token; returns the delivery, and whether an open token accepted no answer (fault F10).

        Raises TokenKeyError or CallbacksUnavailableError: the answer is still to be sent.
        """
        try:
            try:
                self._send(token, answer_of(record, outcome, self._prices))
            except AnswerRefusedError:
                self._send(token, smallest_answer_of(record, outcome))
        except tuple(NOT_ACCEPTED) as error:
            return NOT_ACCEPTED[type(error)], isinstance(error, AnswerRefusedError)
        return Delivery.DELIVERED, False

    def _send(self, token: str, answer: Answer) -> None:
        if isinstance(answer, Success):
            self._callbacks.send_success(token, answer.output)
        else:
            self._callbacks.send_failure(token, answer.error, answer.cause)


def _may_run(record: TaskRecord) -> bool:
    """Return whether a task may still be alive: it has no outcome, or Task.Lost."""
    return record.outcome is None or record.outcome.error is ErrorName.LOST
