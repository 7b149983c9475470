"""Reading a log from its beginning on: one suite for CloudWatch Logs (on moto) and for its twin in memory."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from fargate_runs.aws.logs import CloudWatchLogPages
from fargate_runs.ports import (
    LogLine,
    LogMissingError,
    LogPage,
    LogPages,
    LogRefusedError,
    LogThrottledError,
    LogTokenError,
    LogUnavailableError,
)
from fargate_runs.runs.log import LogLocation
from tests.fakes.ecs import CANARY
from tests.fakes.logs import InMemoryLogPages

PLACE = LogLocation("/jobs/tasks", "runs/main/1", "us-east-1")
#: moto takes no line that is older than two weeks.
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
Write = Callable[..., None]


def client_in(region: str) -> Any:
    return boto3.client("logs", region_name=region, aws_access_key_id="test", aws_secret_access_key="test")


def line(number: int) -> LogLine:
    return LogLine(BEGAN + timedelta(milliseconds=number), f"line {number}")


@pytest.fixture(params=["in-memory", "aws"])
def log(request: pytest.FixtureRequest) -> Iterator[tuple[LogPages, Write]]:
    """An empty stream, and what writes lines with these numbers into it."""
    if request.param == "in-memory":
        twin = InMemoryLogPages()
        twin.add(PLACE.group, PLACE.stream)
        yield twin, lambda *numbers: twin.streams[PLACE.group][PLACE.stream].extend(map(line, numbers))
        return
    with mock_aws():
        client = client_in("us-east-1")
        client.create_log_group(logGroupName=PLACE.group)
        client.create_log_stream(logGroupName=PLACE.group, logStreamName=PLACE.stream)

        def write(*numbers: int) -> None:
            events: Any = [
                {"timestamp": round(line(each).time.timestamp() * 1_000), "message": line(each).text}
                for each in numbers
            ]
            client.put_log_events(logGroupName=PLACE.group, logStreamName=PLACE.stream, logEvents=events)

        yield CloudWatchLogPages(client), write


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = client_in("us-east-1")
    with Stubber(client) as stubber:
        yield client, stubber


def test_page_by_page_to_the_end_and_on_from_there(log: tuple[LogPages, Write]) -> None:
    pages, write = log
    write(0, 1, 2)
    first = pages.page(PLACE, 2)
    assert (first.lines, first.is_end) == ((line(0), line(1)), False)
    second = pages.page(PLACE, 2, first.token)
    assert (second.lines, second.is_end) == ((line(2),), False)
    end = pages.page(PLACE, 2, second.token)
    assert end == LogPage((), second.token, is_end=True)
    write(3)
    assert pages.page(PLACE, 2, end.token).lines == (line(3),)


def test_an_empty_stream_has_its_end_behind_its_first_page(log: tuple[LogPages, Write]) -> None:
    pages, _ = log
    first = pages.page(PLACE, 2)
    assert (first.lines, first.is_end) == ((), False)
    assert pages.page(PLACE, 2, first.token).is_end


def test_a_token_that_is_none(log: tuple[LogPages, Write]) -> None:
    with pytest.raises(LogTokenError, match=r"could not be read: InvalidParameterException$"):
        log[0].page(PLACE, 2, "made-up")


def test_no_such_group(log: tuple[LogPages, Write]) -> None:
    with pytest.raises(LogMissingError, match=r"could not be read: ResourceNotFoundException$") as raised:
        log[0].page(LogLocation("/nothing", "x", "us-east-1"), 2)
    assert raised.value.is_group


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_no_such_stream(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    """moto says of a stream that its group does not exist: AWS's own words are here."""
    twin = InMemoryLogPages()
    twin.streams[PLACE.group] = {}
    client, stubber = stubbed
    stubber.add_client_error("get_log_events", "ResourceNotFoundException", "The specified log stream does not exist.")
    pages: LogPages = twin if kind == "in-memory" else CloudWatchLogPages(client)
    with pytest.raises(LogMissingError, match=r"could not be read: ResourceNotFoundException$") as raised:
        pages.page(PLACE, 2)
    assert not raised.value.is_group


@pytest.mark.parametrize(
    ("code", "token", "kind"),
    [
        ("AccessDeniedException", None, LogRefusedError),
        ("ThrottlingException", None, LogThrottledError),
        ("InvalidParameterException", "f/1", LogTokenError),
        ("InvalidParameterException", None, LogUnavailableError),
        ("ServiceUnavailableException", "f/1", LogUnavailableError),
    ],
)
def test_errors_of_aws(
    code: str, token: str | None, kind: type[LogUnavailableError], stubbed: tuple[Any, Stubber]
) -> None:
    client, stubber = stubbed
    stubber.add_client_error("get_log_events", code, f"said of {CANARY}")
    with pytest.raises(LogUnavailableError, match=rf"could not be read: {code}$") as raised:
        CloudWatchLogPages(client).page(PLACE, 2, token)
    assert type(raised.value) is kind


def test_no_answer() -> None:
    class Silent:
        class meta:  # noqa: N801 - as the client names it
            region_name = PLACE.region

        def get_log_events(self, **_request: object) -> None:
            raise ReadTimeoutError(endpoint_url="x")

    silent: Any = Silent()
    with pytest.raises(LogUnavailableError, match="ReadTimeoutError"):
        CloudWatchLogPages(silent).page(PLACE, 2, "f/1")


def test_what_is_no_region(stubbed: tuple[Any, Stubber]) -> None:
    with pytest.raises(LogUnavailableError, match="InvalidRegionError"):
        CloudWatchLogPages(stubbed[0]).page(LogLocation(PLACE.group, PLACE.stream, "no region"), 2)


def test_what_is_asked(stubbed: tuple[Any, Stubber]) -> None:
    """From the head, in the log's own Region."""
    here = client_in("eu-west-1")
    client, stubber = stubbed
    answer = {"events": [], "nextForwardToken": "f/2", "nextBackwardToken": "b/1"}
    request = {"logGroupName": PLACE.group, "logStreamName": PLACE.stream, "limit": 7, "startFromHead": True}
    stubber.add_response("get_log_events", answer, {**request, "nextToken": "f/1"})
    found = CloudWatchLogPages(here, lambda _region: client).page(PLACE, 7, "f/1")
    assert found == LogPage((), "f/2", is_end=False)


def test_an_empty_page_before_more_lines() -> None:
    """CloudWatch Logs gives them, and so does the twin."""
    twin = InMemoryLogPages()
    twin.add(PLACE.group, PLACE.stream, "a", "b")
    twin.gaps = 1
    empty = twin.page(PLACE, 1)
    assert (empty.lines, empty.is_end) == ((), False)
    assert [each.text for each in twin.page(PLACE, 1, empty.token).lines] == ["a"]
