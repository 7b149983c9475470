"""Reading the log of a run: whose log it is, page by page to its end, and every reason why there is none."""

from typing import Any, cast

import pytest

from fargate_runs.answers import log_page
from fargate_runs.answers.cursor import cursor_of
from fargate_runs.answers.document_size import LARGEST_DOCUMENT, size_of
from fargate_runs.errors import (
    FargateRunsError,
    InvalidCursorError,
    LogElsewhereError,
    LogGoneError,
    LogNotAllowedError,
    LogNotYetError,
    RunNotFoundError,
)
from fargate_runs.ports import LogLine, LogPage, LogRefusedError, LogThrottledError, LogTokenError, LogUnavailableError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.log import LogLocation
from tests.fakes.clock import NOON
from tests.fakes.ecs import RUN_ID, TASK_ID, TOKEN
from tests.fakes.reading_logs import GROUP, OF_OTHER, OTHER, STREAM, Logs
from tests.fakes.records import pending_run
from tests.fakes.task_definitions import definition


@pytest.fixture
def logs() -> Logs:
    return Logs()


def test_a_log_is_followed_while_its_task_runs_until_it_has_ended(logs: Logs) -> None:
    logs.runs()
    logs.pages.add(GROUP, STREAM, "a", "b", "c")
    first = logs.read(limit=2)
    assert first == {
        "runId": RUN_ID,
        "attempt": None,
        "taskId": TASK_ID,
        "container": "main",
        "log": {**LogLocation(GROUP, STREAM, "us-east-1").as_json(), "region": "us-east-1"},
        "lines": [
            {"time": "2025-05-06T12:00:00.000Z", "text": "a"},
            {"time": "2025-05-06T12:00:00.001Z", "text": "b"},
        ],
        "cursor": first["cursor"],
        "isComplete": False,
    }
    second = logs.read(cursor=first["cursor"])
    assert ([each["text"] for each in second["lines"]], second["isComplete"]) == (["c"], False)
    idle = logs.read(cursor=second["cursor"])
    assert (idle["lines"], idle["cursor"], idle["isComplete"]) == ([], second["cursor"], False)
    logs.pages.add(GROUP, STREAM, "d")
    logs.ends()
    last = logs.read(cursor=idle["cursor"])
    assert ([each["text"] for each in last["lines"]], last["isComplete"]) == (["d"], True)


def test_a_log_that_fits_is_complete_at_once(logs: Logs) -> None:
    logs.ends()
    logs.pages.add(GROUP, STREAM, "a", "b")
    assert (logs.read()["isComplete"], logs.pages.reads) == (True, 2)


def test_a_full_page_may_have_more_behind_it(logs: Logs) -> None:
    logs.ends()
    logs.pages.add(GROUP, STREAM, "a", "b")
    assert (logs.read(limit=2)["isComplete"], logs.pages.reads) == (False, 1)
    assert logs.to_the_end(limit=1) == ["a", "b"]


def test_an_empty_log_is_complete_when_its_task_has_ended(logs: Logs) -> None:
    logs.runs()
    logs.pages.add(GROUP, STREAM)
    assert not logs.read()["isComplete"]
    logs.ends()
    assert logs.read()["isComplete"]


@pytest.mark.parametrize(("gaps", "first", "reads"), [(4, ["a"], 5), (5, [], 5)])
def test_empty_pages_are_passed_over_up_to_five(logs: Logs, gaps: int, first: list[str], reads: int) -> None:
    """And the caller is told to go on."""
    logs.runs()
    logs.pages.add(GROUP, STREAM, "a")
    logs.pages.gaps = gaps
    document = logs.read()
    assert ([each["text"] for each in document["lines"]], logs.pages.reads) == (first, reads)
    logs.ends()
    assert logs.to_the_end() == ["a"]


def test_who_cannot_look_behind_a_page_lets_the_caller_do_it(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.ends()
    logs.pages.add(GROUP, STREAM, "a")
    page = logs.pages.page

    def throttled_behind(location: LogLocation, limit: int, token: str | None = None) -> LogPage:
        if token:
            raise LogThrottledError("x")
        return page(location, limit, token)

    monkeypatch.setattr(logs.pages, "page", throttled_behind)
    document = logs.read()
    assert (len(document["lines"]), document["isComplete"]) == (1, False)


@pytest.mark.parametrize(
    ("has_ended", "has_group", "kind", "said"),
    [
        (False, True, LogNotYetError, f"container main of task {TASK_ID} has not logged anything yet"),
        (True, True, LogGoneError, f"container main of task {TASK_ID} never started, or its log was deleted"),
        (False, False, LogGoneError, f"log group {GROUP} of container main does not exist any more"),
        (True, False, LogGoneError, f"log group {GROUP} of container main does not exist any more"),
    ],
)
def test_no_log(logs: Logs, has_ended: bool, has_group: bool, kind: type[Exception], said: str) -> None:
    logs.pages.streams = {GROUP: {}} if has_group else {}
    logs.ends() if has_ended else logs.runs()
    with pytest.raises(kind, match=said):
        logs.read()


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (LogRefusedError("x"), LogNotAllowedError, rf"may not read log group {GROUP} \(parameter AllowedLogGroups\)"),
        (LogTokenError("x"), InvalidCursorError, "cursor: is not valid any more"),
        (LogThrottledError("too many"), LogThrottledError, "too many"),
        (LogUnavailableError("down"), LogUnavailableError, "down"),
    ],
)
def test_a_log_that_cannot_be_read(
    logs: Logs, raised: LogUnavailableError, kind: type[FargateRunsError], said: str
) -> None:
    logs.runs()
    logs.pages.fails_with = raised
    with pytest.raises(kind, match=said) as found:
        logs.read()
    assert type(found.value) is kind


def test_a_log_elsewhere(logs: Logs) -> None:
    logs.world.definitions.known[OTHER] = definition(main={"logDriver": "splunk"})
    logs.runs(**OF_OTHER)
    with pytest.raises(LogElsewhereError, match="logs with the driver splunk"):
        logs.read()
    logs.world.definitions.known.clear()
    with pytest.raises(LogElsewhereError, match="could not be read: ClientException"):
        logs.read()
    logs.world.definitions.is_down = True
    with pytest.raises(LogUnavailableError, match="could not be read: ThrottlingException"):
        logs.read()
    logs.reads_others = False
    with pytest.raises(LogElsewhereError, match="parameter AllowedLogGroups"):
        logs.read()


def test_runs_without_a_task(logs: Logs) -> None:
    with pytest.raises(RunNotFoundError):
        logs.read()
    logs.world.store.write_run(pending_run())
    for asked in ({}, {"attempt": 1}):
        with pytest.raises(LogNotYetError, match=r"no task of run .* has started yet"):
            logs.read(**cast("Any", asked))
    logs.world.end_run(ExecutionStatus.FAILED)
    with pytest.raises(LogGoneError, match="ended without a task"):
        logs.read()


class TestCursors:
    @pytest.fixture
    def cursor(self, logs: Logs) -> str:
        logs.runs()
        logs.pages.add(GROUP, STREAM, "a", "b")
        return str(logs.read(limit=1)["cursor"])

    def test_of_another_run(self, logs: Logs, cursor: str) -> None:
        with pytest.raises(InvalidCursorError, match="cursor: is of a request with other parameters"):
            logs.read(run_id="another", cursor=cursor)

    def test_of_a_task_that_has_expired(self, logs: Logs, cursor: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs.world.store, "find_task", lambda *_key: None)
        with pytest.raises(InvalidCursorError, match="cursor: is of a task that is not on record any more"):
            logs.read(cursor=cursor)

    @pytest.mark.parametrize("given", ["", "x", cursor_of(f"logs of {RUN_ID}", {"task": TASK_ID, "token": "f/1/0"})])
    def test_none_of_ours(self, logs: Logs, given: str) -> None:
        with pytest.raises(InvalidCursorError, match="cursor: is none that this API has given"):
            logs.read(cursor=given)


class TestLines:
    def test_the_task_s_own_token_is_masked_while_it_is_stored(self, logs: Logs) -> None:
        logs.runs()
        logs.pages.add(GROUP, STREAM, f"token={TOKEN} and on")
        assert logs.texts() == ["token=[task token] and on"]

    def test_half_characters_are_replaced(self, logs: Logs) -> None:
        logs.runs()
        logs.pages.add(GROUP, STREAM, "a\ud83d!")
        assert logs.texts() == ["a?!"]

    def test_a_page_that_is_too_large_is_given_in_parts(self, logs: Logs) -> None:
        logs.ends()
        lines = [str(number) + "\x00" * 100_000 for number in range(10)]
        logs.pages.add(GROUP, STREAM, *lines)
        first = logs.read()
        assert (len(first["lines"]), first["isComplete"]) == (7, False)
        assert size_of(first) < LARGEST_DOCUMENT
        assert logs.to_the_end() == lines

    @pytest.mark.parametrize("character", ["\x00", "\U0001f600", "é", '"', "a"])
    def test_what_is_shown_fits(self, character: str) -> None:
        line = LogLine(NOON, character * 500)
        one = size_of(log_page.shown([line], None))
        assert log_page.shown([line, line], None, 2 * one) == log_page.shown([line], None) * 2
        for largest in (one + 100, one, one - 2):
            assert log_page.shown([line, line], None, largest) == log_page.shown([line], None)
        for largest in (one - 3, one // 2):
            (found,) = log_page.shown([line, line], None, largest)
            text = str(found["text"])
            assert (text[:3], text[-7:]) == (character * 3, "… [cut]")
            assert size_of(found) <= largest
