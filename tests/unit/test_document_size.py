"""A run of many attempts and large results is shown within one answer of Lambda."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_runs.answers.document_size import LARGEST_DOCUMENT, LEFT_OUT, Document, fitted, size_of
from fargate_runs.runs.log import LARGEST_RESULT, Result
from fargate_runs.usecases.show_run import ShowRun
from tests.fakes.ecs import MACHINES, RUN_ID, detail, task_arn
from tests.fakes.records import changed, ended_task, pending_run
from tests.fakes.settling import PRICES
from tests.fakes.store import InMemoryRunStore

LAMBDA_TAKES = 6_291_556
CREATED = detail()["createdAt"]


def shown(number: int, result: Result) -> Document:
    store = InMemoryRunStore()
    store.write_run(pending_run())
    for n in range(number):
        one = ended_task(taskArn=task_arn(f"{n:032x}"))
        made = one.created_at
        assert made
        times = replace(one.task.timeline, created_at=made + timedelta(seconds=n))
        store.write_task(changed(one, timeline=times, result=result))
    return ShowRun(store, MACHINES, PRICES)(RUN_ID)


def attempts_of(document: Document) -> list[Document]:
    attempts = document["attempts"]
    assert isinstance(attempts, list)
    return attempts


@pytest.mark.parametrize("sign", ["x", '"', "🚢"])
def test_many_large_results(sign: str) -> None:
    text = sign * ((LARGEST_RESULT - 100) // (len(json.dumps(sign, ensure_ascii=False).encode()) - 2))
    document = shown(40, Result(json.dumps({"text": text}, ensure_ascii=False)))
    assert len(json.dumps({"body": json.dumps(document)})) < LAMBDA_TAKES
    attempts = attempts_of(document)
    with_result = [each["result"] is not None for each in attempts]
    assert (len(attempts), document["attemptsLeftOut"]) == (40, 0)
    assert with_result == sorted(with_result), "the newest ones have theirs"
    assert with_result[-1]
    assert not with_result[0]
    assert {each["resultNote"] for each in attempts if each["result"] is None} == {LEFT_OUT}
    assert all(each["log"] for each in attempts)


def test_thousands_of_attempts() -> None:
    document = shown(5_000, Result('{"rows":3}'))
    assert len(json.dumps({"body": json.dumps(document)})) < LAMBDA_TAKES
    attempts = attempts_of(document)
    assert document["attemptsLeftOut"] == 5_000 - len(attempts) > 0
    assert [each["taskId"] for each in attempts] == [f"{n:032x}" for n in range(5_000 - len(attempts), 5_000)]


def test_what_fits_is_whole() -> None:
    document = shown(3, Result('{"rows":3}', "a note"))
    assert document["attemptsLeftOut"] == 0
    assert [(each["result"], each["resultNote"]) for each in attempts_of(document)] == [({"rows": 3}, "a note")] * 3


def attempt(name: str, result: object = None) -> Document:
    return {"taskId": name, "result": result, "resultNote": None}


def test_the_room_is_used_to_the_last_character() -> None:
    attempts = [attempt("old", "r" * 200), attempt("new", "r" * 200)]
    base = size_of({"a": 1, "attempts": [], "attemptsLeftOut": 2})
    bare = size_of({"taskId": "new", "result": None, "resultNote": LEFT_OUT})
    whole = size_of(attempts[0])

    def fits(room: int) -> tuple[list[bool], object]:
        found = fitted({"a": 1}, attempts, base + room)
        return [each["result"] is not None for each in attempts_of(found)], found["attemptsLeftOut"]

    assert fits(2 * whole) == ([True, True], 0)
    assert fits(2 * whole - 1) == ([False, True], 0)
    assert fits(whole + bare) == ([False, True], 0)
    assert fits(whole + bare - 1) == ([False, False], 0)
    assert fits(2 * bare) == ([False, False], 0)
    assert fits(2 * bare - 1) == ([False], 1)
    assert fits(bare - 1) == ([], 2)


def test_the_limit_leaves_room_for_the_rest_of_the_answer() -> None:
    assert LARGEST_DOCUMENT < LAMBDA_TAKES - 1_000_000


def test_attempts_that_cannot_be_read_are_counted() -> None:
    store = InMemoryRunStore()
    store.write_run(pending_run())
    store.write_task(ended_task())
    assert ShowRun(store, MACHINES, PRICES)(RUN_ID)["unreadableAttempts"] == 0
    store.unreadable[RUN_ID, "f" * 32] = "of another version"
    assert ShowRun(store, MACHINES, PRICES)(RUN_ID)["unreadableAttempts"] == 1
