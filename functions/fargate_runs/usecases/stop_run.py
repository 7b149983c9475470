"""Stop a run because its caller says so.

The request is recorded first, with its reason and who made it. An execution that goes on is stopped, and what it leaves
behind is stopped as after every abort (`stop_abandoned.py`). Where no execution goes on, its tasks are stopped here.

Of a request-response run nobody knows whether its execution still goes on: it succeeds as soon as it has started its
task. So its tasks are stopped here too, and a task that is not known yet is stopped when it is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fargate_runs.errors import RunHasEndedError, RunNotFoundError, RunNotRunningError
from fargate_runs.ports import Clock, Cluster, ExecutionStops, RunStore
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern, StateMachines
from fargate_runs.runs.abandoned import LONGEST_REASON, reason_of_request
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import is_attempt, with_tasks
from fargate_runs.runs.run_state import RunRecord, StopRequest
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.runs.run_verdict import RUN_STOPPED
from fargate_runs.usecases.folding import fold_run

NO_REASON: Final = "no reason was given"


@dataclass(frozen=True, slots=True)
class Stopping:
    """A run that is about to stop. Its end is recorded when its execution and its tasks have ended."""

    run_id: str
    status: RunStatus
    request: StopRequest

    def as_document(self) -> dict[str, object]:
        """Return the API's answer."""
        return {"runId": self.run_id, "status": self.status, "stopRequest": self.request.as_json()}


class StopRun:
    """The use case. Every call may be repeated: the first request stays on record."""

    def __init__(
        self,
        store: RunStore,
        executions: ExecutionStops,
        cluster: Cluster,
        clock: Clock,
        *,
        state_machines: StateMachines,
    ) -> None:
        self._store = store
        self._executions = executions
        self._cluster = cluster
        self._clock = clock
        self._state_machines = state_machines

    def __call__(self, run_id: str, *, reason: str | None, by: str) -> Stopping:
        """Stop a run.

        Raises RunNotFoundError, RunHasEndedError, RunNotRunningError, UnreadableRecordError, StoreUnavailableError,
        ExecutionsUnavailableError or ClusterUnavailableError. After the last three the call may be repeated.
        """
        run, tasks = self._load(run_id)
        if run.has_ended:
            raise RunHasEndedError(run_id, run.status)
        asked = StopRequest(_to_the_millisecond(self._clock.now()), by, reason or NO_REASON)
        request = self._record(run_id, asked, tasks)
        stops_execution = self._stop_execution(run, request)
        works_on = run.follows and run.pattern is Pattern.REQUEST_RESPONSE
        if works_on:
            _, tasks = self._load(run_id)  # a task that is recorded from now on sees the request
        if works_on or not stops_execution:
            live = [task for task in tasks if task.outcome is None]
            if not (live or stops_execution or (works_on and _has_succeeded(run))):
                raise RunNotRunningError(run_id)
            for task in live:
                self._cluster.stop(task.task_arn, reason_of_request(request)[:LONGEST_REASON])
        return Stopping(run_id, run.status, request)

    def _load(self, run_id: str) -> tuple[RunRecord, tuple[TaskRecord, ...]]:
        """The run and its attempts, together: a task may be written, and its run not yet."""
        tasks = self._store.tasks_of(run_id)
        run = self._store.find_run(run_id)
        if tasks:
            run = with_tasks(run, self._state_machines, *tasks)
        if run is None:
            raise RunNotFoundError(run_id)
        return run, tuple(task for task in tasks if is_attempt(run, task))

    def _record(self, run_id: str, asked: StopRequest, tasks: Sequence[TaskRecord]) -> StopRequest:
        def requested(stands: RunRecord | None) -> RunRecord:
            run = with_tasks(stands, self._state_machines, *tasks) if tasks else stands
            if run is None:
                raise RunNotFoundError(run_id)  # its start was refused, just now
            return run if run.stop_request else replace(run, stop_request=asked)

        return fold_run(self._store, run_id, requested).stop_request or asked

    def _stop_execution(self, run: RunRecord, request: StopRequest) -> bool:
        """Stop the execution of a run of ours, unless it is known to have ended. Returns False if there is none."""
        goes_on = run.follows and not (run.execution and run.execution.is_closed)
        stops, why = self._executions.stop, reason_of_request(request)
        return bool(goes_on and run.execution_arn and stops(run.execution_arn, RUN_STOPPED, why))


def _has_succeeded(run: RunRecord) -> bool:
    return run.execution is not None and run.execution.status is ExecutionStatus.SUCCEEDED


def _to_the_millisecond(moment: datetime) -> datetime:
    """As it is stored, so that what is answered is what is on record."""
    return lenient.time(lenient.iso(moment)) or moment
