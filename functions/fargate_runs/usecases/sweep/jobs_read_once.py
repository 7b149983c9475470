"""The jobs, for all parts of one sweep: the first part reads them, and the second one takes what was read."""

from collections.abc import Iterator, Sequence

from fargate_runs.jobs.job import StoredJob
from fargate_runs.ports.jobs import JobStore


class JobsReadOnce(JobStore):
    """A JobStore that keeps the list that it has read last, until somebody takes it."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._kept: Sequence[StoredJob] | None = None

    def find_job(self, name: str) -> StoredJob | None:
        """See JobStore."""
        return self._jobs.find_job(name)

    def all_jobs(self) -> Iterator[StoredJob]:
        """See JobStore. Reads them."""
        self._kept = None
        self._kept = tuple(self._jobs.all_jobs())
        return iter(self._kept)

    def taken(self) -> Sequence[StoredJob]:
        """Return what `all_jobs` has read, once. Reads the jobs if there is nothing. Raises StoreUnavailableError."""
        kept, self._kept = self._kept, None
        return tuple(self._jobs.all_jobs()) if kept is None else kept

    def write_job(self, stored: StoredJob) -> StoredJob | None:
        """See JobStore."""
        return self._jobs.write_job(stored)
