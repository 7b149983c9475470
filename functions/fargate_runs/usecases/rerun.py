"""Run a run again: a new run with the same input, environment values included.

Only Step Functions has these values, in the input of the execution, and only as long as it keeps the execution: 90 days
after its end (fact B32). The records have the names of the variables alone.
"""

import json

from fargate_runs.errors import (
    InvalidRunRequestError,
    RunInputForgottenError,
    RunNotFoundError,
    RunNotRepeatableError,
)
from fargate_runs.ports import ExecutionInputs, RunStore
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import RunRequest
from fargate_runs.usecases.start_run import StartedRun, StartRun


class RerunRun:
    """The use case."""

    def __init__(
        self, store: RunStore, inputs: ExecutionInputs, start: StartRun, *, token_variables: tuple[str, ...]
    ) -> None:
        self._store = store
        self._inputs = inputs
        self._start = start
        self._token_variables = token_variables

    def __call__(self, run_id: str, *, key: str | None = None) -> StartedRun:
        """Start a run with the input of this one. The new run says which one it repeats.

        Raises RunNotFoundError, RunNotRepeatableError, RunInputForgottenError, ExecutionsUnavailableError, and whatever
        StartRun raises.
        """
        run = self._store.find_run(run_id)
        if run is None:
            raise RunNotFoundError(run_id)
        if not run.follows or run.pattern is None or run.execution_arn is None:
            raise RunNotRepeatableError(run_id, "it is no execution of this stack's machines")
        given = self._inputs.input_of(run.execution_arn)
        if given is None:
            raise RunInputForgottenError(run_id)
        return self._start(self._request(run_id, given, run.pattern), key=key, rerun_of=run_id)

    def _request(self, run_id: str, given: str, pattern: Pattern) -> RunRequest:
        """The request of an execution's input. The rules may have changed since, and so may the stack's own names."""
        try:
            return RunRequest.from_input(json.loads(given), pattern, token_variables=self._token_variables)
        except ValueError:
            raise RunNotRepeatableError(run_id, "its input is no JSON") from None
        except InvalidRunRequestError as error:
            raise RunNotRepeatableError(run_id, f"its input is refused: {error.cut()}") from None
