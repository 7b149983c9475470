"""The bodies of requests that start no run."""

from collections.abc import Mapping, Sequence
from typing import Final

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.reading import lenient
from fargate_runs.runs.request import JOB_NAME

LONGEST_REASON: Final = 1_000  # characters
_REASON: Final = "reason"


def refused(problems: Sequence[str]) -> InvalidRunRequestError:
    """Return the error of a body that is no request."""
    return InvalidRunRequestError(problems).cut()


def reason_of(body: Mapping[str, object]) -> str | None:
    """Return the reason of a request to stop a run, or None. Raises InvalidRunRequestError with every problem."""
    problems = [f"{key[:40]}: is not known; the key is {_REASON}" for key in body if key != _REASON]
    reason = body.get(_REASON)
    if reason is not None and not (isinstance(reason, str) and 1 <= len(reason.strip()) <= LONGEST_REASON):
        problems.append(f"{_REASON}: must be a text of 1 to {LONGEST_REASON} characters")
    if problems:
        raise InvalidRunRequestError(problems)
    return lenient.text(reason.strip(), LONGEST_REASON) if isinstance(reason, str) else None


def expect_nothing(body: Mapping[str, object]) -> None:
    """Raise InvalidRunRequestError for a body that says anything: it would have no effect."""
    if body:
        raise InvalidRunRequestError(
            [f"{key[:40]}: cannot be given; a rerun has the input of the run that it repeats" for key in body]
        )


def is_of_a_job(body: Mapping[str, object]) -> bool:
    """Return whether a request is for a run of a job. One whose job cannot be a name is refused as any other one."""
    name = body.get("job")
    return isinstance(name, str) and JOB_NAME.fullmatch(name) is not None


def expect_no_job(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return a body. Raise InvalidRunRequestError if it names a job: the path does."""
    if "job" in body:
        raise InvalidRunRequestError(("job: is named by the path; leave it out",))
    return body
