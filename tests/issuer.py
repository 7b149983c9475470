"""An issuer of JSON web tokens (OpenID Connect) on this machine, with RSA keys of its own."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

AUDIENCE = "jobs"
AN_HOUR_SECONDS = 3_600
KEY_ID = "first"


def new_key() -> rsa.RSAPrivateKey:
    """A key of the smallest size that is in use."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass(frozen=True)
class Issuer:
    """Makes tokens. `url` has its configuration and its public key."""

    url: str
    key: rsa.RSAPrivateKey = field(default_factory=new_key, repr=False)

    def token(self, **changes: object) -> str:
        """A valid token with these claims changed; one that is None is left out."""
        return self.signed(self._claims(changes), self.key)

    def signed(self, claims: Mapping[str, object], key: rsa.RSAPrivateKey) -> str:
        """A token with the issuer's key id in it, by whatever key it is signed."""
        text = f"{_json({'alg': 'RS256', 'kid': KEY_ID, 'typ': 'JWT'})}.{_json(claims)}"
        return f"{text}.{_encoded(key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"

    def forged(self) -> str:
        """A token whose claims are right, by a key that only says it is the issuer's."""
        return self.signed(self._claims({}), new_key())

    def unsigned(self) -> str:
        """A token without a signature."""
        return f"{_json({'alg': 'none', 'kid': KEY_ID})}.{_json(self._claims({}))}."

    def signed_with_the_public_key(self) -> str:
        """A token of the kind HS256 whose secret is what everybody may read."""
        text = f"{_json({'alg': 'HS256', 'kid': KEY_ID})}.{_json(self._claims({}))}"
        secret = _number(self.key.public_key().public_numbers().n).encode()
        return f"{text}.{_encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    def documents(self) -> dict[str, dict[str, object]]:
        """What it serves, by path."""
        numbers = self.key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "kid": KEY_ID,
            "use": "sig",
            "alg": "RS256",
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key]},
        }

    def _claims(self, changes: Mapping[str, object]) -> dict[str, object]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "jane",
            "iat": now - 1,
            "exp": now + AN_HOUR_SECONDS,
            "scope": "runs/read",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}


@contextlib.contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer that answers until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = issuer.documents().get(self.path)
            self.send_response(404 if document is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield issuer
        server.shutdown()


def _json(document: Mapping[str, object]) -> str:
    return _encoded(json.dumps(document).encode())


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
