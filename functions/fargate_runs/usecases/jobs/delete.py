"""Delete a job: its schedules, its task definitions, and, if asked, its live runs.

The job is marked first. From then on nothing starts a run of it; the record stays for those that had begun before. A
deletion that a crash cut off goes on when it is asked for again.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Final

from fargate_runs.errors import (
    JobChangedError,
    JobHasLiveRunsError,
    JobNotFoundError,
    RunHasEndedError,
    RunNotFoundError,
    RunNotRunningError,
)
from fargate_runs.jobs.job import LiveRuns, StoredJob
from fargate_runs.ports import Clock, OpenRun, RunStore
from fargate_runs.ports.jobs import JobStore, JobTaskDefinitions
from fargate_runs.reading import lenient
from fargate_runs.usecases.jobs.schedules import PutTimers
from fargate_runs.usecases.stop_run import StopRun

MOST_STOPS: Final = 100  # of one call, which has half a minute
MOST_NAMED: Final = 5
REASON: Final = "its job was deleted"


class DeleteJob:
    """The use case."""

    def __init__(
        self,
        jobs: JobStore,
        definitions: JobTaskDefinitions,
        put_timers: PutTimers,
        runs: RunStore,
        stop_run: StopRun,
        clock: Clock,
        *,
        family: str,
    ) -> None:
        self._jobs = jobs
        self._definitions = definitions
        self._put_timers = put_timers
        self._runs = runs
        self._stop_run = stop_run
        self._clock = clock
        self._family = family

    def __call__(self, name: str, *, runs: LiveRuns | None, by: str) -> dict[str, object]:
        """Delete a job, or finish its deletion.

        `liveRuns` of the answer are the runs that still go on, `stoppedRuns` those that this call has stopped. If there
        are more than one call can stop, `isComplete` is false: ask again.

        Raises JobNotFoundError, JobHasLiveRunsError, JobChangedError, UnreadableJobError, and what StopRun, the tables,
        ECS and EventBridge Scheduler raise: the call may be repeated.
        """
        stored = self._jobs.find_job(name)
        if stored is None or (stored.is_deleted and not stored.are_schedules_pending):
            raise JobNotFoundError(name)
        if not stored.is_deleted:
            live = self._live(name)
            if live and runs is None:
                raise JobHasLiveRunsError(name, [each.run_id for each in live[:MOST_NAMED]], len(live))
            stored = self._mark(stored)
        return self._finish(stored, runs, by)

    def _mark(self, stored: StoredJob) -> StoredJob:
        now = self._clock.now()
        marked = replace(stored, deleted_at=now, updated_at=now, late_since=None, are_schedules_pending=True)
        if self._jobs.write_job(marked) is not None:
            raise JobChangedError(stored.job.name)
        return replace(marked, revision=marked.revision + 1)

    def _finish(self, stored: StoredJob, runs: LiveRuns | None, by: str) -> dict[str, object]:
        name = stored.job.name
        live = self._live(name)
        stopped: list[str] = []
        is_complete = True
        if runs is LiveRuns.STOP:
            to_stop = [each for each in live if not each.is_to_stop]
            stopped = self._stop(to_stop[:MOST_STOPS], by)
            is_complete = len(to_stop) <= MOST_STOPS
        if runs is LiveRuns.STOP or not live:
            # Runs that go on may still start a task of the job, after a failure, and need its task definition.
            self._definitions.deregister_all(f"{self._family}-{name}")
        if is_complete:
            stored = self._put_timers(stored)
        return {
            "name": name,
            "deletedAt": lenient.iso(stored.deleted_at),
            "stoppedRuns": stopped,
            "liveRuns": [each.run_id for each in live if each.run_id not in stopped],
            "isComplete": is_complete,
        }

    def _stop(self, live: list[OpenRun], by: str) -> list[str]:
        stopped = []
        for each in live:
            with suppress(RunNotFoundError, RunHasEndedError, RunNotRunningError):
                self._stop_run(each.run_id, reason=REASON, by=by)
                stopped.append(each.run_id)
        return stopped

    def _live(self, name: str) -> list[OpenRun]:
        return [each for each in self._runs.open_items() if isinstance(each, OpenRun) and each.job == name]
