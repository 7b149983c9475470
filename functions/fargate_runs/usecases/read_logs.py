"""Read the log of a run's container, from its beginning or from a cursor on."""

from dataclasses import dataclass
from typing import Final

from fargate_runs.answers.cursor import cursor_of, place_of
from fargate_runs.answers.log_page import shown
from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.errors import (
    AttemptNotFoundError,
    ContainerNotFoundError,
    InvalidCursorError,
    LogElsewhereError,
    LogGoneError,
    LogNotAllowedError,
    LogNotYetError,
)
from fargate_runs.ports import (
    LogMissingError,
    LogPage,
    LogPages,
    LogRefusedError,
    LogTokenError,
    LogUnavailableError,
    RunStore,
    UnreadableRecordError,
)
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.runs.log import LogLocation
from fargate_runs.runs.log_request import LogRequest
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.whole_run import whole_run

_MOST_EMPTY_PAGES: Final = 5  # GetLogEvents has a quota (fact B36); the caller asks on
_EXPIRED: Final = "is not valid any more, or was never (it is for 24 hours); ask without it"
Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Source:
    """A container's log, and from where on it is read. `is_known` is true if the task surely has that container."""

    record: TaskRecord
    location: LogLocation
    token: str | None
    is_known: bool

    @property
    def container(self) -> str:
        """Its name."""
        return self.location.container


class ReadLogs:
    """The use case."""

    def __init__(self, store: RunStore, pages: LogPages, logs: TaskLogs, state_machines: StateMachines) -> None:
        self._store = store
        self._pages = pages
        self._logs = logs
        self._state_machines = state_machines

    def __call__(self, request: LogRequest) -> Document:
        """Return lines with their times, oldest first, and a cursor that reads on behind them.

        `isComplete` is true if the task has ended and nothing is behind these lines. `attempt` is RUN_ATTEMPT.

        Raises RunNotFoundError, AttemptNotFoundError, ContainerNotFoundError, NoLogError, InvalidCursorError,
        LogUnavailableError, UnreadableRecordError or StoreUnavailableError.
        """
        source = self._source(request)
        record, location = source.record, source.location
        page = self._page(source, request.limit)
        lines = shown(page.lines, record.token)
        if len(lines) < len(page.lines):
            page = self._page(source, len(lines))
        return {
            "runId": record.run_id,
            "attempt": record.task.attempt,
            "taskId": record.task_id,
            "container": source.container,
            "log": {**location.as_json(), "region": location.region},
            "lines": lines,
            "cursor": _cursor(source, page.token),
            "isComplete": record.outcome is not None and self._is_end(location, page, request.limit),
        }

    def _source(self, request: LogRequest) -> _Source:
        if request.cursor is None:
            return self._located(self._attempt(request), request.container)
        task_id, container, token = _place_of(request.run_id, request.cursor)
        record = self._store.find_task(request.run_id, task_id)
        if record is None:
            raise InvalidCursorError("is of a task that is not on record any more")
        if request.attempt not in {None, record.task.attempt}:
            raise InvalidCursorError("is of another attempt")
        if request.container not in {None, container}:
            raise InvalidCursorError("is of another container")
        return self._located(record, container, token)

    def _attempt(self, request: LogRequest) -> TaskRecord:
        run, attempts, unreadable = whole_run(self._store, request.run_id, self._state_machines)
        found = [each for each in attempts if request.attempt in {None, each.task.attempt}]
        if found:
            return found[-1]
        if unreadable:
            first = unreadable[0]
            raise UnreadableRecordError(first.run_id, first.task_id, first.problem)
        if request.attempt is not None and attempts:
            known = sorted({each.task.attempt for each in attempts if each.task.attempt is not None})
            raise AttemptNotFoundError(run.run_id, request.attempt, known)
        if run.has_ended:
            raise LogGoneError(f"run {run.run_id!r} ended without a task")
        raise LogNotYetError(f"no task of run {run.run_id!r} has started yet")

    def _located(self, record: TaskRecord, container: str | None, token: str | None = None) -> _Source:
        """Where a container of a task logs, else the main one. Nothing in a cursor says where."""
        stored = {each.container: each for each in (record.culprit_log, record.log) if each}
        location = stored.get(container) if container else record.log
        if location:
            return _Source(record, location, token, is_known=True)
        known = self._logs.containers_of(record.task) if container else ()
        if container and known and container not in known:
            raise ContainerNotFoundError(record.task_id, container, known)
        place = self._logs.place_of(record.task, container)
        if place.location:
            return _Source(record, place.location, token, is_known=container is None or bool(known))
        why = str(place.instead.note)
        raise LogUnavailableError(why) if place.may_be_known_later else LogElsewhereError(why)

    def _page(self, source: _Source, limit: int) -> LogPage:
        """The next page with lines, as far as there is one (reference of GetLogEvents: a page may be empty)."""
        token = source.token
        try:
            for _ in range(_MOST_EMPTY_PAGES):
                page = self._pages.page(source.location, limit, token)
                token = page.token
                if page.lines or page.is_end:
                    break
        except LogMissingError as error:
            raise _missing(source, error) from None
        except LogRefusedError:
            group = source.location.group
            raise LogNotAllowedError(f"the API may not read log group {group} (parameter AllowedLogGroups)") from None
        except LogTokenError:
            raise InvalidCursorError(_EXPIRED) from None
        return page

    def _is_end(self, location: LogLocation, page: LogPage, limit: int) -> bool:
        """Whether nothing is behind a page: it saves the caller a request, so if it fails, he asks himself."""
        if page.is_end or len(page.lines) >= limit:
            return page.is_end
        try:
            return self._pages.page(location, 1, page.token).is_end
        except LogUnavailableError:
            return False


def _scope(run_id: str) -> str:
    return f"logs of {run_id}"


def _cursor(source: _Source, token: str) -> str:
    place = {"task": source.record.task_id, "container": source.container, "token": token}
    return cursor_of(_scope(source.record.run_id), place)


def _place_of(run_id: str, cursor: str) -> tuple[str, str, str]:
    """Task id, container and token. Raises InvalidCursorError."""
    place = place_of(_scope(run_id), cursor)
    try:
        return place["task"], place["container"], place["token"]
    except KeyError:
        raise InvalidCursorError("is none that this API has given; leave it out to begin anew") from None


def _missing(source: _Source, error: LogMissingError) -> Exception:
    record, container = source.record, source.container
    if error.is_group:
        # The group is there before a container runs, also where the log driver makes it.
        return LogGoneError(f"log group {source.location.group} of container {container} does not exist any more")
    if record.outcome is None:
        return LogNotYetError(f"container {container} of task {record.task_id} has not logged anything yet")
    if record.log and not source.is_known:
        return ContainerNotFoundError(record.task_id, container, (record.log.container,))
    return LogGoneError(f"container {container} of task {record.task_id} never started, or its log was deleted")
