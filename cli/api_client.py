"""The REST API. Whatever goes wrong is an error of `cli.errors` that says what to do."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import requests

from cli.documents import Run, StartedRun
from cli.errors import ApiError, BadInputError, NoAnswerError, RunNotFoundError
from cli.problems import FOR_NOW, error_of
from cli.signing import SignedCall
from cli.text import clean

if TYPE_CHECKING:
    from cli.target import Target

Document = Mapping[str, object]
Query = Mapping[str, str | int]
Read = TypeVar("Read")

TIMEOUTS_SECONDS = (5, 30)  # to connect, to answer
RETRY_PAUSES_SECONDS = (0.2, 0.5, 1.0)
START_PAUSES_SECONDS = (0.5, 1.5, 4.0)  # Step Functions' throttle of starts takes some seconds to let through again
KEY_HEADER = "Idempotency-Key"
# The characters of an execution's name, and the colon before the index of a fan-out's item.
_RUN_ID = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,120}")
_ACCEPTED = frozenset({200, 202})
_WRONG_REQUEST = "The request is wrong:"


class ApiClient:
    """The runs of one target. Every method raises an error of `cli.errors` when the API refuses or does not answer."""

    def __init__(self, target: Target, *, sleep: Callable[[float], None]) -> None:
        self._target = target
        self._sleep = sleep
        self._session = requests.Session()
        self._session.auth = SignedCall(target.credentials(), target.region)
        self._session.trust_env = target.endpoint is None  # no proxy between this machine and itself

    def start_run(self, body: Document, key: str | None = None) -> Document:
        """POST /runs, safe to repeat: the same `key` is the same run. Without one, a key is made for this call."""
        answer = self._start("/runs", body, key)
        return self._document(answer, "The run was not started, the request is wrong:")

    def get_run(self, run_id: str) -> Document:
        """GET /runs/{runId}.

        Raises RunNotFoundError for an id that it does not know, and BadInputError for what can be none.
        """
        return self._of_a_run(self._ask("GET", _path(run_id)), run_id)

    def list_runs(self, query: Query) -> Document:
        """GET /runs: a page of runs, newest first."""
        return self._document(self._ask("GET", _with("/runs", query)))

    def read_log(self, run_id: str, query: Query) -> Document:
        """GET /runs/{runId}/logs: a page of lines, oldest first. Raises RefusedError where there is no log to read."""
        return self._of_a_run(self._ask("GET", _with(_path(run_id, "/logs"), query)), run_id)

    def stop_run(self, run_id: str, reason: str | None) -> Document:
        """POST /runs/{runId}/stop: harmless to repeat. Raises RefusedError for a run that has ended."""
        body = {} if reason is None else {"reason": reason}
        return self._of_a_run(self._ask("POST", _path(run_id, "/stop"), body), run_id)

    def rerun(self, run_id: str, key: str | None = None) -> Document:
        """POST /runs/{runId}/rerun: start a run with the same input. Raises RefusedError where nobody knows that."""
        return self._of_a_run(self._start(_path(run_id, "/rerun"), {}, key), run_id)

    def start_job(self, job: str, body: Document, key: str | None = None) -> Document:
        """POST /jobs/{name}/runs, safe to repeat as `start_run` is. Raises RefusedError if there is no such job."""
        answer = self._start(f"/jobs/{quote(job, safe='')}/runs", body, key)
        return self._document(answer, "The run was not started, the request is wrong:")

    def ask(self, method: str, path: str, body: Document | None = None, query: Query | None = None) -> Document:
        """Call a route that is safe to repeat. `path` is quoted already. Raises InvalidFieldsError for a wrong body."""
        return self._document(self._ask(method, _with(path, query or {}), body))

    def _start(self, path: str, body: Document, key: str | None) -> requests.Response:
        headers = {KEY_HEADER: secrets.token_hex(16) if key is None else key}
        return self._ask("POST", path, body, headers, START_PAUSES_SECONDS)

    def _ask(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        pauses: Iterable[float] = RETRY_PAUSES_SECONDS,
    ) -> requests.Response:
        """Call, again when the API has no time or cannot be reached."""
        for pause in pauses:
            try:
                answer = self._call(method, path, body, headers)
                if answer.status_code not in FOR_NOW:
                    return answer
            except NoAnswerError:
                pass
            self._sleep(pause)
        return self._call(method, path, body, headers)

    def _call(
        self, method: str, path: str, body: Document | None, headers: Mapping[str, str] | None
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._target.api_url + path,
                json=body,
                headers=headers,
                timeout=TIMEOUTS_SECONDS,
                allow_redirects=False,
            )
        except requests.Timeout as error:
            raise NoAnswerError(f"The API of {self._target.label} did not answer in time ({self._host}).") from error
        except requests.ConnectionError as error:
            raise NoAnswerError(self._unreachable()) from error
        except requests.RequestException as error:
            raise ApiError(f"Cannot call the API of {self._target.label}: {error}") from error

    def _of_a_run(self, answer: requests.Response, run_id: str) -> Document:
        if answer.status_code == requests.codes.not_found:
            name = (_json_object(answer) or {}).get("error")
            if name in {None, "Run.NotFound"}:
                raise RunNotFoundError(f"There is no run {clean(run_id)} in {self._target.label}.")
        return self._document(answer)

    def _document(self, answer: requests.Response, refused: str = _WRONG_REQUEST) -> Document:
        document = _json_object(answer)
        if answer.status_code in _ACCEPTED:
            if document is None:
                raise ApiError(f"{self._host} answered with something that is not a run: is it this application's API?")
            return document
        raise error_of(answer.status_code, document or {}, refused)

    @property
    def _host(self) -> str:
        return urlsplit(self._target.api_url).netloc

    def _unreachable(self) -> str:
        way_out = "look with `runs local status`" if self._target.endpoint else "check your network and --region"
        return f"Nothing answers at {self._host}, the API of {self._target.label}: {way_out}."


def is_run_id(text: str) -> bool:
    """Whether a run may have this id."""
    return _RUN_ID.fullmatch(text) is not None and set(text) != {"."}


def _path(run_id: str, rest: str = "") -> str:
    if not is_run_id(run_id):
        raise BadInputError(f"{clean(run_id)!r} is not a run id: they look like 20250131T093000-1a2b3c4d.")
    return f"/runs/{quote(run_id, safe='')}{rest}"


def _with(path: str, query: Query) -> str:
    # A plus sign for a space would be signed as it is, and read as a space.
    return f"{path}?{urlencode(query, quote_via=quote, safe='')}" if query else path


def started_of(document: Document) -> StartedRun:
    """What was started. Raises ApiError when the answer names no run."""
    return read_as(StartedRun.from_document, document)


def run_of(document: Document) -> Run:
    """The run as data. Raises ApiError when the answer is no run."""
    return read_as(Run.from_document, document)


def read_as(reader: Callable[[Document], Read], document: Document) -> Read:
    """What `reader` makes of an answer. Raises ApiError when that is none of this API."""
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
