"""The runs table in memory."""

from dataclasses import replace

from fargate_runs.ports import Clock, LostRace, RunStore, WriteResult, Written
from fargate_runs.record import Delivery, RunRecord, TaskRecord, mirror, mirror_order
from tests.fakes.clock import StoppedClock


class InMemoryRunStore(RunStore):
    """`writes` keeps every task record that was ever written, in order: for what may never happen on the way."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or StoppedClock()
        self.tasks: dict[tuple[str, str], TaskRecord] = {}
        self.runs: dict[str, RunRecord] = {}
        self.mirrored: dict[str, str] = {}
        self.writes: list[TaskRecord] = []

    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        return self.tasks.get((run_id, task_id))

    def write_task(self, record: TaskRecord) -> WriteResult:
        key = (record.run_id, record.task_id)
        stands = self.tasks.get(key)
        if stands and (stands.version >= record.version or stands.outcome):
            return LostRace(stands)
        self._put(record)
        return Written(record)

    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        stands = self.tasks.get((record.run_id, record.task_id))
        corrects = delivery is Delivery.DELIVERED
        replaceable = {Delivery.PENDING, *({Delivery.CLOSED_BY_OTHERS} if corrects else ())}
        if stands and stands.outcome and stands.delivery in replaceable:
            self._put(stands.delivered(delivery))

    def mirror_task(self, record: TaskRecord) -> None:
        order = mirror_order(record)
        if self.mirrored.get(record.run_id, "") <= order:
            self.mirrored[record.run_id] = order
            self.runs[record.run_id] = self._shown(mirror(record), self.runs.get(record.run_id))

    def create_run(self, run: RunRecord) -> bool:
        stands = self.runs.get(run.run_id)
        if stands and (stands.created_at, stands.execution_arn) != (run.created_at, run.execution_arn):
            return False
        self.runs.setdefault(run.run_id, run)
        return True

    def forget_run(self, run_id: str) -> None:
        if run_id not in self.mirrored:
            self.runs.pop(run_id, None)

    def load_run(self, run_id: str) -> tuple[RunRecord | None, tuple[TaskRecord, ...]]:
        return self.runs.get(run_id), tuple(task for key, task in sorted(self.tasks.items()) if key[0] == run_id)

    def _put(self, record: TaskRecord) -> None:
        self.tasks[record.run_id, record.task_id] = record
        self.writes.append(record)

    def _shown(self, new: RunRecord, old: RunRecord | None) -> RunRecord:
        kept = old or new
        return replace(
            new,
            created_at=kept.created_at or new.created_at or self.clock.now(),
            pattern=kept.pattern or new.pattern,
            execution_arn=kept.execution_arn or new.execution_arn,
            input=kept.input,
        )
