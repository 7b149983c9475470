"""The runs table in memory."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from fargate_runs.ports import (
    Clock,
    LoadedRun,
    LostRace,
    OpenItem,
    OpenRun,
    OpenTask,
    RunStore,
    SweepMark,
    Unreadable,
    UnreadableRecordError,
    WriteResult,
    Written,
)
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import RunRecord
from tests.fakes.clock import StoppedClock


class InMemoryRunStore(RunStore):
    """`writes` keeps every task record that was ever written, in order: for what may never happen on the way.

    `unreadable` has the keys of the records that cannot be read, (run id, task id or None), and why.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or StoppedClock()
        self.tasks: dict[tuple[str, str], TaskRecord] = {}
        self.runs: dict[str, RunRecord] = {}
        self.writes: list[TaskRecord] = []
        self.mark = SweepMark()
        self.unreadable: dict[tuple[str, str | None], str] = {}

    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        self._read(run_id, task_id)
        return self.tasks.get((run_id, task_id))

    def find_tasks(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], TaskRecord]:
        return {key: self.tasks[key] for key in keys if key in self.tasks and key not in self.unreadable}

    def write_task(self, record: TaskRecord) -> WriteResult:
        stands = self.tasks.get((record.run_id, record.task_id))
        if stands and (
            stands.task.version >= record.task.version or stands.outcome or (stands.token and not record.token)
        ):
            self._read(record.run_id, record.task_id)
            return LostRace(stands)
        self._put(record)
        return Written(record)

    def write_lost(self, record: TaskRecord) -> WriteResult:
        stands = self.tasks[record.run_id, record.task_id]
        if stands.task.version != record.task.version or stands.outcome:
            self._read(record.run_id, record.task_id)
            return LostRace(stands)
        self._put(record)
        return Written(record)

    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        stands = self.tasks.get((record.run_id, record.task_id))
        corrected = {Delivery.CLOSED_BY_OTHERS, Delivery.REFUSED} if delivery is Delivery.DELIVERED else set[Delivery]()
        if stands and stands.outcome and stands.delivery in {Delivery.PENDING, *corrected}:
            self._put(stands.delivered(delivery))

    def mark_missing(self, task: OpenTask, sweeps: int) -> None:
        stands = self.tasks.get((task.run_id, task.task_id))
        if stands and stands.outcome is None:
            self._put(replace(stands, missing_sweeps=sweeps))

    def live_tasks(self, execution_arn: str) -> tuple[TaskRecord, ...]:
        return tuple(
            each
            for each in self.tasks.values()
            if each.outcome is None
            and each.execution_arn == execution_arn
            and (each.run_id, each.task_id) not in self.unreadable
        )

    def find_run(self, run_id: str) -> RunRecord | None:
        self._read(run_id, None)
        return self.runs.get(run_id)

    def find_runs(self, run_ids: Collection[str]) -> Mapping[str, RunRecord]:
        return {each: self.runs[each] for each in run_ids if each in self.runs and (each, None) not in self.unreadable}

    def write_run(self, run: RunRecord) -> RunRecord | None:
        stands = self.runs.get(run.run_id)
        if (stands.revision if stands else 0) != run.revision:
            self._read(run.run_id, None)
            return stands
        created = run.created_at or self.clock.now()
        # To the millisecond, as it is stored.
        shown = replace(run, created_at=lenient.time(lenient.iso(created)), revision=run.revision + 1)
        self.runs[run.run_id] = shown
        return None

    def forget_run(self, run_id: str) -> None:
        run = self.runs.get(run_id)
        if run and run.task is None and run.execution is None:
            del self.runs[run_id]

    def load_run(self, run_id: str) -> LoadedRun:
        return LoadedRun(
            None if (run_id, None) in self.unreadable else self.runs.get(run_id),
            self._tasks_of(run_id),
            tuple(Unreadable(*key, why) for key, why in self.unreadable.items() if key[0] == run_id),
        )

    def tasks_of(self, run_id: str) -> tuple[TaskRecord, ...]:
        return tuple(replace(each, result=NO_RESULT, last_lines=(), log_note=None) for each in self._tasks_of(run_id))

    def _tasks_of(self, run_id: str) -> tuple[TaskRecord, ...]:
        return tuple(
            task for key, task in sorted(self.tasks.items()) if key[0] == run_id and key not in self.unreadable
        )

    def open_items(self) -> Iterator[OpenItem]:
        for task in list(self.tasks.values()):
            if not task.is_open:
                continue
            problem = self.unreadable.get((task.run_id, task.task_id))
            if problem:
                yield Unreadable(task.run_id, task.task_id, problem)
            else:
                yield OpenTask(
                    task.run_id,
                    task.task_id,
                    task.task_arn,
                    task.outcome is not None,
                    task.pattern,
                    task.execution_arn,
                    task.missing_sweeps,
                    task.created_at,
                    task.task.timeout_seconds,
                )
        for run in list(self.runs.values()):
            if not run.has_ended:
                arn = run.execution_arn if run.follows else None
                has_succeeded = run.execution is not None and run.execution.status is ExecutionStatus.SUCCEEDED
                is_to_stop = run.stop_request is not None
                yield OpenRun(
                    *(run.run_id, arn, run.created_at, run.newest_task_id, has_succeeded, is_to_stop),
                    job=run.job,
                    takes_slot=run.takes_slot,
                )

    def sweep_mark(self) -> SweepMark:
        return self.mark

    def write_sweep_mark(self, mark: SweepMark) -> bool:
        if mark.revision != self.mark.revision:
            return False
        self.mark = replace(mark, revision=mark.revision + 1)
        return True

    def _read(self, run_id: str, task_id: str | None) -> None:
        if (run_id, task_id) in self.unreadable:
            raise UnreadableRecordError(run_id, task_id, self.unreadable[run_id, task_id])

    def _put(self, record: TaskRecord) -> None:
        self.tasks[record.run_id, record.task_id] = record
        self.writes.append(record)
