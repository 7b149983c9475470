"""SigV4 for `requests`: the REST API takes signed calls only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from requests.auth import AuthBase

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from requests import PreparedRequest

SERVICE = "execute-api"


class SignedCall(AuthBase):
    """Sign each request with the credentials as they are at that moment (those of a role are renewed on the way)."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add Authorization, X-Amz-Date and, for temporary credentials, X-Amz-Security-Token."""
        # AWS signs a space as %20, and `requests` writes it as a plus; a plus itself is %2B by now.
        path, mark, query = str(request.url).partition("?")
        request.url = f"{path}{mark}{query.replace('+', '%20')}"
        signed = AWSRequest(method=request.method, url=request.url, data=request.body or b"")
        if "Content-Type" in request.headers:
            signed.headers["Content-Type"] = request.headers["Content-Type"]
        SigV4Auth(self._credentials.get_frozen_credentials(), SERVICE, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request
