"""How AWS refuses a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from botocore.exceptions import ClientError

#: In place of an error's code.
TAKEN: Final = "taken"


def refusal(call: Callable[..., object], *given: object, **arguments: object) -> tuple[str, str]:
    """Makes the call. Returns the error's code and message; `TAKEN` and an empty text if there is no error."""
    try:
        call(*given, **arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return TAKEN, ""


def refusal_code(call: Callable[..., object], *given: object, **arguments: object) -> str:
    """Makes the call. Returns the error's code; `TAKEN` if there is no error."""
    return refusal(call, *given, **arguments)[0]
