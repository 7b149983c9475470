"""Reading the last lines of a log, on CloudWatch Logs and in memory."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from fargate_runs.aws import clients
from fargate_runs.aws.logs import CloudWatchLogReader
from fargate_runs.ports import LogUnavailableError
from fargate_runs.runs.log import LogLocation
from tests.fakes.logs import InMemoryLogs
from tests.fakes.wire import DONE, LOST, Wire, give_keys

THROTTLED = "ThrottlingException"
PLACE = LogLocation("/jobs/tasks", "runs/main/1", "us-east-1")
REQUEST = {"logGroupName": PLACE.group, "logStreamName": PLACE.stream, "limit": 2, "startFromHead": False}


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("logs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield client, stubber


def page(*lines: str) -> dict[str, Any]:
    return {"events": [{"message": line} for line in lines], "nextBackwardToken": "back", "nextForwardToken": "on"}


def test_the_last_lines(stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response("get_log_events", page("a", "b"), REQUEST)
    assert CloudWatchLogReader(client).last_lines(PLACE, 2) == ("a", "b")


def test_an_empty_page_is_followed_by_the_one_before_it_once(stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response("get_log_events", page(), REQUEST)
    stubber.add_response("get_log_events", page("a"), {**REQUEST, "nextToken": "back"})
    assert CloudWatchLogReader(client).last_lines(PLACE, 2) == ("a",)
    stubber.add_response("get_log_events", page(), REQUEST)
    stubber.add_response("get_log_events", page(), {**REQUEST, "nextToken": "back"})
    assert CloudWatchLogReader(client).last_lines(PLACE, 2) == ()


def test_a_log_in_another_region_is_read_there(stubbed: tuple[Any, Stubber]) -> None:
    """A task definition may name one for its log."""
    here = boto3.client("logs", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
    client, stubber = stubbed
    asked: list[str] = []

    def elsewhere(region: str) -> Any:
        asked.append(region)
        return client

    stubber.add_response("get_log_events", page("a"), REQUEST)
    assert CloudWatchLogReader(here, elsewhere).last_lines(PLACE, 2) == ("a",)
    assert asked == ["us-east-1"]


def test_the_client_of_another_region(monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)
    clients.logs_in.cache_clear()
    assert clients.logs_in("eu-west-1").meta.region_name == "eu-west-1"
    assert clients.logs_in("eu-west-1") is clients.logs_in("eu-west-1")
    clients.logs_in.cache_clear()


def test_what_is_no_region_is_a_log_that_cannot_be_read(stubbed: tuple[Any, Stubber]) -> None:
    nowhere = LogLocation(PLACE.group, PLACE.stream, "no region")
    with pytest.raises(LogUnavailableError, match="InvalidRegionError"):
        CloudWatchLogReader(stubbed[0]).last_lines(nowhere, 2)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ThrottlingException", "AccessDeniedException"])
def test_a_log_that_cannot_be_read(code: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("get_log_events", code, "secret text")
    with pytest.raises(LogUnavailableError, match=f"could not be read: {code}$"):
        CloudWatchLogReader(client).last_lines(PLACE, 2)


def test_a_log_that_does_not_answer() -> None:
    class Silent:
        meta = SimpleNamespace(region_name=PLACE.region)

        def get_log_events(self, **_request: object) -> None:
            raise ReadTimeoutError(endpoint_url="x")

    silent: Any = Silent()
    with pytest.raises(LogUnavailableError, match="ReadTimeoutError"):
        CloudWatchLogReader(silent).last_lines(PLACE, 2)


def test_the_twin() -> None:
    logs = InMemoryLogs("a", "b", "c")
    assert logs.last_lines(PLACE, 2) == ("b", "c")
    logs.is_down = True
    with pytest.raises(LogUnavailableError):
        logs.last_lines(PLACE, 2)


@pytest.mark.parametrize("answers", [(DONE,), (THROTTLED, DONE), (LOST, DONE)])
def test_a_log_is_asked_for_once_more(answers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """When many tasks end at once GetLogEvents is throttled, and a result that was not read then is never read."""
    give_keys(monkeypatch)
    wire = Wire(page("a"), *answers)
    client = wire.of(clients.logs.__wrapped__(), "logs.GetLogEvents")
    assert CloudWatchLogReader(client).last_lines(PLACE, 2) == ("a",)
    assert wire.tries == len(answers)


@pytest.mark.parametrize("answer", [THROTTLED, LOST])
def test_a_log_is_not_asked_for_again_and_again(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)
    wire = Wire(page("a"), answer)
    with pytest.raises(LogUnavailableError):
        CloudWatchLogReader(wire.of(clients.logs.__wrapped__(), "logs.GetLogEvents")).last_lines(PLACE, 2)
    assert wire.tries == 2
