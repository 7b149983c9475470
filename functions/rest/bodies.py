"""The body of a request, and who makes it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from fargate_runs.reading import lenient

_LONGEST_CALLER: Final = 300
Refuse = Callable[[Sequence[str]], Exception]
"""Makes the error of a wrong body, of a sentence for each problem."""


class _TwiceError(ValueError):
    """A JSON object has a key more than once. `problems` names each such key."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("a key is given more than once")
        self.problems = tuple(problems)


def json_object(event: APIGatewayProxyEvent, example: str, refuse: Refuse) -> Mapping[str, object]:
    """Returns the body, a JSON object. Raises what `refuse` makes for any other body, with what would be one."""
    try:
        body = json.loads(event.decoded_body or "", object_pairs_hook=_each_key_once)
    except _TwiceError as error:
        raise refuse(error.problems) from None
    except (ValueError, RecursionError):
        raise refuse(("body: is no JSON; send a JSON object",)) from None
    if not isinstance(body, dict):
        raise refuse((f"body: is no JSON object; send one, such as {example}",))
    return body


def _each_key_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Returns an object of a JSON text. Raises _TwiceError if it has a key twice: one would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)
        raise _TwiceError([f"{key[:40]}: is given more than once; give it once" for key, n in times.items() if n > 1])
    return found


def caller_of(event: APIGatewayProxyEvent) -> str:
    """Return who makes a request: an ARN of IAM, or the subject of a JSON web token.

    Not its `email`: many an issuer lets people choose that themselves. A token of a program may have no subject.
    """
    context = event.request_context
    claims = lenient.mapping(lenient.mapping(context.get("authorizer")).get("claims"))
    found = (context.identity.user_arn, claims.get("sub"), claims.get("client_id"))
    return next((text for each in found if (text := lenient.text(each, _LONGEST_CALLER))), "an unknown caller")
