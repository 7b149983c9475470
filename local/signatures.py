"""AWS Signature Version 4: who signed a request, and whether they did (docs.aws.amazon.com/IAM, "Signature Version 4").

Only the two forms that SDKs make are read: one `Authorization` header, or one signature in the query. botocore's own
signer computes what the signature should be; the comparison takes the same time wherever it fails.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

ALGORITHM: Final = "AWS4-HMAC-SHA256"
S3: Final = "s3"
#: How far a clock may be off: five minutes, and fifteen for S3 ("Troubleshoot Signature Version 4").
SKEW: Final = timedelta(minutes=5)
SKEW_OF_S3: Final = timedelta(minutes=15)
LONGEST_EXPIRY_SECONDS: Final = 7 * 24 * 60 * 60
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
#: S3 alone takes a body that the signature does not cover.
UNSIGNED_BODIES: Final = frozenset({UNSIGNED_PAYLOAD, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_TIME: Final = "%Y%m%dT%H%M%SZ"
_SCOPE: Final = r"(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[\w.-]+)/(?P<service>[\w.-]+)/aws4_request"
_HEADER: Final = re.compile(
    rf"{ALGORITHM} Credential={_SCOPE},\s*SignedHeaders=(?P<signed>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{{64}})",
    re.ASCII,
)
_CREDENTIAL: Final = re.compile(_SCOPE, re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}")
_QUERY_NAMES: Final = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
_EXPIRES: Final = "X-Amz-Expires"
_TOKEN: Final = "X-Amz-Security-Token"  # noqa: S105 - a name
#: What nobody but a signer sends; in lower case, because readers behind this one look at them so.
_MARKS: Final = frozenset(name.lower() for name in (*_QUERY_NAMES, _EXPIRES))
_MARKS_OF_VERSION_2: Final = frozenset({"awsaccesskeyid", "signature"})


class SignatureError(Exception):
    """A signature that AWS would refuse; `code` is one of AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Request:
    """A request as it came: the path and the query are not decoded, the headers have their order and repetitions."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """Every value of a header, by its name in lower case."""
        return [value for each, value in self.headers if each.lower() == name]


@dataclass(frozen=True)
class Claim:
    """What a signature says of itself. `expires_seconds` is of a signature in the query alone."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: frozenset[str]
    signature: str
    timestamp: str
    token: str | None
    expires_seconds: int | None = None


def read_claim(request: Request) -> Claim | None:
    """Returns the claim of a request's signature; None if it is not signed. Raises SignatureError if malformed."""
    pairs = _pairs(request.query)
    names = {name.lower() for name, _ in pairs}
    authorizations = request.values("authorization")
    schemes = {value.strip().partition(" ")[0].upper() for value in authorizations}
    if names & _MARKS_OF_VERSION_2 or any(scheme in {"AWS", "AWS3"} for scheme in schemes):
        raise SignatureError("UnsupportedSignature", f"Please use {ALGORITHM}.")
    in_query = bool(names & _MARKS)
    in_header = any(scheme.startswith("AWS") for scheme in schemes)
    if in_query and in_header:
        raise SignatureError("IncompleteSignature", "A request is signed in its header or in its query, not in both.")
    if in_query:
        return _claim_in_query(pairs)
    return _claim_in_header(request, authorizations) if in_header else None


def verify(claim: Claim, secret: str, request: Request, body: bytes, now: datetime) -> None:
    """Raises SignatureError if the signature is wrong, too old or too new, or does not cover all that it must."""
    _check_time(claim, now)
    names = {name.lower() for name, _ in request.headers}
    must = {"host"} | {name for name in names if name.startswith("x-amz-")}
    if not must <= claim.signed_headers:
        left_out = ", ".join(sorted(must - claim.signed_headers))
        raise SignatureError("SignatureDoesNotMatch", f"These headers must be signed: {left_out}")
    signer = _Signer(claim, secret, _payload_hash(claim, request, body))
    if not hmac.compare_digest(signer.expected(request), claim.signature):
        raise SignatureError("SignatureDoesNotMatch", MISMATCH)


class _Signer(SigV4Auth):
    """botocore's signer for a request that came, with the headers that its sender chose to sign."""

    def __init__(self, claim: Claim, secret: str, payload_hash: str) -> None:
        super().__init__(Credentials(claim.access_key_id, secret), claim.service, claim.region)
        self._claim = claim
        self._payload_hash = payload_hash

    def expected(self, request: Request) -> str:
        """The signature that the owner of the secret would have made."""
        rebuilt = AWSRequest(method=request.method, url="http://here" + request.path.replace("#", "%23"))
        for name, value in request.headers:
            if name.lower() in self._claim.signed_headers and name.lower() != "x-amz-content-sha256":
                rebuilt.headers[name] = value
        # One of them: what is signed is what the body was compared with.
        rebuilt.headers["X-Amz-Content-SHA256"] = self._payload_hash
        rebuilt.context.update(timestamp=self._claim.timestamp, query=request.query)
        return str(self.signature(self.string_to_sign(rebuilt, self.canonical_request(rebuilt)), rebuilt))

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """See `SigV4Auth`."""
        chosen = HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() in self._claim.signed_headers:
                chosen[name.lower()] = value
        return chosen

    def canonical_query_string(self, request: AWSRequest) -> str:
        """See `SigV4Auth`: decoded and encoded anew, because clients send more than one spelling."""
        pairs = _pairs(str(request.context["query"]))
        if self._claim.expires_seconds is not None:
            pairs = [(name, value) for name, value in pairs if name != "X-Amz-Signature"]
        return "&".join("=".join(pair) for pair in sorted((_encoded(name), _encoded(value)) for name, value in pairs))

    def _normalize_url_path(self, path: str) -> str:
        return path if self._claim.service == S3 else str(super()._normalize_url_path(path))  # type: ignore[misc]


def _payload_hash(claim: Claim, request: Request, body: bytes) -> str:
    """The hash that the signature covers, which is that of the body, but where S3 takes bodies that are not signed."""
    declared = request.values("x-amz-content-sha256")
    actual = hashlib.sha256(body).hexdigest()
    if not declared:
        is_link = claim.service == S3 and claim.expires_seconds is not None
        return UNSIGNED_PAYLOAD if is_link else actual
    is_free = claim.service == S3 and declared[0] in UNSIGNED_BODIES
    if len(declared) != 1 or not (is_free or hmac.compare_digest(declared[0].encode(), actual.encode())):
        raise SignatureError("SignatureDoesNotMatch", "The body is not the one that was signed.")
    return declared[0]


def _check_time(claim: Claim, now: datetime) -> None:
    signed_at = _time(claim.timestamp)
    if claim.timestamp[:8] != claim.day:
        raise SignatureError("SignatureDoesNotMatch", "Date in Credential scope does not match the date of the request")
    skew = SKEW_OF_S3 if claim.service == S3 else SKEW
    if signed_at > now + skew:
        raise SignatureError("RequestTimeTooSkewed", f"Signature not yet current: {claim.timestamp} is still later")
    if claim.expires_seconds is not None:
        if now > signed_at + timedelta(seconds=claim.expires_seconds):
            raise SignatureError("RequestExpired", f"Signature expired: {claim.timestamp} is too long ago")
    elif signed_at < now - skew:
        raise SignatureError("RequestTimeTooSkewed", f"Signature expired: {claim.timestamp} is now earlier")


def _time(timestamp: str) -> datetime:
    try:
        return datetime.strptime(timestamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureError(
            "IncompleteSignature", "The date of the request must be in ISO-8601 basic format"
        ) from None


def _claim_in_header(request: Request, authorizations: Sequence[str]) -> Claim:
    found = _HEADER.fullmatch(authorizations[0]) if len(authorizations) == 1 else None
    dates, tokens = request.values("x-amz-date"), request.values("x-amz-security-token")
    if found is None or len(dates) != 1 or len(tokens) > 1:
        raise SignatureError(
            "IncompleteSignature",
            f"Authorization must be one header of {ALGORITHM} with Credential, SignedHeaders and Signature, "
            "and X-Amz-Date one header beside it.",
        )
    return Claim(
        access_key_id=found["key"],
        day=found["day"],
        region=found["region"],
        service=found["service"],
        signed_headers=frozenset(found["signed"].lower().split(";")),
        signature=found["signature"],
        timestamp=dates[0],
        token=tokens[0] if tokens else None,
    )


def _claim_in_query(pairs: Sequence[tuple[str, str]]) -> Claim:
    marks = [(name, value) for name, value in pairs if name.lower() in _MARKS | {_TOKEN.lower()}]
    given = dict(marks)
    scope = _CREDENTIAL.fullmatch(given.get("X-Amz-Credential", ""))
    expires = given.get(_EXPIRES, "")
    is_whole = len(given) == len(marks) and given.keys() - {_TOKEN} == {*_QUERY_NAMES, _EXPIRES}
    if (
        not is_whole
        or scope is None
        or given["X-Amz-Algorithm"] != ALGORITHM
        or not _SIGNATURE.fullmatch(given["X-Amz-Signature"])
        or not re.fullmatch(r"\d{1,6}", expires, re.ASCII)
        or not 0 < int(expires) <= LONGEST_EXPIRY_SECONDS
    ):
        raise SignatureError(
            "IncompleteSignature",
            f"A signature in the query must be of {ALGORITHM} and have each of {', '.join(_QUERY_NAMES)} "
            f"and {_EXPIRES} (1 to {LONGEST_EXPIRY_SECONDS}) once.",
        )
    return Claim(
        access_key_id=scope["key"],
        day=scope["day"],
        region=scope["region"],
        service=scope["service"],
        signed_headers=frozenset(given["X-Amz-SignedHeaders"].lower().split(";")),
        signature=given["X-Amz-Signature"],
        timestamp=given["X-Amz-Date"],
        token=given.get(_TOKEN),
        expires_seconds=int(expires),
    )


def _pairs(query: str) -> list[tuple[str, str]]:
    split = (pair.partition("=") for pair in query.split("&") if pair)
    # Bytes as characters: what is no UTF-8 comes back as it was.
    return [(unquote(name, "latin-1"), unquote(value, "latin-1")) for name, _, value in split]


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~", encoding="latin-1")
