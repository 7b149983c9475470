"""The routes of the REST API, as one table.

The function answers them (`handler.py`), the template lists them (a test compares), and `tools/openapi` makes
`docs/openapi.json` of them. Names of documents are those of `tools/openapi/schemas.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.parameters import Parameter
from fargate_runs import errors, ports

Errors = tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `answers` has the name of a document for each status, `errors` all that it may raise."""

    operation: str
    method: str
    path: str
    summary: str
    answers: Mapping[int, str]
    errors: Errors
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None

    @property
    def rule(self) -> str:
        """The path as Powertools writes it."""
        return self.path.replace("{", "<").replace("}", ">")


_STORED: Final[Errors] = (ports.StoreUnavailableError, ports.UnreadableRecordError)
_OF_A_RUN: Final[Errors] = (errors.InvalidParametersError, errors.RunNotFoundError, *_STORED)
_STARTING: Final[Errors] = (
    errors.InvalidParametersError,
    errors.InvalidRunRequestError,
    errors.RunAlreadyExistsError,
    errors.RunThrottledError,
    errors.RunNotStartedError,
    errors.RunStartUnknownError,
    *_STORED,
)

ROUTES: Final = (
    Route("startRun", "POST", "/runs", "Start a run.", {202: "StartedRun"}, _STARTING, body="RunRequest"),
    Route("getRun", "GET", "/runs/{runId}", "Show a run.", {200: "Run"}, _OF_A_RUN),
)
