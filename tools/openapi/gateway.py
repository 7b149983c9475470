"""What API Gateway answers by itself, before or instead of the function.

`GATEWAY` is of the REST API: `template.yaml` has it as gateway responses (a test compares), and the OpenAPI document
tells of it. `BY_TOKEN` is of the API for JSON web tokens, where the words are API Gateway's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class GatewayProblem:
    """A problem by the name of API Gateway's type of response.

    `status` is None for a type that stands for several; their answers have none in the body. `detail` is None where
    API Gateway's own sentence is shown. That is so only where it repeats nothing of the call but its resource: other
    sentences quote the header Authorization or a session token.
    """

    status: int | None
    name: str
    title: str
    detail: str | None = None
    retry_after_seconds: int | None = None

    @property
    def type(self) -> str:
        """The URI that identifies the kind of problem."""
        return f"urn:fargate-runs:{self.name}"


GATEWAY: Final[Mapping[str, GatewayProblem]] = {
    "MISSING_AUTHENTICATION_TOKEN": GatewayProblem(
        403,
        "Call.NotSigned",
        "The call is not signed, or there is nothing here",
        "sign the call with AWS Signature Version 4 for execute-api; docs/api.md lists the paths and methods",
    ),
    "INVALID_SIGNATURE": GatewayProblem(
        403,
        "Call.WrongSignature",
        "The signature is wrong",
        "look at the secret key, the session token, the Region and the clock that the call was signed with",
    ),
    "EXPIRED_TOKEN": GatewayProblem(
        403, "Call.Expired", "The credentials have expired", "the session token has expired: sign in again"
    ),
    "ACCESS_DENIED": GatewayProblem(403, "Call.NotAllowed", "The caller may not do this"),
    "REQUEST_TOO_LARGE": GatewayProblem(
        413, "Call.TooLarge", "The request is too large", "API Gateway takes no more than 10 MB"
    ),
    "THROTTLED": GatewayProblem(
        429, "Call.Throttled", "The API has too many calls", "send it again after Retry-After seconds", 1
    ),
    "INTEGRATION_FAILURE": GatewayProblem(
        504,
        "Service.NoAnswer",
        "The function did not answer",
        "it may have done what was asked for: look before you send it again, or send an Idempotency-Key",
    ),
    "INTEGRATION_TIMEOUT": GatewayProblem(
        504,
        "Service.NoAnswer",
        "The function did not answer",
        "it may have done what was asked for: look before you send it again, or send an Idempotency-Key",
    ),
    "DEFAULT_4XX": GatewayProblem(
        None,
        "Call.Refused",
        "API Gateway refused the call",
        "the credentials or the form of the call are wrong; the header x-amzn-ErrorType says which",
    ),
    "DEFAULT_5XX": GatewayProblem(
        None, "Service.Failed", "The request failed", "API Gateway could not have it answered; send it again later"
    ),
}

BY_TOKEN: Final[Mapping[int, str]] = {
    401: "API Gateway takes no call without a token, or with this one.",
    403: "the token has none of the scopes of this route.",
    404: "there is no such path or method.",
    429: "more calls than the stage takes.",
    500: "API Gateway got an answer that is none.",
    503: "API Gateway got no answer in time.",
}
