"""Bring EventBridge Scheduler to what a job says.

Each put and each removal may be repeated. The job's item names the timers that there may be, and each write of it names
the revision that it replaces. Who loses that race looks again: so the last one to touch the timers leaves them as the
job says.
"""

from dataclasses import replace
from typing import Final

from fargate_runs.jobs.job import StoredJob
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.ports.jobs import JobStore, Timer, Timers

MOST_TRIES: Final = 5


class PutTimers:
    """The use case."""

    def __init__(self, jobs: JobStore, timers: Timers) -> None:
        self._jobs = jobs
        self._timers = timers

    def __call__(self, stored: StoredJob) -> StoredJob:
        """Bring the timers of a job to its schedules, and return the job as it stands then.

        `stored` is as it is in the table. Raises TimersUnavailableError, TimerRefusedError or StoreUnavailableError:
        the job then still says that its schedules are pending.
        """
        touched: set[str] = set()
        for _ in range(MOST_TRIES):
            touched |= self._bring(stored, touched)
            done = replace(stored, are_schedules_pending=False, timers=wanted_timers(stored))
            stands = self._jobs.write_job(done)
            if stands is None:
                return replace(done, revision=stored.revision + 1)
            stored = stands
        raise StoreUnavailableError("the job is written by too many at once")

    def _bring(self, stored: StoredJob, touched: set[str]) -> set[str]:
        """Put what the job says and remove the rest of what there may be. Returns the names that were put."""
        name, wanted = stored.job.name, wanted_timers(stored)
        for each in stored.job.schedules:
            if each.name in wanted:
                self._timers.put(Timer(name, each.name, each.expression, each.time_zone, each.is_enabled))
        for schedule in sorted({*stored.timers, *touched} - {*wanted}):
            self._timers.remove(name, schedule)
        return {*wanted}


def wanted_timers(stored: StoredJob) -> tuple[str, ...]:
    """The names of the timers that a job needs: none if it is deleted."""
    return () if stored.is_deleted else tuple(sorted(each.name for each in stored.job.schedules))
