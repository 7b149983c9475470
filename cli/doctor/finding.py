"""One line of the doctor's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.exceptions import BotoCoreError, ClientError


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "could not tell"


@dataclass(frozen=True)
class Finding:
    """What was looked at, and how it stands."""

    what: str
    state: State
    found: str
    advice: str = ""
    """What to do; empty where nothing has to be done."""


@dataclass(frozen=True)
class Place:
    """A stack in AWS that was found, and the caller."""

    session: Session
    region: str
    caller_arn: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    now: datetime

    def client(self, service: str) -> Any:
        """A client of a service, which gives up soon: whoever asks the doctor waits."""
        return client_of(self.session, service, self.region)


Check = Callable[[Place], Iterator[Finding]]


def client_of(session: Session, service: str, region: str | None) -> Any:
    """See `Place.client`."""
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2})
    make: Callable[..., Any] = session.client
    return make(service, region_name=region, config=config)


def not_told(what: str, error: ClientError | BotoCoreError) -> Finding:
    """The finding where AWS was asked in vain: that says nothing of what was asked for."""
    code = code_of(error)
    if code in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}:
        action = getattr(error, "operation_name", "this")
        return Finding(
            what, State.UNKNOWN, f"not allowed: {action}", "Ask somebody who may, or let yourself be allowed to."
        )
    return Finding(what, State.UNKNOWN, str(error))


def code_of(error: ClientError | BotoCoreError) -> str:
    """The code of AWS's error; the name of botocore's own."""
    response = getattr(error, "response", None)
    return str(response["Error"].get("Code", "")) if response else type(error).__name__
