"""Read the job of a run, and resolve the run's request with it. A run of no job comes nowhere near this module."""

from datetime import datetime

from fargate_runs.jobs.job import StoredJob
from fargate_runs.jobs.merging import Resolved, expect_job, with_job
from fargate_runs.ports.jobs import JobStore
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.request import RunRequest


class RequestsOfJobs:
    """The use case."""

    def __init__(self, jobs: JobStore, definitions: AllowedDefinitions) -> None:
        self._jobs = jobs
        self._definitions = definitions

    def __call__(self, request: RunRequest, at: datetime | None) -> Resolved:
        """Return what the run of a job that began at this time really asks for. It is read again for every run.

        Raises InvalidRunRequestError, StoreUnavailableError or UnreadableJobError.
        """
        name = request.job or ""
        return self.resolved(request, expect_job(name, self._jobs.find_job(name), at))

    def resolved(self, request: RunRequest, stored: StoredJob) -> Resolved:
        """Return the same for a job that is at hand. The task definition is the job's own, or one that is allowed.

        Raises InvalidRunRequestError.
        """
        found = with_job(request, stored)
        if found.task_definition is None:
            self._definitions.check(found.request)
        else:
            self._definitions.check_size(found.request, found.size)
        return found
