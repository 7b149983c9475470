"""Start a run of a job. `prepare_run` reads the job again, so the run is of the job as it is then."""

from collections.abc import Mapping

from fargate_runs.jobs.job import StoredJob
from fargate_runs.ports.jobs import JobStore
from fargate_runs.runs.request import RunRequest
from fargate_runs.usecases.jobs.show import expect_job
from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
from fargate_runs.usecases.start_run import StartedRun, StartRun


class StartJobRun:
    """The use case."""

    def __init__(
        self, jobs: JobStore, of_jobs: RequestsOfJobs, start: StartRun, *, token_variables: tuple[str, ...]
    ) -> None:
        self._jobs = jobs
        self._of_jobs = of_jobs
        self._start = start
        self._token_variables = token_variables

    def __call__(self, name: str, given: Mapping[str, object], *, key: str | None = None) -> StartedRun:
        """Start a run of a job. `given` is a request to the API; its pattern is the job's unless it names one.

        Raises JobNotFoundError, UnreadableJobError, and whatever StartRun raises.
        """
        stored = expect_job(self._jobs, name)
        return self.start(self.request(stored, given), stored, key=key)

    def request(self, stored: StoredJob, given: Mapping[str, object]) -> RunRequest:
        """Return the request for a run of this job. Raises InvalidRunRequestError with every problem at once."""
        body = {"pattern": stored.job.pattern.value, **given, "job": stored.job.name}
        return RunRequest.from_mapping(body, token_variables=self._token_variables)

    def start(
        self, request: RunRequest, stored: StoredJob, *, key: str | None = None, run_id: str | None = None
    ) -> StartedRun:
        """Start a run that has been asked for. Raises whatever StartRun raises."""
        self._of_jobs.resolved(request, stored)
        return self._start(request, key=key, run_id=run_id)

    def again(self, request: RunRequest, rerun_of: str, *, key: str | None = None) -> StartedRun:
        """Start a run that repeats another one. Raises JobNotFoundError, and whatever StartRun raises."""
        self._of_jobs.resolved(request, expect_job(self._jobs, request.job or ""))
        return self._start(request, key=key, rerun_of=rerun_of)
