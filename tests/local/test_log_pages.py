"""GetLogEvents: tokens of one stream, pages of a size, and the words of CloudWatch Logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from ministack.services import cloudwatch_logs

from local.emulator.log_pages import BYTES_OF_AN_EVENT, MOST_BYTES, MOST_EVENTS, install_log_pages

GROUP, STREAM = "/jobs", "runs/main/1"


@pytest.fixture(autouse=True)
def with_two_streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cloudwatch_logs, "_get_log_events", cloudwatch_logs._get_log_events)
    cloudwatch_logs.reset()
    install_log_pages()
    cloudwatch_logs._create_log_group({"logGroupName": GROUP})
    for stream in (STREAM, "other"):
        cloudwatch_logs._create_log_stream({"logGroupName": GROUP, "logStreamName": stream})
    yield
    cloudwatch_logs.reset()


def put(*messages: str, at: int = 1_000, stream: str = STREAM) -> None:
    events = [{"timestamp": at, "message": message} for message in messages]
    cloudwatch_logs._put_log_events({"logGroupName": GROUP, "logStreamName": stream, "logEvents": events})


def asked(**more: Any) -> tuple[int, dict[str, Any]]:
    status, _, body = cloudwatch_logs._get_log_events({"logGroupName": GROUP, "logStreamName": STREAM, **more})
    answer: dict[str, Any] = json.loads(body)
    return status, answer


def page(**more: Any) -> dict[str, Any]:
    status, answer = asked(**more)
    assert status == 200, answer
    return answer


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def refused(**more: Any) -> tuple[str, str]:
    status, answer = asked(**more)
    assert status == 400
    return answer["__type"], answer["message"]


def test_forward_to_the_end_where_the_token_stays_and_goes_on_with_what_comes() -> None:
    put("a", "b", "c")
    first = page(startFromHead=True, limit=2)
    second = page(startFromHead=True, nextToken=first["nextForwardToken"])
    end = page(startFromHead=True, nextToken=second["nextForwardToken"])
    assert [texts(each) for each in (first, second, end)] == [["a", "b"], ["c"], []]
    assert end["nextForwardToken"] == second["nextForwardToken"]
    put("d")
    assert texts(page(nextToken=end["nextForwardToken"])) == ["d"]


def test_an_empty_stream_has_a_token_too() -> None:
    empty = page(startFromHead=True)
    put("a")
    assert texts(page(nextToken=empty["nextForwardToken"])) == ["a"]


def test_backward_as_before() -> None:
    put("a", "b", "c")
    newest = page(limit=2)
    assert texts(newest) == ["b", "c"]
    assert texts(page(nextToken=newest["nextBackwardToken"])) == ["a"]


@pytest.mark.parametrize(
    "token", ["x", "f/1000:1", "f", "f//", "b/", "f/1000:1/x", "/", "é", "x/{stream}/-", "f/{stream}/y"]
)
def test_garbage_is_refused(token: str) -> None:
    mark = page()["nextForwardToken"].split("/")[1]
    said = refused(nextToken=token.format(stream=mark))
    assert said == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_a_token_of_another_stream_is_refused() -> None:
    put("a", stream="other")
    token = page(logStreamName="other", startFromHead=True)["nextForwardToken"]
    assert refused(nextToken=token) == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_a_token_of_a_stream_that_was_made_anew_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = page(startFromHead=True)["nextForwardToken"]
    cloudwatch_logs._delete_log_stream({"logGroupName": GROUP, "logStreamName": STREAM})
    later = cloudwatch_logs.time.time() + 1
    monkeypatch.setattr(cloudwatch_logs.time, "time", lambda: later)
    cloudwatch_logs._create_log_stream({"logGroupName": GROUP, "logStreamName": STREAM})
    assert refused(nextToken=token)[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"limit": 0}, "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or"),
        ({"limit": MOST_EVENTS + 1}, "at 'limit' failed to satisfy constraint: Member must have value less than or"),
        ({"nextToken": ""}, "Value '' at 'nextToken' failed to satisfy constraint: Member must have length greater"),
    ],
)
def test_values_out_of_their_bounds_are_refused(changes: dict[str, Any], text: str) -> None:
    name, said = refused(**changes)
    assert name == "InvalidParameterException"
    assert said.startswith("1 validation error detected: ")
    assert text in said


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"logGroupName": "/gone"}, "The specified log group does not exist."),
        ({"logStreamName": "gone"}, "The specified log stream does not exist."),
    ],
)
def test_what_is_missing_is_said_as_aws_says_it(changes: dict[str, Any], text: str) -> None:
    assert refused(**changes) == ("ResourceNotFoundException", text)


def test_ten_thousand_events_a_page() -> None:
    put(*map(str, range(MOST_EVENTS + 1)))
    first = page(startFromHead=True)
    assert len(first["events"]) == MOST_EVENTS
    assert len(page(startFromHead=True, limit=MOST_EVENTS)["events"]) == MOST_EVENTS
    assert texts(page(nextToken=first["nextForwardToken"])) == [str(MOST_EVENTS)]


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_megabyte_a_page_in_both_directions(letter: str) -> None:
    length = MOST_BYTES // 4 - BYTES_OF_AN_EVENT
    messages = [f"{number}{letter * (length // len(letter.encode()))}" for number in range(3)]
    full = messages[0][: -1 if letter == "x" else None]
    put(*messages, full, "last")
    assert [text[0] for text in texts(page(startFromHead=True))] == ["0", "1", "2"]
    first = page(startFromHead=True)
    assert [text[0] for text in texts(page(nextToken=first["nextForwardToken"]))] == ["0", "l"]
    newest = page()
    assert [text[0] for text in texts(newest)] == ["1", "2", "0", "l"]
    assert [text[0] for text in texts(page(nextToken=newest["nextBackwardToken"]))] == ["0"]


def test_a_page_that_is_exactly_full() -> None:
    message = "x" * (MOST_BYTES // 4 - BYTES_OF_AN_EVENT)
    put(*[message] * 5)
    assert len(page(startFromHead=True)["events"]) == 4


def test_no_line_is_lost_or_doubled_while_it_is_written() -> None:
    """Many lines in the same millisecond, pages of any size, and writes between them."""
    rng = Random(1)
    written, read, token = 0, list[str](), ""
    while True:
        for _ in range(rng.randrange(3)):
            count = min(rng.randrange(2_000), 50_000 - written)
            put(*map(str, range(written, written + count)), at=1_000 + written // 5_000)
            written += count
        answer = page(startFromHead=True, limit=rng.randrange(1, 3_000), **({"nextToken": token} if token else {}))
        read += texts(answer)
        if written == 50_000 and answer["nextForwardToken"] == token:
            break
        token = answer["nextForwardToken"]
    assert read == [str(number) for number in range(50_000)]
