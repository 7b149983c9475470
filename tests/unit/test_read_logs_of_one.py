"""Reading the log of one attempt or one container of a run."""

import pytest

from fargate_runs.errors import (
    AttemptNotFoundError,
    ContainerNotFoundError,
    InvalidCursorError,
    LogElsewhereError,
    LogGoneError,
    LogNotYetError,
)
from fargate_runs.ports import LoadedRun, Unreadable, UnreadableRecordError
from tests.fakes.ecs import GUARD_DUTY, RUN_ID, TASK_ID, container, task_arn
from tests.fakes.reading_logs import GROUP, OF_OTHER, OTHER, SECOND, STREAM, Logs, attempt
from tests.fakes.task_definitions import awslogs, definition


@pytest.fixture
def logs() -> Logs:
    return Logs()


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
