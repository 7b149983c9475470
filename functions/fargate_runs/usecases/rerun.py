"""Run a run again: a new run with the same input, environment values included.

Only Step Functions has these values, in the input of the execution, and only as long as it keeps the execution: 90 days
after its end (fact B32). The records have the names of the variables alone.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from fargate_runs.errors import (
    InvalidRunRequestError,
    JobNotFoundError,
    RunInputForgottenError,
    RunNotFoundError,
    RunNotRepeatableError,
)
from fargate_runs.ports import ExecutionInputs, RunStore
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import RunRequest
from fargate_runs.usecases.start_run import StartedRun, StartRun

if TYPE_CHECKING:
    from fargate_runs.usecases.jobs.start import StartJobRun


def _by_hand(request: RunRequest) -> RunRequest:
    """The same run of a job, but no schedule is due now, and nobody has said that it may go above the limit."""
    return replace(request, schedule=None, scheduled_time=None, is_forced=False)


class RerunRun:
    """The use case."""

    def __init__(
        self,
        store: RunStore,
        inputs: ExecutionInputs,
        start: StartRun,
        start_of_job: "StartJobRun",
        *,
        token_variables: tuple[str, ...],
    ) -> None:
        self._store = store
        self._inputs = inputs
        self._start = start
        self._start_of_job = start_of_job
        self._token_variables = token_variables

    def __call__(self, run_id: str, *, key: str | None = None) -> StartedRun:
        """Start a run with the input of this one. The new run says which one it repeats.

        Raises RunNotFoundError, RunNotRepeatableError, RunInputForgottenError, ExecutionsUnavailableError, and whatever
        StartRun raises. A run of a job is one of the job as it is now.
        """
        run = self._store.find_run(run_id)
        if run is None:
            raise RunNotFoundError(run_id)
        if not run.follows or run.pattern is None or run.execution_arn is None:
            raise RunNotRepeatableError(run_id, "it is no execution of this stack's machines")
        given = self._inputs.input_of(run.execution_arn)
        if given is None:
            raise RunInputForgottenError(run_id)
        request = self._request(run_id, given, run.pattern)
        if request.job is None:
            return self._start(request, key=key, rerun_of=run_id)
        try:
            return self._start_of_job.again(_by_hand(request), run_id, key=key)
        except JobNotFoundError:
            raise RunNotRepeatableError(run_id, f"its job {request.job} is deleted") from None

    def _request(self, run_id: str, given: str, pattern: Pattern) -> RunRequest:
        """The request of an execution's input. The rules may have changed since, and so may the stack's own names."""
        try:
            return RunRequest.from_input(json.loads(given), pattern, token_variables=self._token_variables)
        except ValueError:
            raise RunNotRepeatableError(run_id, "its input is no JSON") from None
        except InvalidRunRequestError as error:
            raise RunNotRepeatableError(run_id, f"its input is refused: {error.cut()}") from None
