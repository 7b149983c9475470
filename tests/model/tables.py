"""The runs table as a hashable value: the twin of the unit tests, put back as it stood for every call."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fargate_runs.ports import RunStore
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_state import RunRecord
from tests.model.replay import Call
from tests.model.values import frozen

Content = dict[str, dict[Any, Any]]


class Pages(tuple[Any, ...]):
    """A result that is gone through once, as an iterator is."""

    __slots__ = ()


@dataclass(frozen=True)
class Answered:
    """What a call gave, and which table stands after it; `broken` says what it did that may never be."""

    table: int
    key: int | None
    result: object
    broken: str


class Tables:
    """Every content that a table ever has, by number; 0 is the empty one."""

    def __init__(self, make: Callable[[], RunStore]) -> None:
        self._make = make
        self._contents: list[Content] = []
        self._numbers: dict[Hashable, int] = {}
        self._keys: dict[Hashable, int] = {}
        self._keep(_content_of(make()))

    def call(self, number: int, call: Call) -> Answered:
        """Make one call of the store on a table as it stood."""
        store = self._make()
        for name, content in self._contents[number].items():
            setattr(store, name, dict(content))
        result = getattr(store, call.method)(*call.arguments)
        if isinstance(result, Iterator):
            result = Pages(result)
        after = self._keep(_content_of(store))
        key = None if result is None else self._keys.setdefault(frozen(result), len(self._keys))
        return Answered(after, key, result, _rewritten(self.tasks(number), self.tasks(after)))

    def tasks(self, number: int) -> Mapping[str, TaskRecord]:
        """The records of the tasks by task id."""
        return {key[1]: record for key, record in self._contents[number]["tasks"].items()}

    def run(self, number: int, run_id: str) -> RunRecord | None:
        """The record of a run."""
        found: RunRecord | None = self._contents[number]["runs"].get(run_id)
        return found

    def _keep(self, content: Content) -> int:
        number = self._numbers.setdefault(frozen(content), len(self._contents))
        if number == len(self._contents):
            self._contents.append(content)
        return number


def _content_of(store: RunStore) -> Content:
    return {name: dict(value) for name, value in vars(store).items() if isinstance(value, dict)}


def _rewritten(before: Mapping[str, TaskRecord], after: Mapping[str, TaskRecord]) -> str:
    """What a write did that may never be: invariants I2 and I6, and that a delivery needs an outcome."""
    for task_id, new in after.items():
        old = before.get(task_id)
        if old and new.task.version < old.task.version:
            return f"the version went back from {old.task.version} to {new.task.version}"
        if old and old.outcome and new.outcome != old.outcome:
            return "an outcome that stood was written over"
        if new.token is None and new.is_open and old and old.token:
            return "the token of an open task is gone"
    return ""
