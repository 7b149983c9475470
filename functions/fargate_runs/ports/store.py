"""The port of the runs table. A lost race is a result of a conditional write, not an error."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import RunRecord


@dataclass(frozen=True, slots=True)
class Written:
    """The conditional write succeeded: `record` is now stored."""

    record: TaskRecord


@dataclass(frozen=True, slots=True)
class LostRace:
    """Another writer was first: `record` is the stored one."""

    record: TaskRecord


WriteResult = Written | LostRace


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task as the index of open items showed it a moment ago: enough to decide what is still to do."""

    run_id: str
    task_id: str
    task_arn: str
    has_outcome: bool
    pattern: Pattern | None = None
    execution_arn: str | None = None
    missing_sweeps: int = 0
    created_at: datetime | None = None
    timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that has not ended, from the same index. `execution_arn` is set if the run is an execution of our machines.

    `has_succeeded` is true if the execution is recorded as SUCCEEDED: the run is open only because of its task.
    `is_to_stop` is true if somebody asked to stop the run. `takes_slot` is true if it may be at the gate of its `job`.
    """

    run_id: str
    execution_arn: str | None = None
    created_at: datetime | None = None
    newest_task_id: str | None = None
    has_succeeded: bool = False
    is_to_stop: bool = False
    job: str | None = None
    takes_slot: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored record that cannot be read (see UnreadableRecordError). `task_id` is None for a run's own record."""

    run_id: str
    task_id: str | None
    problem: str


OpenItem = OpenTask | OpenRun | Unreadable


class LoadedRun(NamedTuple):
    """A run and its tasks. `run` is None if there is none, or if its record is among the `unreadable` ones."""

    run: RunRecord | None
    tasks: tuple[TaskRecord, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepMark:
    """The turn of the sweep, and how far sweeps have come.

    `held_until` is by a function's clock. A wrong clock makes two sweeps run at once, which does no harm.
    `seen_until` is by Step Functions' clock: the start of the newest execution that a complete sweep has seen.
    `places` has the key that each unfinished part of the sweep has reached.
    `is_unreadable` is true if the stored mark cannot be read. This mark is then empty, and replaces the stored one.
    `unreadable_revision` is the stored mark's revision if it is no count of writes, such as 0 or 1.5.
    """

    owner: str | None = None
    held_until: datetime | None = None
    seen_until: datetime | None = None
    revision: int = 0
    places: Mapping[str, str] = field(default_factory=dict)
    is_unreadable: bool = False
    unreadable_revision: Decimal | None = None


class RunStore(ABC):
    """The runs table. Every method raises StoreUnavailableError if the table does not carry out the call.

    A method that returns one record raises UnreadableRecordError if it cannot be read. A method that returns several
    records returns those that can be read.
    """

    @abstractmethod
    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        """Return the record of a task, or None. The read is consistent."""

    @abstractmethod
    def find_tasks(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], TaskRecord]:
        """Return the existing records of many tasks, by run id and task id. The reads are consistent."""

    @abstractmethod
    def write_task(self, record: TaskRecord) -> WriteResult:
        """Write if there is no record yet, or only an older version without an outcome: one conditional write.

        A record without a token never replaces one with a token: the caller must keep the token.
        """

    @abstractmethod
    def write_lost(self, record: TaskRecord) -> WriteResult:
        """Write an outcome over the same version of a task that has none: ECS will never show a newer version."""

    @abstractmethod
    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        """Mark an undelivered outcome with this delivery, and drop its token.

        DELIVERED also replaces CLOSED_BY_OTHERS and REFUSED. Any other stored delivery stays.
        """

    @abstractmethod
    def mark_missing(self, task: OpenTask, sweeps: int) -> None:
        """Store how many sweeps in a row found a task without an outcome missing in ECS. 0 means that ECS knows it."""

    @abstractmethod
    def live_tasks(self, execution_arn: str) -> tuple[TaskRecord, ...]:
        """Return the tasks of an execution that have no outcome, as they were a moment ago (an index).

        Unreadable tasks are left out. They are open, so the sweep finds them by itself.
        """

    @abstractmethod
    def find_run(self, run_id: str) -> RunRecord | None:
        """Return a run, or None. The read is consistent."""

    @abstractmethod
    def find_runs(self, run_ids: Collection[str]) -> Mapping[str, RunRecord]:
        """Return the existing ones of many runs, by id. The reads are consistent."""

    @abstractmethod
    def write_run(self, run: RunRecord) -> RunRecord | None:
        """Write if the stored revision matches (0: no record); returns the conflicting record, else None."""

    @abstractmethod
    def forget_run(self, run_id: str) -> None:
        """Remove a run that was never started. A run with a task or a state of its execution stays."""

    @abstractmethod
    def load_run(self, run_id: str) -> LoadedRun:
        """Return a run and its tasks, with results and last lines, read consistently. Unreadable records are named."""

    @abstractmethod
    def tasks_of(self, run_id: str) -> tuple[TaskRecord, ...]:
        """Return the readable tasks of a run, without results, last lines and their notes. The read is consistent.

        Never write these records back. Thousands of attempts may have a result of 250 KB each, and the callers of this
        method need none of them.
        """

    @abstractmethod
    def open_items(self) -> Iterator[OpenItem]:
        """Yield all items with unfinished work, page by page, as they were a moment ago (an index)."""

    @abstractmethod
    def sweep_mark(self) -> SweepMark:
        """Return the mark of the sweep. The read is consistent."""

    @abstractmethod
    def write_sweep_mark(self, mark: SweepMark) -> bool:
        """Write if the stored revision matches; returns False if another sweep was first."""
