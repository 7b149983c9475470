"""Signed calls of the API, by its owner or by a role that may call some of it."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import boto3
import requests
from botocore.credentials import Credentials

from cli.signing import SignedCall
from cli.target import local_target
from tests.e2e.conftest import Stack
from tests.runtimes import client_settings

Answer = tuple[int, Any]


class Api:
    """The routes of the API. `seen` is every answer, as text."""

    def __init__(self, stack: Stack, credentials: Credentials | None = None) -> None:
        target = local_target(stack.status)
        self._address = target.api_url
        self._session = requests.Session()
        self._session.auth = SignedCall(credentials or target.credentials(), target.region)
        self._session.trust_env = False
        self.seen: list[str] = []

    def get(self, *path: str, **query: Any) -> Answer:
        """GET; gives status and body."""
        return self._call("GET", path, params=query)

    def post(self, *path: str, body: Any = None, key: str | None = None) -> Answer:
        """POST; gives status and body."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": key} if key else {})

    def _call(self, method: str, path: tuple[str, ...], **more: Any) -> Answer:
        address = "/".join([self._address, *(quote(part, safe="") for part in path)])
        answer = self._session.request(method, address, timeout=60, **more)
        self.seen.append(answer.text)
        return answer.status_code, answer.json()


def reader(stack: Stack) -> Credentials:
    """The credentials of a role that may GET, and nothing else."""
    settings = client_settings(stack.status.endpoint)
    iam, name = boto3.client("iam", **settings), f"reader-{uuid.uuid4().hex[:8]}"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    api, stage = local_target(stack.status).api_url.rstrip("/").split("/")[-2:]
    reading = f"arn:aws:execute-api:us-east-1:000000000000:{api}/{stage}/GET/*"
    allowed = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": reading}
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=json.dumps({"Statement": [allowed]}))
    key = boto3.client("sts", **settings).assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
