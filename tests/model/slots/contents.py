"""The runs table and the jobs table as one hashable value: the twins of the unit tests, put back for every call.

Revisions are left out. A process reads and writes in one step here: had anything come between the two, the condition of
the write would not hold, and the process would do the same again with what stands then.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, NamedTuple

from fargate_runs.jobs.gate import Gate
from fargate_runs.runs.run_state import RunRecord
from tests.fakes.gates import InMemoryGates
from tests.fakes.store import InMemoryRunStore
from tests.model.replay import Call

JOB = "nightly"


def key_of(value: Any) -> Hashable:
    """A key that is equal for values that no use case can tell apart. The order of a dictionary counts."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, *(key_of(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return tuple((name, key_of(each)) for name, each in value.items())
    if isinstance(value, tuple | list):
        return tuple(key_of(each) for each in value)
    key: Hashable = value
    return key


class Answered(NamedTuple):
    """What a call gave, and the content that stands after it; `broken` says what it did that may never be."""

    tables: int
    key: Hashable
    result: object
    broken: str


@dataclass(frozen=True)
class Content:
    """What both tables hold."""

    runs: Mapping[str, RunRecord]
    tasks: Mapping[tuple[str, str], Any]
    gate: Gate
    tickets: Mapping[str, tuple[str, ...]]


class Contents:
    """Every content that the tables ever have, by number; 0 is the empty one."""

    def __init__(self) -> None:
        self._contents: list[Content] = []
        self._numbers: dict[Hashable, int] = {}
        self._keys: dict[Hashable, int] = {}
        self._answered: dict[Hashable, Answered] = {}
        self._keep(Content({}, {}, Gate(JOB), {}))
        self.nothing = self._keys.setdefault(key_of(None), 0)

    def __getitem__(self, number: int) -> Content:
        return self._contents[number]

    def call(self, number: int, call: Call) -> Answered:
        """Make one call of the store or of the gates on the tables as they stood."""
        where = number, call.port, call.method, key_of(call.arguments)
        if where not in self._answered:
            self._answered[where] = self._call(number, call)
        return self._answered[where]

    def _call(self, number: int, call: Call) -> Answered:
        stood = self[number]
        store, gates = InMemoryRunStore(), InMemoryGates()
        store.runs, store.tasks = dict(stood.runs), dict(stood.tasks)
        gates.gates, gates.tokens = {JOB: stood.gate}, {(JOB, each): tokens for each, tokens in stood.tickets.items()}
        twin = store if call.port == "store" else gates
        result = getattr(twin, call.method)(*call.arguments)
        if isinstance(result, Iterator):
            result = tuple(result)
        stands = Content(
            {run_id: replace(run, revision=0) for run_id, run in sorted(store.runs.items())},
            dict(sorted(store.tasks.items())),
            replace(gates.gates[JOB], revision=min(gates.gates[JOB].revision, 1)),
            {run_id: tokens for (_, run_id), tokens in sorted(gates.tokens.items())},
        )
        key = self._keys.setdefault(key_of(result), len(self._keys))
        return Answered(self._keep(stands), key, result, _wrong_with(stood.gate, stands.gate))

    def _keep(self, content: Content) -> int:
        number = self._numbers.setdefault(key_of(content), len(self._contents))
        if number == len(self._contents):
            self._contents.append(content)
        return number


def _wrong_with(before: Gate, after: Gate) -> str:
    """What a write did that may never be: a slot too many, or one for a run that was not the first."""
    for run_id, position in after.holders.items():
        if run_id in before.holders or position.is_forced:
            continue
        if after.limit is not None and len(after.holders) > after.limit:
            return f"{run_id} has taken a slot, and there are {after.limit} for {len(after.holders)} runs"
        waited = list(before.waiting)
        earlier = waited[: waited.index(run_id)] if run_id in waited else waited
        if any(each in after.waiting for each in earlier):
            return f"{run_id} has overtaken one that waits"
    return ""
