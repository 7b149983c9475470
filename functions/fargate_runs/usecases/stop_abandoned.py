"""Stop the tasks that nobody waits for any more. Which those are is decided in `orphans.py`.

What is known of an execution may be old: it may have been redriven since. So tasks are read first and Step Functions is
asked then: what it calls closed after a task was read cannot be what started that task anew.
"""

from collections.abc import Callable, Sequence

from fargate_runs.execution import Execution
from fargate_runs.orphans import is_to_be_stopped, may_be_given_up, reason_of_end, reason_of_retry
from fargate_runs.ports import Clock, Cluster, Executions, RunStore, TokenCallbacks
from fargate_runs.record import TaskRecord


class StopAbandoned:
    """The use case. All of it may be done again: StopTask of a stopped task changes nothing."""

    def __init__(
        self, store: RunStore, executions: Executions, callbacks: TokenCallbacks, cluster: Cluster, clock: Clock
    ) -> None:
        self._store = store
        self._executions = executions
        self._callbacks = callbacks
        self._cluster = cluster
        self._clock = clock

    def of_execution(self, execution: Execution) -> int:
        """Stop what an execution that has ended left behind; gives how many.

        Raises StoreUnavailableError, ExecutionsUnavailableError or ClusterUnavailableError.
        """
        return self.these(execution, self._store.live_tasks(execution.arn)) if execution.is_closed else 0

    def these(self, execution: Execution, live: Sequence[TaskRecord]) -> int:
        """The same for tasks of it that were read already."""
        if not self._some(execution, live):
            return 0
        now_so = self._executions.describe(execution.arn)
        stopped = self._some(now_so, live) if now_so else ()
        for each in stopped:
            self._cluster.stop(each.task_arn, reason_of_end(now_so or execution))
        return len(stopped)

    def attempts_given_up(
        self, tasks: Sequence[TaskRecord], is_due: Callable[[TaskRecord], bool] = lambda _each: True
    ) -> int:
        """Stop attempts of one run that a retry gave up on; gives how many. Only those that are due are asked for.

        Raises CallbacksUnavailableError or ClusterUnavailableError.
        """
        due = filter(is_due, may_be_given_up(tasks))
        given_up = [each for each in due if each.token and self._callbacks.is_closed(each.token)]
        for each in given_up:
            self._cluster.stop(each.task_arn, reason_of_retry(each))
        return len(given_up)

    def _some(self, execution: Execution, live: Sequence[TaskRecord]) -> Sequence[TaskRecord]:
        now = self._clock.now()
        return [each for each in live if is_to_be_stopped(each.pattern, execution, now)]
