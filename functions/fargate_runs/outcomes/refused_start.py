"""The meaning of a refused RunTask call: no task was started, or none is known.

Step Functions names the API's error `ECS.<exception>`. Errors that RunTask does not model, throttling above all, arrive
as `ECS.AmazonECSException`. A throttle of EC2 and a lack of capacity have names of their own (fact B24). So the text
decides. start_failures.py reads what a text says about a start; this module reads what it says about the call itself.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.outcomes.rules import RULES
from fargate_runs.outcomes.start_failures import start_error
from fargate_runs.reading import lenient

_PREFIXES: Final = ("ECS.", "AmazonECS.")
FAILURES: Final = "AmazonECS.Unknown"  # RunTask answered with `Failures` (fact B23)
#: The error names of RunTask's own throttle. A throttle of a service behind it has other names.
#: EcsException is the newer SDK's name of AmazonECSException. It has not been seen as an error.
_MAY_BE_THROTTLES: Final = frozenset({"ECS.AmazonECSException", "ECS.EcsException", "ECS.ClientException"})
_WRAPS_A_THROTTLE: Final = "ECS.InvalidParameterException"
#: The service failed, or no answer came. The task may have started all the same (fact B43).
_PASSES: Final = frozenset({"ECS.ServerException", "ECS.SdkClientException"})

_API: Final = re.compile(
    # The end of the cause of every API error (fact B24). The newer SDK adds how often it has tried.
    r"\s*\(Service: [^()]*\)\s*(\(SDK Attempt Count: [0-9]+\)\s*)?$"
)
_CODE: Final = re.compile(r"\bError Code: (\w+)")
_SERVER_ERROR: Final = re.compile(r"\bStatus Code: [5-9][0-9]{2}\b")
_RATE_CODES: Final = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_RATE: Final = re.compile(
    r"\brate exceeded\b|\brequest limit exceeded\b|\bthrottl(ed|ing)\b|\btoo many requests\b", re.IGNORECASE
)
_ROLE_IN_THE_MAKING: Final = re.compile(r"unable to assume the service linked role", re.IGNORECASE)  # fact B48

_NO_CAPACITY_SUMMARY: Final = "There was no capacity for the task: ECS started none."
_FAILURES_ADVICE: Final = "Look up the reason in the list of API failure reasons of the Amazon ECS documentation."


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call. `error` and `cause` are those of the run if it is not tried again.

    `throttled` means that ECS had too many calls at once. That says nothing about the run, and is transient too.
    """

    error: str
    cause: str
    transient: bool
    throttled: bool = False


def is_of_a_call(error: str) -> bool:
    """Returns whether an error of this name is of the call, and not of a task."""
    return error.startswith(_PREFIXES)


def refusal_of(error: str, cause: str, run_id: str | None) -> Refusal:
    """Judges an error of RunTask, by the name and the cause that Step Functions gives it. Never raises."""
    if error == FAILURES:
        return _of_failures(cause, run_id)
    said, code, other_side_failed = _read(cause)
    if _is_throttle(error, said, code):
        return Refusal(error, cause, transient=True, throttled=True)
    named = start_error(said)
    if named is ErrorName.CAPACITY_UNAVAILABLE:
        return _named(named, cause, run_id)
    passes = error in _PASSES or other_side_failed or _soon_over(error, said)
    return Refusal(error, cause, transient=passes or (named is not None and KINDS[named].transient))


def _soon_over(error: str, said: str) -> bool:
    """Returns whether the role is still being made, or a service behind the call (EC2) throttles."""
    throttled_behind = error == _WRAPS_A_THROTTLE and _RATE.search(said) is not None
    return throttled_behind or _ROLE_IN_THE_MAKING.search(said) is not None


def _read(cause: str) -> tuple[str, str | None, bool]:
    """Reads the cause of an API error: its text, its error code, and whether its HTTP status is a server's error."""
    api = _API.search(cause)
    if api is None:
        return cause, None, False
    code = _CODE.search(api[0])
    return cause[: api.start()], code[1] if code else None, _SERVER_ERROR.search(api[0]) is not None


def _is_throttle(error: str, said: str, code: str | None) -> bool:
    if {error.partition(".")[2], code} & _RATE_CODES:  # as a name none has been seen
        return True
    return error in _MAY_BE_THROTTLES and _RATE.search(said) is not None


def _of_failures(cause: str, run_id: str | None) -> Refusal:
    """Judges an answer that started nothing. On Fargate it means no capacity, unless its reasons say otherwise."""
    failures = _failures_in(cause)
    if failures is None:
        return _named(ErrorName.CAPACITY_UNAVAILABLE, cause, run_id)
    reasons = tuple(_reasons(failures))
    names = [name for name in map(start_error, reasons) if name]
    error = ErrorName.CAPACITY_UNAVAILABLE if ErrorName.CAPACITY_UNAVAILABLE in names else (*names, None)[0]
    return _named(error or ErrorName.FAILED_TO_START, ", ".join(reasons), run_id, failures)


def _failures_in(cause: str) -> list[object] | None:
    """Returns the `Failures` of RunTask's answer; None if the cause is no such answer."""
    try:
        answer = lenient.mapping(json.loads(cause))
    except (ValueError, RecursionError):
        return None
    failures = answer.get("Failures")
    return failures if isinstance(failures, list) else None


def _reasons(failures: list[object]) -> Iterator[str]:
    for failure in lenient.mappings(failures):
        reason = lenient.text(failure.get("Reason"))
        if reason:
            yield reason


def _named(error: ErrorName, said: str, run_id: str | None, failures: list[object] | None = None) -> Refusal:
    """Returns a refusal under a name of our own, with a cause in the form of a task's."""
    kind = KINDS[error]
    no_capacity = error is ErrorName.CAPACITY_UNAVAILABLE
    facts = {
        "summary": _NO_CAPACITY_SUMMARY
        if no_capacity
        else f"ECS started no task: {lenient.text(said, 500) or 'no reason given'}",
        "advice": _FAILURES_ADVICE if error is ErrorName.FAILED_TO_START else _advice(error),
        "status": kind.status,
        "transient": kind.transient,
        "runId": run_id,
        "taskArn": None,
        "exitCode": None,
        "stoppedReason": lenient.text(said),
    }
    more = {"failures": _shown(failures)} if failures is not None else {}
    return Refusal(error, json.dumps({**facts, **more}, ensure_ascii=False, separators=(",", ":")), kind.transient)


def _advice(error: ErrorName) -> str:
    return next(rule.advice for rule in RULES if rule.error is error)


def _shown(failures: list[object]) -> list[dict[str, str | None]]:
    """Returns at most ten: one call starts no more tasks (fact B34)."""
    names = ("Arn", "Reason", "Detail")
    listed = list(lenient.mappings(failures))[:10]
    return [{name: lenient.text(each.get(name), 500) for name in names if name in each} for each in listed]
