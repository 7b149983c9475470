"""The API for JSON web tokens, with an issuer and keys of this test: who is let in, and to which routes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Stack
from tests.issuer import Issuer

JOB = {"pattern": "callback", "commands": ["sleep", "600"]}
WRONG: dict[str, Callable[[Issuer], str]] = {
    "none": lambda _: "",
    "no token": lambda _: "jane",
    "another audience": lambda issuer: issuer.token(aud="others"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "another issuer": lambda issuer: issuer.token(iss=f"{issuer.url}/others"),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "not valid yet": lambda issuer: issuer.token(nbf=int(time.time()) + 600),
    "by another key": Issuer.forged,
    "not signed": Issuer.unsigned,
    "signed with the public key": Issuer.signed_with_the_public_key,
}


def call(stack: Stack, token: str, method: str, path: str, body: Any = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = stack.status.outputs["JwtApiUrl"] + path
        return session.request(method, url, json=body, headers=headers, timeout=60)


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG)
def test_no_other_token_is_let_in(stack: Stack, issuer: Issuer, token: Callable[[Issuer], str]) -> None:
    answer = call(stack, token(issuer), "GET", "/runs")
    assert (answer.status_code, answer.json().keys()) == (401, {"message"})


def test_a_reader_reads_and_no_more(stack: Stack, issuer: Issuer) -> None:
    reader = issuer.token(scope="openid runs/read")
    assert call(stack, reader, "GET", "/runs?limit=1&status=FAILED").status_code == 200
    missing = call(stack, reader, "GET", "/runs/20200101T000000-00000000")
    assert (missing.status_code, missing.json()["error"]) == (404, "Run.NotFound")
    assert missing.headers["Content-Type"] == "application/problem+json"
    for path in ("/runs", "/runs/a/stop", "/runs/a/rerun"):
        assert call(stack, reader, "POST", path, JOB).status_code == 403
    assert call(stack, issuer.token(scope=None), "GET", "/runs").status_code == 403


def test_a_writer_starts_shows_and_stops_a_run_in_its_own_name(stack: Stack, issuer: Issuer) -> None:
    writer = issuer.token(scope="runs/write", sub="nightly", email="jane@example.org")
    started = call(stack, writer, "POST", "/runs", JOB)
    assert started.status_code == 202, started.text
    run_id = started.json()["runId"]
    assert call(stack, writer, "GET", f"/runs/{run_id}").json()["runId"] == run_id
    stopped = call(stack, writer, "POST", f"/runs/{run_id}/stop", {"reason": "enough"})
    assert (stopped.status_code, stopped.json()["stopRequest"]["by"]) == (202, "nightly")
    assert stack.ended_run(run_id)["status"] == "STOPPED"


def test_a_wrong_query_is_named_at_this_door_too(stack: Stack, issuer: Issuer) -> None:
    answer = call(stack, issuer.token(), "GET", "/runs?limit=1&limit=0&state=x")
    assert answer.status_code == 400
    assert {each["field"] for each in answer.json()["problems"]} == {"limit", "state"}


def test_a_token_opens_nothing_at_the_api_for_signed_calls(stack: Stack, issuer: Issuer) -> None:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {issuer.token(scope='runs/write')}"}
        assert session.get(stack.status.outputs["ApiUrl"] + "/runs", headers=headers, timeout=60).status_code == 403
