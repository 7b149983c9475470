"""What an answer of the API that is no success becomes: an error of `cli.errors` that says what to do.

The function behind the API writes problem details (RFC 9457) with a name in `error`, and so does API Gateway, where the
template has it do so; the gateway of an older stack writes a `message` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cli.errors import BAD_INPUT, FAILED, ApiError, CliError, InvalidFieldsError, NoAnswerError, RefusedError
from cli.text import clean

Document = Mapping[str, object]

#: What may be otherwise a moment later: throttles, and a function or a table that has no time.
FOR_NOW: Final = frozenset({429, 500, 502, 503, 504})
_REQUEST: Final = 400
_TOO_MANY: Final = 429
_FORBIDDEN: Final = frozenset({401, 403})
#: API Gateway's answer to a signed call of a path or method that it does not have.
_NO_ROUTE: Final = frozenset({"Missing Authentication Token", "Call.NotSigned"})
#: Names in a request that nothing has; everything else that is refused is a matter of the run.
_WRONG_INPUT: Final = frozenset(
    {"Run.NotFound", "Job.NotFound", "Attempt.NotFound", "Container.NotFound", "Run.IdempotencyKeyReused"}
)


def error_of(status: int, document: Document, refused: str) -> CliError:
    """The error for an answer. `refused` is the sentence before what is wrong with a request."""
    name, message = _name(document), _message(document)
    if status == _REQUEST:
        problems = _problems(document)
        lines = [f"{field}: {detail}" if field else detail for field, detail in problems] or [message]
        return InvalidFieldsError("\n".join([refused, *(f"  - {each}" for each in lines)]), problems or [("", message)])
    if status in _FORBIDDEN:
        return _forbidden(status, name, message)
    if name is not None and status not in FOR_NOW - {502}:
        return RefusedError(message, name, BAD_INPUT if name in _WRONG_INPUT else FAILED)
    if status == _TOO_MANY:
        return NoAnswerError(f"There are too many calls (HTTP {status}: {message}). Try it again in a moment.")
    failed = NoAnswerError if status in FOR_NOW else ApiError
    return failed(f"The API failed (HTTP {status}: {message}). Its function's log says why.")


def _forbidden(status: int, name: str | None, message: str) -> ApiError:
    if {name, message} & _NO_ROUTE:
        return ApiError("The API has no such route: the stack is older than this program. Deploy the present template.")
    return ApiError(
        f"The API refused these credentials (HTTP {status}: {message}). "
        "The caller needs execute-api:Invoke on this API; check --profile and --region, or sign in again."
    )


def _name(document: Document) -> str | None:
    name = document.get("error")
    return name if isinstance(name, str) else None


def _message(document: Document) -> str:
    found = document.get("detail") or document.get("message") or document.get("Message") or "no message"
    return clean(str(found))


def _problems(document: Document) -> list[tuple[str, str]]:
    problems = document.get("problems")
    return [_problem(each) for each in problems] if isinstance(problems, list) else []


def _problem(problem: object) -> tuple[str, str]:
    """A field, empty for the request itself, and what is wrong with it."""
    if not isinstance(problem, Mapping):
        return "", clean(str(problem))
    field = problem.get("field")
    return clean(str(field)) if field else "", clean(str(problem.get("detail", "")))
