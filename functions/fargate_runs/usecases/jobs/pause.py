"""Pause and resume a job: its schedules start nothing while it is paused, and nothing is caught up.

The timers stay. What they call looks at the job, so a pause holds from the moment at which it is written.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fargate_runs.answers.job_answer import job_answer
from fargate_runs.errors import JobNotFoundError
from fargate_runs.jobs.job import StoredJob
from fargate_runs.ports import Clock, StoreUnavailableError
from fargate_runs.ports.jobs import JobStore
from fargate_runs.usecases.jobs.show import expect_job

MOST_TRIES: Final = 8


class PauseJob:
    """Both use cases. Doing either twice is the same as once."""

    def __init__(self, jobs: JobStore, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    def pause(self, name: str) -> dict[str, object]:
        """Pause a job and return its document. An alarm for a missing success ends.

        Raises JobNotFoundError, UnreadableJobError or StoreUnavailableError.
        """
        now = self._clock.now()
        return self._change(name, lambda job: job if job.is_paused else replace(job, paused_at=now, late_since=None))

    def resume(self, name: str) -> dict[str, object]:
        """Resume a job and return its document. Raises as `pause` does."""
        now = self._clock.now()
        return self._change(name, lambda job: replace(job, paused_at=None, resumed_at=now) if job.is_paused else job)

    def _change(self, name: str, change: Callable[[StoredJob], StoredJob]) -> dict[str, object]:
        stands = expect_job(self._jobs, name)
        for _ in range(MOST_TRIES):
            new = change(stands)
            if new is stands:
                return job_answer(stands, self._clock.now())
            conflicting = self._jobs.write_job(new)
            if conflicting is None:
                return job_answer(new, self._clock.now())
            if conflicting.is_deleted:
                raise JobNotFoundError(name)
            stands = conflicting
        raise StoreUnavailableError("the job is written by too many at once")
