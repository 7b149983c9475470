"""AWS's text for a call that a role may not make."""

from __future__ import annotations

import secrets
import string
from typing import Final

_SESSION_CHARACTERS: Final = 32


def denied(role_arn: str, action: str, resource: str, session: str | None = None) -> str:
    """The message of AccessDeniedException for a session of a role; those of Step Functions have random names."""
    *_, account, name = role_arn.split(":")
    session = session or "".join(secrets.choice(string.ascii_letters) for _ in range(_SESSION_CHARACTERS))
    return (
        f"User: arn:aws:sts::{account}:assumed-role/{name.rsplit('/', 1)[-1]}/{session} is not authorized to perform: "
        f"{action} on resource: {resource} because no identity-based policy allows the {action} action"
    )
