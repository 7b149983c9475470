"""The REST API: start a run, ask for one. Whatever goes wrong is an error of `cli.errors` that says what to do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

import requests

from cli.documents import Run, StartedRun
from cli.errors import ApiError, BadInputError, RunNotFoundError, refused
from cli.signing import SignedCall
from cli.text import clean

if TYPE_CHECKING:
    from cli.target import Target

Document = Mapping[str, object]
Read = TypeVar("Read")

TIMEOUTS_SECONDS = (5, 30)  # to connect, to answer
RETRY_PAUSES_SECONDS = (0.2, 0.5, 1.0)
_WORTH_ASKING_AGAIN = frozenset({429, 500, 502, 503, 504})
# The characters of an execution's name, and the colon before the index of a fan-out's item.
_RUN_ID = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,120}")
_ACCEPTED = frozenset({200, 202})


class ApiClient:
    """The runs of one target."""

    def __init__(self, target: Target, *, sleep: Callable[[float], None]) -> None:
        self._target = target
        self._sleep = sleep
        self._session = requests.Session()
        self._session.auth = SignedCall(target.credentials(), target.region)
        self._session.trust_env = target.endpoint is None  # no proxy between this machine and itself

    def start_run(self, body: Document) -> Document:
        """POST /runs. Never retried: a call whose answer was lost may have started a run."""
        return self._document(self._call("POST", "/runs", body))

    def get_run(self, run_id: str) -> Document:
        """GET /runs/{runId}, asked again when the API has no time or cannot be reached.

        Raises RunNotFoundError for an id that it does not know, and BadInputError for what can be none.
        """
        if not _RUN_ID.fullmatch(run_id) or set(run_id) == {"."}:
            raise BadInputError(f"{clean(run_id)!r} is not a run id: they look like 20250131T093000-1a2b3c4d.")
        answer = self._ask(f"/runs/{quote(run_id, safe='')}")
        if answer.status_code == requests.codes.not_found:
            raise RunNotFoundError(f"There is no run {clean(run_id)} in {self._target.label}.")
        return self._document(answer)

    def _ask(self, path: str) -> requests.Response:
        for pause in RETRY_PAUSES_SECONDS:
            with contextlib.suppress(ApiError):
                answer = self._call("GET", path)
                if answer.status_code not in _WORTH_ASKING_AGAIN:
                    return answer
            self._sleep(pause)
        return self._call("GET", path)

    def _call(self, method: str, path: str, body: Document | None = None) -> requests.Response:
        try:
            return self._session.request(
                method, self._target.api_url + path, json=body, timeout=TIMEOUTS_SECONDS, allow_redirects=False
            )
        except requests.Timeout as error:
            raise ApiError(f"The API of {self._target.label} did not answer in time ({self._host}).") from error
        except requests.ConnectionError as error:
            raise ApiError(self._unreachable()) from error
        except requests.RequestException as error:
            raise ApiError(f"Cannot call the API of {self._target.label}: {error}") from error

    def _document(self, answer: requests.Response) -> Document:
        document = _json_object(answer)
        if answer.status_code in _ACCEPTED:
            if document is None:
                raise ApiError(f"{self._host} answered with something that is not a run: is it this application's API?")
            return document
        explain = _REFUSALS.get(answer.status_code, _failed)
        raise explain(answer.status_code, document or {})

    @property
    def _host(self) -> str:
        return urlsplit(self._target.api_url).netloc

    def _unreachable(self) -> str:
        way_out = "look with `runs local status`" if self._target.endpoint else "check your network and --region"
        return f"Nothing answers at {self._host}, the API of {self._target.label}: {way_out}."


def started_of(document: Document) -> StartedRun:
    """What was started. Raises ApiError when the answer names no run."""
    return _read(StartedRun.from_document, document)


def run_of(document: Document) -> Run:
    """The run as data. Raises ApiError when the answer is no run."""
    return _read(Run.from_document, document)


def _read(reader: Callable[[Document], Read], document: Document) -> Read:
    try:
        return reader(document)
    except KeyError as error:
        raise ApiError(f"The API's answer is not a run, it has no {error}: is it this application's API?") from error


def _json_object(answer: requests.Response) -> dict[str, object] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _message(document: Document) -> str:
    # API Gateway itself writes `message` or `Message`, the function behind it problem details (RFC 9457).
    found = document.get("detail") or document.get("message") or document.get("Message") or "no message"
    return clean(str(found))


def _bad_request(_status: int, document: Document) -> ApiError | BadInputError:
    problems = document.get("problems")
    found = [_problem(each) for each in problems] if isinstance(problems, list) else []
    return refused(found or [_message(document)])


def _problem(problem: object) -> str:
    if not isinstance(problem, Mapping):
        return clean(str(problem))
    field, detail = problem.get("field"), clean(str(problem.get("detail", "")))
    return f"{clean(str(field))}: {detail}" if field else detail


def _forbidden(status: int, document: Document) -> ApiError:
    return ApiError(
        f"The API refused these credentials (HTTP {status}: {_message(document)}). "
        "The caller needs execute-api:Invoke on this API; check --profile and --region, or sign in again."
    )


def _failed(status: int, document: Document) -> ApiError:
    return ApiError(f"The API failed (HTTP {status}: {_message(document)}). Its function's log says why.")


_REFUSALS: Mapping[int, Callable[[int, Document], ApiError | BadInputError]] = {
    400: _bad_request,
    401: _forbidden,
    403: _forbidden,
}
