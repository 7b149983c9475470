"""Note how an execution stands on its run, and stop what it left behind when it ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fargate_runs.ports import OpenTask, RunStore, UnreadableRecordError
from fargate_runs.reading.execution import Execution, is_child
from fargate_runs.reading.patterns import Pattern, StateMachines
from fargate_runs.runs.run_state import RunRecord, with_execution, with_tasks
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.stop_abandoned import StopAbandoned, always


@dataclass(frozen=True, slots=True)
class ExecutionNoted:
    """What was done: `run` is None for an execution that is no run of ours; `stopped` counts StopTask calls.

    `unreadable_run` says that the run's own record cannot be read, so that it shows nothing of this.
    """

    run: RunRecord | None
    stopped: int
    unreadable_run: bool = False


class RecordExecutionState:
    """The use case. An execution may come from an event or from Step Functions itself: the same has the same effect."""

    def __init__(self, store: RunStore, abandoned: StopAbandoned, *, state_machines: StateMachines) -> None:
        self._store = store
        self._abandoned = abandoned
        self._state_machines = state_machines

    def __call__(
        self, execution: Execution, seen_open: Iterable[OpenTask] = (), go_on: Callable[[], None] = always
    ) -> ExecutionNoted:
        """Take in one state of an execution. `seen_open` and `go_on` are a sweep's (see StopAbandoned.of_execution).

        Raises StoreUnavailableError, ExecutionsUnavailableError or ClusterUnavailableError: the same call made again
        goes on from what stands.
        """
        pattern = self._state_machines.pattern_of_execution(execution.arn)
        run, unreadable = None, False
        if pattern and not is_child(execution.arn):
            try:
                run = self._noted(execution, pattern)
            except UnreadableRecordError:
                unreadable = True  # what the execution left behind is stopped all the same
        return ExecutionNoted(run, self._abandoned.of_execution(execution, seen_open, go_on), unreadable)

    def _noted(self, execution: Execution, pattern: Pattern) -> RunRecord:
        def noted(stands: RunRecord | None) -> RunRecord:
            run = with_execution(stands, execution, pattern)
            may_lack_its_task = run.task is None or execution.redrive_count > 0
            return self._with_its_tasks(run) if execution.is_closed and may_lack_its_task else run

        return fold_run(self._store, execution.name, noted)

    def _with_its_tasks(self, run: RunRecord) -> RunRecord:
        """A task that was recorded before this was known may have looked like none of its attempts.

        In the same write: a run that has ended is not open any more, so that nobody would come back to it.
        """
        tasks = self._store.tasks_of(run.run_id)
        return with_tasks(run, self._state_machines, *tasks) if tasks else run
