"""The key of a local runtime: a secret of its own, made when it starts, which its clients sign with.

The access key id is the same everywhere, as that of an account's root user; the secret is random. It is in the state
file (`local.state`, which its owner alone reads) and in `aws.ini` beside it, a file of settings for any AWS tool.
"""

from __future__ import annotations

import secrets
import urllib.request
from collections.abc import Mapping
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.paths import REGION, private_file, state_directory
from local.state import read_state

ACCESS_KEY_ID: Final = "test"
#: What calls of `/_local/` are signed for.
SERVICE: Final = "fargate-runs-local"
SETTINGS_FILE: Final = "aws.ini"
# A proxy of the environment must not stand between this machine and itself.
OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SECRET_BYTES: Final = 30  # 40 characters, as AWS's

# Of runtimes that this process has started: it may have several, and the state file names one.
_started: dict[str, str] = {}


def new_secret() -> str:
    """Returns a random secret access key."""
    return secrets.token_urlsafe(SECRET_BYTES)


def keep_key(endpoint: str, secret: str) -> None:
    """Keep the key of a runtime that was started, for this process and for any AWS tool."""
    _started[endpoint] = secret
    lines = (
        "[default]",
        f"aws_access_key_id = {ACCESS_KEY_ID}",
        f"aws_secret_access_key = {secret}",
        f"region = {REGION}",
        f"endpoint_url = {endpoint}",
    )
    private_file(state_directory() / SETTINGS_FILE, "\n".join(lines) + "\n")


def drop_key(endpoint: str) -> None:
    """The runtime has ended."""
    _started.pop(endpoint, None)
    (state_directory() / SETTINGS_FILE).unlink(missing_ok=True)


def secret_of(endpoint: str) -> str:
    """Returns the secret access key of the runtime at an endpoint; empty if this project started none there."""
    state = read_state()
    if state is not None and state.endpoint == endpoint:
        return state.secret_access_key
    return _started.get(endpoint, "")


def signed(method: str, url: str, secret: str, body: bytes | None = None) -> urllib.request.Request:
    """A request of this runtime's own paths."""
    request = AWSRequest(method=method, url=url, data=body or b"")
    SigV4Auth(Credentials(ACCESS_KEY_ID, secret), SERVICE, REGION).add_auth(request)
    headers: Mapping[str, str] = dict(request.headers.items())
    return urllib.request.Request(url, method=method, data=body, headers=dict(headers))  # noqa: S310
