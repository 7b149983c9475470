"""Whose a signature is: the runtime's own key, and those that the embedded IAM and STS gave out.

The keys that MiniStack makes for functions follow from the names of function and role, which everybody knows; here they
are random.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any, Final

from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.responses import _account_from_sts_session, get_account_id
from ministack.services import lambda_svc, sts

from local.access import ACCESS_KEY_ID, new_secret
from local.signatures import Claim, SignatureError

LONGEST_SESSION_NAME: Final = 64


@dataclass(frozen=True)
class Session:
    """Temporary credentials."""

    access_key_id: str
    secret_access_key: str
    token: str

    def environment(self) -> dict[str, str]:
        """The variables by which an SDK finds them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.token,
        }

    def end(self) -> None:
        """Nobody can sign with them any more."""
        sts._sessions.pop(self.access_key_id, None)


def session_of(role_arn: str, session_name: str, account: str) -> Session:
    """A session of a role, whose policies are enforced, with random keys."""
    role_name = role_arn.rsplit("/", 1)[-1]
    session = Session(f"ASIA{secrets.token_hex(8).upper()}", new_secret(), secrets.token_urlsafe(96))
    sts.register_session(
        session.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}",
            "UserId": f"{role_name}:{session_name}",
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.token,
        },
    )
    return session


def install_function_credentials() -> None:
    """Let the processes of a function sign with a session of its role. Called once."""
    sessions: dict[tuple[str, str], Session] = {}
    lock = threading.Lock()

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        function, role = str(config.get("FunctionArn", "")), str(config.get("Role", ""))
        account, _ = lambda_runtime._account_region_from_function_config(config)
        name = str(config.get("FunctionName", ""))[:LONGEST_SESSION_NAME]
        with lock:
            if (function, role) not in sessions:
                sessions[function, role] = session_of(role, name, account)
            return sessions[function, role].environment()

    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = execution_credentials


class Keys:
    """Every secret with which a request to this runtime may be signed."""

    def __init__(self, root_secret: str) -> None:
        self._root_secret = root_secret

    def secret_of(self, claim: Claim) -> str:
        """Returns the secret of a claim's key. Raises SignatureError if there is no such key with this token."""
        if claim.access_key_id == ACCESS_KEY_ID and claim.token is None and self._root_secret:
            return self._root_secret
        # Every other key that MiniStack takes for the root user's: empty, an account's number.
        if iam_evaluator.is_root_access_key(claim.access_key_id):
            raise _unknown()
        try:
            account = _account_from_sts_session(claim.access_key_id) or iam_evaluator.find_iam_access_key_account(
                claim.access_key_id
            )
        except iam_evaluator.AmbiguousAccessKeyError:
            raise _unknown() from None
        found = iam_evaluator.resolve_credential(claim.access_key_id, account or get_account_id(), claim.token)
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            raise SignatureError(str(found.code), str(found.message))
        return str(found.secret_access_key)


def _unknown() -> SignatureError:
    return SignatureError("UnrecognizedClientException", "The security token included in the request is invalid.")
