"""What a request says beside its parameters: who makes it, and the bodies that are no request for a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.reading import lenient

LONGEST_REASON: Final = 1_000  # characters
_LONGEST_CALLER: Final = 300
_REASON: Final = "reason"


def each_key_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Returns an object of a JSON text. Raises InvalidRunRequestError if it has a key twice: one would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)
        twice = [f"{key[:40]}: is given more than once; give it once" for key, count in times.items() if count > 1]
        raise InvalidRunRequestError(twice).cut()
    return found


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


def caller_of(event: APIGatewayProxyEvent) -> str:
    """Return who makes a request: an ARN of IAM, or the subject of a JSON web token.

    Not its `email`: many an issuer lets people choose that themselves. A token of a program may have no subject.
    """
    context = event.request_context
    claims = lenient.mapping(lenient.mapping(context.get("authorizer")).get("claims"))
    found = (context.identity.user_arn, claims.get("sub"), claims.get("client_id"))
    return next((text for each in found if (text := lenient.text(each, _LONGEST_CALLER))), "an unknown caller")
