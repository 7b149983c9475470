"""Whose request is at hand: MiniStack keeps every store by account and Region, in context variables."""

from __future__ import annotations

import hashlib

from ministack.core import responses

from local.ecs.ports import Identity, Place
from local.emulator.permissions import EmulatorPermissions


class EmulatorIdentity(Identity):
    """Task roles become sessions of the embedded STS, so that their policies are enforced."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def place(self) -> Place:
        """See `Identity.place`."""
        return Place(responses.get_region(), responses.get_account_id(), self._endpoint_url)

    def allows(self, role_arn: str, action: str, resource: str) -> bool:
        """See `Identity.allows`."""
        return EmulatorPermissions().allows(role_arn, action, resource, {})

    def credentials_environment(self, role_arn: str | None, session_name: str) -> dict[str, str]:
        """See `Identity.credentials_environment`."""
        if not role_arn:
            return {}
        from ministack.services import sts  # noqa: PLC0415  MiniStack loads its services when they are first used

        account = responses.get_account_id()
        role_name = role_arn.rsplit("/", 1)[-1]
        digest = hashlib.sha256(f"{role_arn}/{session_name}".encode()).hexdigest()
        access_key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest
        sts.register_session(
            access_key,
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}",
                "UserId": f"{role_name}:{session_name}",
                "SecretAccessKey": secret,
                "SessionToken": token,
            },
        )
        return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
