"""An ASGI application before the embedded AWS. It lets in only calls with a valid signature.

MiniStack takes any signature of its root user, and any service and Region in the others. Here every signature is
verified, for the service that the request reaches and for this runtime's Region. Unsigned calls reach only the
methods of APIs that ask for no IAM signature, as in AWS. MiniStack's own paths are not served.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote

from ministack import app as ministack_app
from ministack.core import iam_evaluator, router

from local.access import ACCESS_KEY_ID
from local.access import SERVICE as OWN_SERVICE
from local.emulator.credentials import Keys
from local.emulator.rest_apis import path_of
from local.emulator.rest_apis import refusal as refusal_of_api
from local.front_door import OWN_PATHS
from local.paths import REGION
from local.signatures import Claim, Request, SignatureError, read_claim, verify

EXECUTE_API: Final = "execute-api"
LAMBDA: Final = "lambda"
#: Services that MiniStack tells apart and AWS's signatures do not.
FAMILIES: Final = {"dynamodbstreams": "dynamodb"}
#: MiniStack's own: they show and change everything without a signature.
NOT_SERVED: Final = ("/_ministack", "/_localstack")
Json = dict[str, Any]
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]
Response = tuple[int, dict[str, str], bytes]

#: API Gateway's names of what is wrong with a signature.
_ERROR_TYPES: Final = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
    "RequestExpired": "InvalidSignatureException",
    "InvalidToken": "UnrecognizedClientException",
}


class Gate:
    """Verifies the signature of every request, whole body and all."""

    def __init__(self, app: Any, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Json, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(
            scope["method"],
            (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1"),
            scope.get("query_string", b"").decode("latin-1"),
            [(name.decode("latin-1"), _text(value)) for name, value in scope["headers"]],
        )
        call = Call(scope["path"], request)
        try:
            call.check_path()
            claim = read_claim(request)
            if claim is None:
                _check_unsigned(call)
            else:
                receive = await self._verified(claim, call, receive)
        except SignatureError as error:
            await _answer(send, call.refusal(error))
            return
        await self._app(scope, receive, send)

    async def _verified(self, claim: Claim, call: Call, receive: Receive) -> Receive:
        """What the application behind shall receive, once the signature is found to be true."""
        # Before the body is taken in: who has no key gets nothing into memory.
        secret = self._keys.secret_of(claim)
        body = await _body_of(receive)
        verify(claim, secret, call.request, body, datetime.now(UTC))
        service = call.service(body)
        if claim.region != REGION:
            raise SignatureError("SignatureDoesNotMatch", f"Credential should be scoped to a valid region: {REGION!r}.")
        if not call.is_scoped_to(claim.service, service):
            raise SignatureError(
                "SignatureDoesNotMatch", f"Credential should be scoped to correct service: {service!r}."
            )
        if service == OWN_SERVICE and claim.access_key_id != ACCESS_KEY_ID:
            raise SignatureError("AccessDeniedException", "Only the runtime's own key may do this.")
        return _again(body, receive)


class Call:
    """Where a request leads."""

    def __init__(self, path: str, request: Request) -> None:
        self.path = path
        self.request = request
        self._headers: dict[str, str] = {}
        for name, value in request.headers:
            key = name.lower()
            self._headers[key] = f"{self._headers[key]}, {value}" if key in self._headers else value
        self._host = self._headers.get("host", "")
        self.api = ministack_app._parse_execute_api_url(self._host, path_of(self._host, path, request.path))

    def check_path(self) -> None:
        """Raises SignatureError for MiniStack's own paths, for every caller."""
        if self.path.startswith(NOT_SERVED):
            raise SignatureError("AccessDeniedException", "The local runtime does not serve this path.")

    def service(self, body: bytes = b"") -> str:
        """MiniStack's name of the service; the signature's name if MiniStack has none."""
        if self.path.startswith(OWN_PATHS):
            return OWN_SERVICE
        if self.api is not None:
            return EXECUTE_API
        if ministack_app._parse_lambda_url(self._host, self.path) is not None:
            return LAMBDA
        query = parse_qs(self.request.query, keep_blank_values=True)
        parameters = ministack_app._routing_params(self.request.method, self.path, self._headers, body, query)
        return str(router.detect_service(self.request.method, self.path, self._headers, parameters))

    def is_scoped_to(self, scoped: str, service: str) -> bool:
        """Whether a signature for one service is right for what the request reaches."""
        if service in {OWN_SERVICE, EXECUTE_API, LAMBDA} or scoped in {OWN_SERVICE, EXECUTE_API}:
            return scoped == service
        # What a signature alone would lead to.
        headers = {"host": self._host, "authorization": f"AWS4-HMAC-SHA256 Credential=k/1/r/{scoped}/aws4_request"}
        reached = str(router.detect_service(self.request.method, self.path, headers, {}))
        return reached in {service, FAMILIES.get(service)}

    def refusal(self, error: SignatureError) -> Response:
        """An answer in the form of the service that was called."""
        service = self.service()
        if service in {OWN_SERVICE, EXECUTE_API}:
            return self._refusal_of_stage(error) or _rest_refusal(error)
        denied = iam_evaluator.AuthError(error.code, str(error))
        request_id = str(uuid.uuid4())
        response: Response = ministack_app._credential_failure(service, "", request_id, denied, self._headers)
        return response

    def _refusal_of_stage(self, error: SignatureError) -> Response | None:
        if self.api is None or self.path.startswith(OWN_PATHS):
            return None
        api_id, stage, path = self.api
        stage, _ = ministack_app._resolve_stage_and_path(api_id, stage, path)
        found: Response | None = refusal_of_api(api_id, stage, _ERROR_TYPES.get(error.code, error.code), str(error))
        return found


def _check_unsigned(call: Call) -> None:
    """AWS takes a request without a signature where a method or route asks for none of IAM's."""
    if call.api is not None and not call.path.startswith(OWN_PATHS):
        api_id, stage, path = call.api
        stage, path = ministack_app._resolve_stage_and_path(api_id, stage, path)
        authorization = ministack_app._execute_api_authorization_type(api_id, stage, call.request.method, path)
        if authorization not in {None, "AWS_IAM"}:
            return
    raise SignatureError("MissingAuthenticationToken", "Missing Authentication Token")


def _rest_refusal(error: SignatureError) -> Response:
    """As API Gateway answers."""
    kind = _ERROR_TYPES.get(error.code, error.code)
    return (
        403,
        {"Content-Type": "application/json", "x-amzn-ErrorType": kind},
        json.dumps({"message": str(error)}).encode(),
    )


async def _answer(send: Send, response: Response) -> None:
    status, headers, body = response
    given = {**headers, "Content-Length": str(len(body))}
    encoded = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


async def _body_of(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SignatureError("IncompleteSignature", "The connection ended before the body did.")
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as it was verified, then whatever comes after it."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Json:
        return left.pop() if left else await receive()

    return receive_again


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
