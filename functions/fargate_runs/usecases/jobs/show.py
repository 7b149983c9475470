"""Show a job, and list them."""

from fargate_runs.answers.job_answer import job_answer, job_row
from fargate_runs.errors import JobNotFoundError
from fargate_runs.jobs.job import StoredJob
from fargate_runs.ports import Clock
from fargate_runs.ports.jobs import JobStore


def expect_job(jobs: JobStore, name: str) -> StoredJob:
    """Return a job that is not deleted.

    Raises JobNotFoundError, UnreadableJobError or StoreUnavailableError.
    """
    stored = jobs.find_job(name)
    if stored is None or stored.is_deleted:
        raise JobNotFoundError(name)
    return stored


class ShowJob:
    """The use case."""

    def __init__(self, jobs: JobStore, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    def __call__(self, name: str) -> dict[str, object]:
        """Return the document of a job. Raises as `expect_job` does."""
        return job_answer(expect_job(self._jobs, name), self._clock.now())


class ListJobs:
    """The use case."""

    def __init__(self, jobs: JobStore, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    def __call__(self, project: str | None = None) -> dict[str, object]:
        """Return the readable jobs by name, of one project or of all. Raises StoreUnavailableError."""
        now = self._clock.now()
        jobs = (each for each in self._jobs.all_jobs() if not each.is_deleted)
        return {"jobs": [job_row(each, now) for each in jobs if project in {None, each.job.project}]}
