"""Reading the log of a run: whose log it is, page by page to its end, and every reason why there is none."""

from typing import Any, cast

import pytest

from fargate_runs.answers import log_page
from fargate_runs.answers.cursor import cursor_of
from fargate_runs.answers.document_size import LARGEST_DOCUMENT, size_of
from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.errors import (
    AttemptNotFoundError,
    ContainerNotFoundError,
    FargateRunsError,
    InvalidCursorError,
    LogElsewhereError,
    LogGoneError,
    LogNotAllowedError,
    LogNotYetError,
    RunNotFoundError,
)
from fargate_runs.ports import (
    LoadedRun,
    LogLine,
    LogPage,
    LogRefusedError,
    LogThrottledError,
    LogTokenError,
    LogUnavailableError,
    Unreadable,
    UnreadableRecordError,
)
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.log import LogLocation
from fargate_runs.runs.log_request import LogRequest
from fargate_runs.usecases.read_logs import ReadLogs
from tests.fakes.clock import NOON
from tests.fakes.ecs import (
    GUARD_DUTY,
    MACHINES,
    RUN_ID,
    TASK_ID,
    TOKEN,
    container,
    detail,
    life,
    overrides,
    task_arn,
)
from tests.fakes.logs import InMemoryLogPages
from tests.fakes.records import pending_run
from tests.fakes.settling import LOG_PLACE, World
from tests.fakes.task_definitions import awslogs, definition

GROUP = "/jobs/tasks"
STREAM = f"runs/main/{TASK_ID}"
OTHER = "arn:aws:ecs:us-east-1:123456789012:task-definition/other:3"
OF_OTHER: dict[str, Any] = {"taskDefinitionArn": OTHER}
SECOND = TASK_ID[:-1] + "e"
Document = dict[str, Any]


class Logs:
    """The world with the use case on it, and a task of it that runs or has ended."""

    def __init__(self) -> None:
        self.world = World()
        self.pages = InMemoryLogPages()
        self.reads_others = True

    def read(self, run_id: str = RUN_ID, **asked: Any) -> Document:
        definitions = self.world.definitions if self.reads_others else None
        use_case = ReadLogs(self.world.store, self.pages, TaskLogs(self.world.logs, LOG_PLACE, definitions), MACHINES)
        return use_case(LogRequest(run_id, **asked))

    def texts(self, **asked: Any) -> list[str]:
        return [line["text"] for line in self.read(**asked)["lines"]]

    def to_the_end(self, **asked: Any) -> list[str]:
        """All lines, with as many requests as it takes until an answer is complete."""
        document = self.read(**asked)
        found = document["lines"]
        while not document["isComplete"]:
            document = self.read(**asked, cursor=document["cursor"])
            found = [*found, *document["lines"]]
        return [line["text"] for line in found]

    def runs(self, **changes: Any) -> None:
        self.world.settle({**life()[2], **changes})

    def ends(self, **changes: Any) -> None:
        self.world.settle(detail(**changes))


@pytest.fixture
def logs() -> Logs:
    return Logs()


def attempt(number: int | None, task_id: str, created: str = "2025-05-06T11:02:13Z", **more: Any) -> dict[str, Any]:
    """A task with this RUN_ATTEMPT."""
    given = overrides()
    if number:
        given["containerOverrides"][-1]["environment"].append({"name": "RUN_ATTEMPT", "value": str(number)})
    arn = task_arn().replace(TASK_ID, task_id)
    return {"taskArn": arn, "createdAt": created, "overrides": given, **more}


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


class TestAttempts:
    @pytest.fixture
    def logs(self, logs: Logs) -> Logs:
        """Two tasks, the first of which has ended."""
        logs.ends(**attempt(1, TASK_ID))
        logs.runs(**attempt(2, SECOND, "2025-05-06T12:00:00Z"))
        logs.pages.add(GROUP, STREAM, "of the first")
        logs.pages.add(GROUP, f"runs/main/{SECOND}", "of the second")
        return logs

    def test_the_newest_by_default_and_any_by_its_number(self, logs: Logs) -> None:
        newest = logs.read()
        assert (newest["attempt"], newest["taskId"], newest["isComplete"]) == (2, SECOND, False)
        assert logs.texts() == logs.texts(attempt=2) == ["of the second"]
        first = logs.read(attempt=1)
        assert (first["attempt"], first["taskId"], first["isComplete"]) == (1, TASK_ID, True)
        assert logs.texts(attempt=1) == ["of the first"]

    def test_one_that_is_not_there(self, logs: Logs) -> None:
        with pytest.raises(AttemptNotFoundError, match="has no attempt 3; its attempts are 1, 2"):
            logs.read(attempt=3)

    def test_of_two_with_one_number_the_newest(self, logs: Logs) -> None:
        third = TASK_ID[:-1] + "d"
        logs.runs(**attempt(2, third, "2025-05-06T13:00:00Z"))
        logs.pages.add(GROUP, f"runs/main/{third}", "started twice")
        assert logs.texts(attempt=2) == ["started twice"]

    def test_a_cursor_alone_stays_at_its_attempt(self, logs: Logs) -> None:
        cursor = logs.read(attempt=1)["cursor"]
        logs.pages.add(GROUP, STREAM, "late")
        assert logs.texts(cursor=cursor) == logs.texts(cursor=cursor, attempt=1, container="main") == ["late"]

    def test_a_cursor_of_another_attempt(self, logs: Logs) -> None:
        cursor = logs.read(attempt=1)["cursor"]
        with pytest.raises(InvalidCursorError, match="cursor: is of another attempt"):
            logs.read(cursor=cursor, attempt=2)

    def test_one_that_cannot_be_read_may_be_the_one(self, logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
        loaded = logs.world.store.load_run(RUN_ID)
        broken = replace_unreadable(loaded, Unreadable(RUN_ID, "x", "status: NEW"))
        monkeypatch.setattr(logs.world.store, "load_run", lambda _run_id: broken)
        assert logs.texts(attempt=1) == ["of the first"]
        with pytest.raises(UnreadableRecordError, match="NEW"):
            logs.read(attempt=3)


def replace_unreadable(loaded: LoadedRun, *unreadable: Unreadable) -> LoadedRun:
    return loaded._replace(unreadable=unreadable)


def test_tasks_without_a_number(logs: Logs) -> None:
    logs.runs()
    with pytest.raises(AttemptNotFoundError, match="has no attempt 1; none of its tasks has a number"):
        logs.read(attempt=1)


class TestContainers:
    @pytest.fixture
    def logs(self, logs: Logs) -> Logs:
        """A task of another definition, with two containers that log."""
        logs.world.definitions.known[OTHER] = definition(main=awslogs(), side=awslogs(prefix="of-side"))
        logs.runs(**OF_OTHER)
        logs.pages.add("/others", f"app/main/{TASK_ID}", "of main")
        logs.pages.add("/others", f"of-side/side/{TASK_ID}", "of side")
        return logs

    def test_the_main_one_by_default_and_any_by_its_name(self, logs: Logs) -> None:
        assert logs.read()["container"] == "main"
        assert logs.texts() == logs.texts(container="main") == ["of main"]
        side = logs.read(container="side")
        assert (side["container"], side["log"]["stream"]) == ("side", f"of-side/side/{TASK_ID}")
        logs.pages.add("/others", f"of-side/side/{TASK_ID}", "more")
        assert logs.texts(cursor=side["cursor"]) == ["more"]

    @pytest.mark.parametrize("name", ["nobody", GUARD_DUTY])
    def test_one_that_is_not_there(self, logs: Logs, name: str) -> None:
        with pytest.raises(ContainerNotFoundError, match=f"container '{name}'; there is main, side"):
            logs.read(container=name)

    def test_a_cursor_of_another_container(self, logs: Logs) -> None:
        cursor = logs.read(container="side")["cursor"]
        with pytest.raises(InvalidCursorError, match="cursor: is of another container"):
            logs.read(cursor=cursor, container="main")

    def test_one_that_never_began(self, logs: Logs) -> None:
        del logs.pages.streams["/others"][f"of-side/side/{TASK_ID}"]
        with pytest.raises(LogNotYetError, match=r"container side .* has not logged"):
            logs.read(container="side")
        logs.ends(**OF_OTHER)
        with pytest.raises(LogGoneError, match=r"container side .* never started, or its log was deleted"):
            logs.read(container="side")

    def test_the_main_one_is_found_although_its_place_was_not_known_at_first(self, logs: Logs) -> None:
        second = {"taskArn": task_arn().replace(TASK_ID, SECOND), **OF_OTHER, "createdAt": "2025-05-06T12:00:00Z"}
        logs.world.definitions.is_down = True
        logs.runs(**second)
        logs.world.definitions.is_down = False
        logs.pages.add("/others", f"app/main/{SECOND}", "found")
        assert logs.texts() == logs.texts(container="main") == ["found"]


class TestContainersOfTheStacksOwnDefinition:
    """Which there are is not known where task definitions are not read."""

    @pytest.fixture
    def logs(self, logs: Logs) -> Logs:
        logs.reads_others = False
        logs.pages.add(GROUP, STREAM, "of main")
        logs.pages.add(GROUP, f"runs/side/{TASK_ID}", "of side")
        logs.runs()
        return logs

    def test_one_that_logs(self, logs: Logs) -> None:
        assert logs.texts(container="side") == ["of side"]

    def test_one_that_is_not_there_is_known_at_the_end(self, logs: Logs) -> None:
        with pytest.raises(LogNotYetError):
            logs.read(container="nobody")
        logs.ends()
        with pytest.raises(ContainerNotFoundError, match="container 'nobody'; there is main"):
            logs.read(container="nobody")

    def test_the_one_that_was_to_blame_is_known(self, logs: Logs) -> None:
        logs.ends(containers=[container(exit_code=137), container("side", 3)], stopCode="EssentialContainerExited")
        assert logs.texts(container="side") == ["of side"]
        logs.pages.streams[GROUP].clear()
        with pytest.raises(LogGoneError):
            logs.read(container="side")

    def test_one_of_aws_own(self, logs: Logs) -> None:
        with pytest.raises(LogElsewhereError, match="is AWS's own"):
            logs.read(container=GUARD_DUTY)


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
