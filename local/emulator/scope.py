"""Whose request is at hand: MiniStack keeps every store by account and Region, in context variables."""

from __future__ import annotations

from collections import defaultdict

from ministack.core import responses

from local.ecs.ports import Identity, Place
from local.emulator.credentials import Session, session_of
from local.emulator.permissions import EmulatorPermissions


class EmulatorIdentity(Identity):
    """Task roles become sessions of the embedded STS, so that their policies are enforced."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._sessions: dict[str, list[Session]] = defaultdict(list)

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
        session = session_of(role_arn, session_name, responses.get_account_id())
        self._sessions[session_name].append(session)
        return session.environment()

    def end_sessions(self, session_name: str) -> None:
        """See `Identity.end_sessions`."""
        for session in self._sessions.pop(session_name, ()):
            session.end()
