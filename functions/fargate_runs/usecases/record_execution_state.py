"""Record the state of an execution on its run. If it has ended, stop the tasks that it has abandoned."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fargate_runs.ports import OpenTask, RunStore, UnreadableRecordError
from fargate_runs.reading.execution import Execution, is_child
from fargate_runs.reading.patterns import Pattern, StateMachines
from fargate_runs.runs.run_folding import with_execution, with_tasks
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.folding import fold_run, no_slot
from fargate_runs.usecases.stop_abandoned import StopAbandoned, always


@dataclass(frozen=True, slots=True)
class ExecutionNoted:
    """The result. `run` is None if the execution is no run of ours. `stopped` is the number of StopTask calls.

    `unreadable_run`: the run's own record cannot be read, so the run does not show the execution.
    """

    run: RunRecord | None
    stopped: int
    unreadable_run: bool = False


class RecordExecutionState:
    """The use case. An execution comes from an event or from Step Functions. The same state has the same effect."""

    def __init__(
        self,
        store: RunStore,
        abandoned: StopAbandoned,
        *,
        state_machines: StateMachines,
        keep_slot: Callable[[RunRecord], object] = no_slot,
    ) -> None:
        self._store = store
        self._abandoned = abandoned
        self._state_machines = state_machines
        self._keep_slot = keep_slot

    def __call__(
        self, execution: Execution, seen_open: Iterable[OpenTask] = (), go_on: Callable[[], None] = always
    ) -> ExecutionNoted:
        """Handle one state of an execution. A sweep sets `seen_open` and `go_on` (see StopAbandoned.of_execution).

        Raises StoreUnavailableError, UnreadableJobError, ExecutionsUnavailableError or ClusterUnavailableError. A
        repeated call continues from the record.
        """
        pattern = self._state_machines.pattern_of_execution(execution.arn)
        run, unreadable = None, False
        if pattern and not is_child(execution.arn):
            try:
                run = self._noted(execution, pattern)
            except UnreadableRecordError:
                unreadable = True  # the abandoned tasks are stopped all the same
        stopped = self._abandoned.of_execution(execution, seen_open, go_on)
        if run:
            self.slots(run)
        return ExecutionNoted(run, stopped, unreadable)

    def slots(self, run: RunRecord) -> None:
        """Do what follows for the slot of a run that has just been written, if it takes one."""
        if run.takes_slot:
            self._keep_slot(run)

    def _noted(self, execution: Execution, pattern: Pattern) -> RunRecord:
        def noted(stands: RunRecord | None) -> RunRecord:
            run = with_execution(stands, execution, pattern)
            may_lack_its_task = run.task is None or execution.redrive_count > 0
            return self._with_its_tasks(run) if execution.is_closed and may_lack_its_task else run

        return fold_run(self._store, execution.name, noted)

    def _with_its_tasks(self, run: RunRecord) -> RunRecord:
        """Add tasks that did not look like attempts of the run before this state was known.

        It is the same write: a run that has ended is no longer open, so no sweep would return to it.
        """
        tasks = self._store.tasks_of(run.run_id)
        return with_tasks(run, self._state_machines, *tasks) if tasks else run
