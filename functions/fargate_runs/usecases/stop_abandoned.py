"""Stop the abandoned tasks (`runs/abandoned.py`): those that their execution does not wait for any more.

A recorded state of an execution may be old: the execution may have been redriven since. So tasks are read first, and
the execution is described then. If it is closed after a task was read, it does not want that task any more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fargate_runs.ports import (
    CallbacksUnavailableError,
    Clock,
    Cluster,
    ClusterUnavailableError,
    ExecutionNotShownError,
    ExecutionStates,
    ExecutionsUnavailableError,
    OpenTask,
    RunStore,
    TokenCallbacks,
    TokenKeyError,
    UnreadableRecordError,
)
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.runs.abandoned import (
    LONGEST_REASON,
    is_asked_to_stop,
    is_to_be_stopped,
    may_be_of_a_redrive,
    may_be_replaced,
    reason_of_end,
    reason_of_request,
    reason_of_retry,
    reason_of_second_start,
    started_twice,
)
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_state import StopRequest


class EnoughForNowError(Exception):
    """Raised by a `go_on`: the call stops no more tasks, and returns normally. The sweep stops the others."""


def always() -> None:
    """Continue without a limit. A sweep checks its turn instead, and a handler the time that is left."""


def _nobody_counts(_task: TaskRecord) -> None:
    """Ignore a token whose KMS key we may not use."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Selects the tasks to check and stop: those that are due, in their given order.

    `go_on` is called before each. The sweep has a subclass, which remembers the checked tasks and its place.
    """

    go_on: Callable[[], None] = always
    is_due: Callable[[TaskRecord], bool] = lambda _task: True

    def due(self, tasks: Iterable[TaskRecord]) -> Iterable[TaskRecord]:
        """Return the tasks to check."""
        return filter(self.is_due, tasks)

    def begin(self, _task: TaskRecord) -> None:
        """Called before a task is checked. Raises every error of `go_on`."""
        self.go_on()

    def end(self, task: TaskRecord) -> None:
        """Called after a task was checked, and stopped if necessary. Not called after an error."""


ALL: Final = Asking()


class StopAbandoned:
    """The use case. Every call may be repeated: StopTask of a stopped task changes nothing."""

    def __init__(
        self, store: RunStore, executions: ExecutionStates, callbacks: TokenCallbacks, cluster: Cluster, clock: Clock
    ) -> None:
        self._store = store
        self._executions = executions
        self._callbacks = callbacks
        self._cluster = cluster
        self._clock = clock

    def of_execution(
        self, execution: Execution, seen_open: Iterable[OpenTask] = (), go_on: Callable[[], None] = always
    ) -> int:
        """Stop the tasks that an ended execution has abandoned; returns how many.

        `seen_open` has its tasks from another index. Each index lags on its own, so it is enough if one of them shows a
        task. `go_on` is called before each call that stops a task, here and below. A task whose record cannot be read
        is left alone. The caller that has seen it open counts it.

        Raises StoreUnavailableError, ExecutionsUnavailableError or ClusterUnavailableError, and every error of `go_on`.
        """
        if not execution.is_closed:
            return 0
        live = self._store.live_tasks(execution.arn)
        return self.these(execution, [*live, *self._read(seen_open, live, go_on)], go_on)

    def _read(
        self, seen_open: Iterable[OpenTask], live: Sequence[TaskRecord], go_on: Callable[[], None]
    ) -> Iterator[TaskRecord]:
        """Yield the current records of tasks that were seen open and are not in `live`."""
        known = {each.task_arn for each in live}
        for each in seen_open:
            if each.task_arn not in known:
                go_on()
                with suppress(UnreadableRecordError):
                    stands = self._store.find_task(each.run_id, each.task_id)
                    if stands and stands.outcome is None:
                        yield stands

    def these(self, execution: Execution, live: Sequence[TaskRecord], go_on: Callable[[], None] = always) -> int:
        """The same for tasks of the execution that were read already."""
        if not self._some(execution, live):
            return 0
        now_so = self._as_it_is(execution.arn)
        if now_so is None:
            return 0
        return self._stop(self._some(now_so, live), lambda _each: reason_of_end(now_so), Asking(go_on))

    def asked_to_stop(self, task: TaskRecord, request: StopRequest, go_on: Callable[[], None] = always) -> int:
        """Stop a live task of a run that somebody asked to stop, unless the run was redriven since; returns how many.

        Raises ExecutionsUnavailableError or ClusterUnavailableError, and every error of `go_on`.
        """
        execution = self._as_it_is(task.execution_arn) if task.execution_arn else None
        if execution is None or not is_asked_to_stop(execution):
            return 0
        return self._stop([task], lambda _each: reason_of_request(request)[:LONGEST_REASON], Asking(go_on))

    def replaced_attempts(
        self,
        tasks: Sequence[TaskRecord],
        asking: Asking = ALL,
        withheld: Callable[[TaskRecord], None] = _nobody_counts,
    ) -> int:
        """Stop the replaced attempts of one run; returns how many.

        `withheld` gets the attempts whose token has a KMS key that we may not use: we cannot tell whether they were
        replaced.

        Raises CallbacksUnavailableError or ClusterUnavailableError, after all other attempts were checked, and every
        error of `asking`.
        """
        return self._stop(asking.due(may_be_replaced(tasks)), reason_of_retry, asking, self._is_replaced, withheld)

    def _is_replaced(self, task: TaskRecord) -> bool:
        return task.token is not None and self._callbacks.is_closed(task.token)

    def started_twice(self, tasks: Sequence[TaskRecord], asking: Asking = ALL) -> int:
        """Stop tasks of our own machines whose attempt was started once more; returns how many.

        Raises ExecutionsUnavailableError or ClusterUnavailableError, after the tasks of all other executions.
        """
        stopped = 0
        failed: ExecutionsUnavailableError | ClusterUnavailableError | None = None
        for arn in sorted({each.execution_arn for each in tasks if each.execution_arn}):
            try:
                stopped += self._started_twice(arn, tasks, asking)
            except (ExecutionsUnavailableError, ClusterUnavailableError) as error:
                failed = failed or error
        if failed:
            raise failed
        return stopped

    def _started_twice(self, arn: str, tasks: Sequence[TaskRecord], asking: Asking) -> int:
        """The same for the tasks of one execution."""
        as_far_as_is_known = Execution(arn, ExecutionStatus.RUNNING)
        due = tuple(asking.due(started_twice(tasks, as_far_as_is_known)))
        execution = self._as_it_is(arn) if due else None
        if execution is None:
            return 0
        twice = {each.task_arn for each in started_twice(tasks, execution)}
        return self._stop([each for each in due if each.task_arn in twice], reason_of_second_start, asking)

    def _as_it_is(self, execution_arn: str) -> Execution | None:
        """Return the current execution, or None if it is not shown: its tasks stay, and the sweep counts it."""
        try:
            return self._executions.describe(execution_arn)
        except ExecutionNotShownError:
            return None

    def _stop(
        self,
        tasks: Iterable[TaskRecord],
        why: Callable[[TaskRecord], str],
        asking: Asking,
        is_so: Callable[[TaskRecord], bool] = lambda _each: True,
        withheld: Callable[[TaskRecord], None] = _nobody_counts,
    ) -> int:
        """Stop the tasks for which `is_so` is true; returns how many.

        An error of one task holds up none of the others: the first error is raised after them. If `asking` raises
        EnoughForNowError, the sweep stops the others.
        """
        stopped: int = 0
        failed: CallbacksUnavailableError | ClusterUnavailableError | None = None
        for each in tasks:
            try:
                asking.begin(each)
            except EnoughForNowError:
                break
            try:
                if is_so(each):
                    self._cluster.stop(each.task_arn, why(each))
                    stopped += 1
                asking.end(each)
            except TokenKeyError:
                withheld(each)
            except (CallbacksUnavailableError, ClusterUnavailableError) as error:
                failed = failed or error
        if failed:
            raise failed
        return stopped

    def _some(self, execution: Execution, live: Sequence[TaskRecord]) -> Sequence[TaskRecord]:
        now = self._clock.now()
        return [
            each
            for each in live
            if is_to_be_stopped(each.pattern, execution, now)
            and not may_be_of_a_redrive(each.created_at, execution, now)
        ]
