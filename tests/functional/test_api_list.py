"""GET /runs, from the request to the reply."""

import base64
import json
from typing import Any

import pytest

from fargate_runs.aws import clients, run_lists
from tests.fakes.ecs import RUN_ID, container, event, life
from tests.functional.conftest import Stack
from tests.functional.requests import request
from tests.functional.test_documents import check

BODY = {"commands": ["job"]}


def get(stack: Stack, **query: Any) -> tuple[int, Any]:
    asked = {name: [str(value)] for name, value in query.items()}
    reply = stack.api({**request("GET", "/runs"), "multiValueQueryStringParameters": asked or None})
    return reply["statusCode"], json.loads(reply["body"])


def listed(stack: Stack, **query: Any) -> list[str]:
    status, answer = get(stack, **query)
    assert status == 200
    check("RunList", answer)
    return [row["runId"] for row in answer["runs"]]


def start(stack: Stack, pattern: str = "callback") -> str:
    reply = stack.api(request("POST", "/runs", {**BODY, "pattern": pattern}))
    return str(json.loads(reply["body"])["runId"])


def test_nothing(stack: Stack) -> None:
    assert get(stack) == (200, {"runs": [], "cursor": None})


def test_a_row_has_what_people_look_for(stack: Stack) -> None:
    for each in life(containers=[container(exit_code=3)]):
        stack.task_state_change(event(each))
    _, answer = get(stack)
    (row,) = answer["runs"]
    check("RunRow", row)
    assert row["runId"] == RUN_ID
    assert row["createdAt"]


def test_filters(stack: Stack) -> None:
    callback, sync = start(stack), start(stack, "sync")
    assert set(listed(stack)) == {callback, sync}
    assert listed(stack, pattern="sync") == [sync]
    assert set(listed(stack, status="PENDING")) == {callback, sync}
    assert listed(stack, status="FAILED") == []
    assert listed(stack, idPrefix=callback) == [callback]
    assert listed(stack, until="2020-01-01T00:00:00Z") == []
    assert set(listed(stack, since="2020-01-01T00:00:00+02:00")) == {callback, sync}


def test_pages(stack: Stack) -> None:
    started = {start(stack) for _ in range(5)}
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2, "status": "PENDING"}
    while True:
        _, answer = get(stack, **query)
        found.extend(row["runId"] for row in answer["runs"])
        if not answer["cursor"]:
            break
        query["cursor"] = answer["cursor"]
    assert (len(found), set(found)) == (5, started)


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"status": "DONE"}, "status", "must be one of PENDING, QUEUED, RUNNING"),
        ({"pattern": "async"}, "pattern", "must be one of request-response"),
        ({"since": "yesterday"}, "since", "must be a time with its offset"),
        ({"since": "2026-11-30T00:00:00"}, "since", "must be a time with its offset"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until", "must be a time with its offset"),
        ({"since": "2026-11-30T00:00:00Z", "until": "2026-11-29T00:00:00Z"}, "until", "is before since"),
        ({"limit": 0}, "limit", "must be a whole number from 1 to 100"),
        ({"limit": 101}, "limit", "must be a whole number from 1 to 100"),
        ({"limit": "9" * 5_000}, "limit", "must be a whole number from 1 to 100"),
        ({"limit": "²"}, "limit", "must be a whole number from 1 to 100"),
        ({"idPrefix": ""}, "idPrefix", "must have 1 to 128 characters"),
        ({"cursor": "x"}, "cursor", "is none that this API has given"),
        ({"cursor": "é" * 10}, "cursor", "is none that this API has given"),
        ({"order": "asc"}, "order", "is not known; the parameters are status, pattern"),
    ],
)
def test_what_is_wrong_is_named(stack: Stack, query: dict[str, Any], field: str, said: str) -> None:
    status, answer = get(stack, **query)
    assert (status, answer["error"]) == (400, "Request.Invalid")
    (problem,) = answer["problems"]
    assert problem["field"] == field
    assert said in problem["detail"]


def test_all_that_is_wrong_is_named_at_once(stack: Stack) -> None:
    _, answer = get(stack, status="DONE", limit=0, order="asc")
    assert {each["field"] for each in answer["problems"]} == {"status", "limit", "order"}


def test_a_parameter_that_is_given_twice(stack: Stack) -> None:
    twice = {"limit": ["1", "2"]}
    reply = stack.api({**request("GET", "/runs"), "multiValueQueryStringParameters": twice})
    assert json.loads(reply["body"])["problems"] == [{"field": "limit", "detail": "is given 2 times; give it once"}]


def test_a_cursor_of_another_list_is_refused(stack: Stack) -> None:
    for _ in range(2):
        start(stack)
    _, first = get(stack, limit=1)
    status, answer = get(stack, limit=1, status="PENDING", cursor=first["cursor"])
    assert (status, answer["problems"][0]["field"]) == (400, "cursor")
    assert "other parameters" in answer["problems"][0]["detail"]
    assert get(stack, limit=2, cursor=first["cursor"])[0] == 200


def _forged(cursor: str, change: Any) -> str:
    version, digest, place = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    return base64.urlsafe_b64encode(json.dumps(change(version, digest, place)).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "change",
    [
        lambda _version, digest, place: [2, digest, place],
        lambda version, digest, _place: [version, digest, {}],
        lambda version, digest, _place: [version, digest, {"pk": 7}],
        lambda version, digest, _place: [version, digest, {"pk": "RUN#x"}],
        lambda version, digest, place: [version, digest, {**place, "more": "x"}],
        lambda version, digest, place: [version, digest, place, 4],
        lambda *_: {"a": 1},
        lambda *_: 7,
    ],
)
def test_a_forged_cursor_is_refused(stack: Stack, change: Any) -> None:
    for _ in range(2):
        start(stack)
    _, first = get(stack, limit=1)
    status, answer = get(stack, limit=1, cursor=_forged(first["cursor"], change))
    assert (status, answer["problems"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize(
    ("query", "most"),
    [({}, 1), ({"status": "PENDING"}, 1), ({"pattern": "sync"}, 2), ({"idPrefix": "2"}, 1), ({"limit": 1}, 1)],
)
def test_a_page_is_one_query_or_two(
    stack: Stack, query: dict[str, Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the table has: of the pattern there is nothing, so all of it would have to be read."""
    monkeypatch.setattr(run_lists, "FILTERED_PAGE", 2)
    for _ in range(8):
        start(stack)
    asked: list[str] = []
    # The client is that of this module: without an id, it is no other test's list.
    clients.dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name))
    assert get(stack, **query)[0] == 200
    assert asked.count("Query") == most
    assert len(asked) <= most + 1  # a list by id reads its rows by one BatchGetItem
