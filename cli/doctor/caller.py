"""Who calls, whether AWS knows them, and whether the clock is right: signatures are good for five minutes."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor.finding import Finding, State, client_of, code_of, not_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from boto3.session import Session

EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnauthorizedSSOTokenError", "TokenRetrievalError"}
)
UNKNOWN_KEY: Final = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"})
NOBODY: Final = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "SSOTokenLoadError"}
)
MOST_SKEW_SECONDS: Final = 300  # docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
SIGN_IN: Final = "Sign in again (`aws sso login`), or name another --profile."


def caller(session: Session, region: str, now: datetime) -> Iterator[Finding | str]:
    """The findings, and the caller's ARN where AWS knows them."""
    try:
        answer = client_of(session, "sts", region).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        yield _refused(error)
        yield from _clock(getattr(error, "response", {}), now)
        return
    yield Finding("credentials", State.OK, f"{answer['Arn']}")
    yield from _clock(answer, now)
    yield str(answer["Arn"])


def _refused(error: ClientError | BotoCoreError) -> Finding:
    code = code_of(error)
    if code in EXPIRED:
        return Finding("credentials", State.PROBLEM, f"they have expired ({code})", SIGN_IN)
    if code in NOBODY:
        return Finding("credentials", State.PROBLEM, f"there are none: {error}", SIGN_IN)
    if code in UNKNOWN_KEY:
        return Finding(
            "credentials", State.PROBLEM, f"AWS does not take them ({code})", "Check the keys and the clock."
        )
    return not_told("credentials", error)


def _clock(answer: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if not said:
        yield Finding("clock", State.UNKNOWN, "AWS did not say what time it is")
        return
    skew = round((now - parsedate_to_datetime(said)).total_seconds())
    found = f"{abs(skew)} s {'ahead of' if skew > 0 else 'behind'} AWS's"
    if abs(skew) >= MOST_SKEW_SECONDS:
        yield Finding(
            "clock", State.PROBLEM, found, "Set this machine's clock: AWS refuses signatures that are 5 minutes off."
        )
    elif abs(skew) >= MOST_SKEW_SECONDS / 5:
        yield Finding("clock", State.WARNING, found, "Set this machine's clock before it is 5 minutes off.")
    else:
        yield Finding("clock", State.OK, found if skew else "as AWS's")
