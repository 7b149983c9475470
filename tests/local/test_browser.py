"""A hostile page in a real browser: it runs nothing and reads nothing, even with signatures of the runtime's own key.

What the same page does to a server without a door is looked at first: a test of a page that tries nothing would pass.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import faults_client
from local.access import SERVICE, secret_of
from tests.browsers import REBOUND, Attempt, chromium, serving, text_of_page, what_a_page_sees
from tests.contract.conftest import Aws, prepared
from tests.runtimes import bare_runtime, client_settings

REGION = "us-east-1"
RUN_TASK = "AmazonEC2ContainerServiceV20141113.RunTask"
FAULT = '{"kind": "no-capacity", "count": 1}'
#: The kinds by which a browser asks nobody before it sends.
SIMPLE = ("fetch", "xhr", "img", "script", "link", "frame", "form", "beacon", "events", "socket")


@pytest.fixture(scope="module", autouse=True)
def _browser() -> None:
    chromium()


def link(url: str, secret: str, service: str, method: str = "GET", body: str = "") -> str:
    """An address that says who signed it, as anybody can make who has the secret."""
    request = AWSRequest(method, url)
    signer = SigV4QueryAuth(Credentials("test", secret), service, REGION, expires=600)
    signer.add_auth(request)
    return str(request.url)


def attempts_at(endpoint: str, secret: str) -> list[Attempt]:
    """What a page can try, each with a name of its own: what gets through makes a user of that name, or a fault."""
    found = []
    for host in ("127.0.0.1", "localhost", REBOUND):
        base = endpoint.replace("127.0.0.1", host)
        for kind in SIMPLE:
            name = f"{kind}-{host}"
            user = link(f"{base}/?Action=CreateUser&Version=2010-05-08&UserName={name}", secret, "iam")
            is_post = kind in {"form", "beacon"}
            fault = link(f"{base}/_local/faults", secret, SERVICE, "POST", FAULT)
            body = FAULT if is_post else None
            found.append(Attempt(name, kind, fault if is_post else user, body=body))
        found += [
            Attempt(f"plain-{host}", "fetch", f"{base}/_local/faults", "POST", body=FAULT),
            Attempt(f"reset-{host}", "fetch", f"{base}/_ministack/reset", "POST", body=""),
            Attempt(f"read-{host}", "fetch", f"{base}/_local/status", mode="cors"),
            Attempt(f"read-frame-{host}", "frame", f"{base}/_local/status"),
            Attempt(f"delete-{host}", "fetch", f"{base}/_local/faults", "DELETE", "cors"),
            Attempt(
                f"preflight-{host}",
                "fetch",
                link(f"{base}/", secret, "ecs", "POST"),
                "POST",
                "cors",
                {"X-Amz-Target": RUN_TASK, "Content-Type": "application/x-amz-json-1.1"},
                json.dumps({"cluster": "contract", "taskDefinition": "evil"}),
            ),
            Attempt(f"api-{host}", "fetch", f"{base}/_aws/execute-api/abc/v1/runs", "POST", body='{"commands": ["x"]}'),
        ]
    return found


def readable(seen: dict[str, str]) -> dict[str, str]:
    """The attempts of which the page could read an answer, or hold a connection."""
    return {name: what for name, what in seen.items() if what.startswith("read: ") or what == "open"}


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    """To a server that refuses nothing, every attempt comes, or the question whether it may."""
    got: list[str] = []

    def answer(path: str, body: bytes) -> bytes:
        got.append(path)
        return b"{}"

    with serving(answer) as endpoint:
        attempts = attempts_at(endpoint, "test")
        seen = what_a_page_sees(attempts, tmp_path)

    assert set(seen) == {one.name for one in attempts}
    assert missing(attempts, got) == []


def missing(attempts: Sequence[Attempt], got: Sequence[str]) -> list[str]:
    """The attempts of which nothing came."""
    return [one.name for one in attempts if not any(one.url.endswith(path) for path in got)]


@pytest.mark.parametrize("secret", ["test", "the runtime's own"])
def test_a_hostile_page_runs_nothing_and_reads_nothing(tmp_path: Path, secret: str) -> None:
    with bare_runtime(tmp_path / "runtime") as endpoint:
        aws = prepared(endpoint)
        before = state_of(aws)
        used = secret_of(endpoint) if secret != "test" else secret

        seen = what_a_page_sees(attempts_at(endpoint, used), tmp_path / "profile")

        assert state_of(aws) == before
        assert readable(seen) == {}
        assert {seen[name] for name in seen if name.startswith(("img", "script", "link", "socket"))} == {"error"}
        # What it tried is right but for where it comes from.
        made = boto3.client("iam", **client_settings(endpoint))
        made.create_user(UserName="img-127.0.0.1")
        assert state_of(aws) != before


def state_of(aws: Aws) -> dict[str, object]:
    """Everything that an attempt would change."""
    users = boto3.client("iam", **client_settings(aws.endpoint)).list_users()["Users"]
    return {
        "users": [user["UserName"] for user in users],
        "faults": faults_client.armed(aws.endpoint),
        "clusters": aws.ecs.list_clusters()["clusterArns"],
        "tasks": aws.living(),
    }


@pytest.mark.parametrize("path", ["/_local/status", "/_local/faults", "/"])
def test_a_name_that_points_here_shows_nothing(tmp_path: Path, path: str) -> None:
    with bare_runtime(tmp_path / "runtime") as endpoint:
        url = link(endpoint.replace("127.0.0.1", REBOUND) + path, secret_of(endpoint), SERVICE)

        assert "loopback names with its own port only" in text_of_page(url, tmp_path / "profile")


def test_an_address_that_is_typed_changes_nothing(tmp_path: Path) -> None:
    with bare_runtime(tmp_path / "runtime") as endpoint:
        aws = prepared(endpoint)
        query = "/?Action=CreateUser&Version=2010-05-08&UserName=typed"
        text_of_page(link(f"{endpoint}{query}", secret_of(endpoint), "iam"), tmp_path / "profile")

        assert state_of(aws)["users"] == []
