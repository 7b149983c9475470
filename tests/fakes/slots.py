"""The slots of one job on twins in memory, and the use cases on them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from fargate_runs.errors import FargateRunsError
from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.job import Concurrency, Policy, StoredJob
from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import OpenRun
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_folding import with_execution
from fargate_runs.runs.run_state import RunRecord, TaskView
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.slots.admission import Admission
from fargate_runs.usecases.slots.slot_keeper import Kept, SlotKeeper
from fargate_runs.usecases.slots.wait_for_slot import StopReplaced, WaitForSlot, Waiting
from fargate_runs.usecases.stop_run import StopRun
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.slots import SweepSlots
from fargate_runs.usecases.sweep.turn import Go
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.cluster import InMemoryCluster
from tests.fakes.ecs import MACHINES
from tests.fakes.gates import InMemoryGates
from tests.fakes.jobs import InMemoryJobStore, job
from tests.fakes.stepfunctions import InMemoryCallbacks, InMemoryExecutions
from tests.fakes.store import InMemoryRunStore

JOB: Final = "nightly"


def token_of(run_id: str) -> str:
    """The token that the run's state waits under."""
    return f"token-of-{run_id}"


class SlotWorld:
    """A job with a limit, and its runs: each method is what one function does for one run.

    With `tasks_are_seen` a run that was let in has a task, which ends with its execution.
    """

    def __init__(self, limit: int = 1, policy: Policy = Policy.QUEUE) -> None:
        self.concurrency = Concurrency(limit, policy)
        self.clock = StoppedClock()
        self.tasks_are_seen = True
        self.store = InMemoryRunStore(self.clock)
        self.gates = InMemoryGates()
        self.callbacks = InMemoryCallbacks()
        self.executions = InMemoryExecutions(self.clock)
        self.cluster = InMemoryCluster()
        self.jobs = InMemoryJobStore()
        self.define()
        self.admission = Admission(self.gates, self.store, self.clock)
        self.keeper = SlotKeeper(self.gates, self.store, self.callbacks, self.clock)
        stop = StopRun(self.store, self.executions, self.cluster, self.clock, state_machines=MACHINES)
        self.replaces = StopReplaced(stop, self.keeper)
        self.wait_for_slot = WaitForSlot(self.gates, self.keeper, self.replaces, self.clock)

    def define(self, concurrency: Concurrency | None = None, *, name: str = JOB, has_limit: bool = True) -> None:
        """A job as it stands in its table. The world's own has the world's limit, another one the given one."""
        limit = concurrency or (self.concurrency if name == JOB and has_limit else None)
        stored = StoredJob(replace(job(name), concurrency=limit), NOON, NOON)
        self.jobs.jobs[name] = stored

    def define_task_definition(self, arn: str) -> None:
        """The job's own task definition is registered."""
        self.jobs.jobs[JOB] = replace(self.jobs.jobs[JOB], task_definition_arn=arn)

    @property
    def gate(self) -> Gate:
        return self.gates.gates.get(JOB, Gate(JOB))

    def run(self, run_id: str) -> RunRecord:
        return self.store.runs[run_id]

    def execution(self, run_id: str, status: str = "RUNNING", *, redrives: int = 0) -> Execution:
        arn = execution_arn(MACHINES.callback, run_id)
        found = Execution(arn, ExecutionStatus(status), started_at=NOON, redrive_count=redrives)
        return replace(found, stopped_at=self.clock.now() if found.is_closed else None)

    def record(self, run_id: str, status: str = "RUNNING", *, redrives: int = 0) -> RunRecord:
        """The run as an event of its execution, or `prepare_run`, records it."""
        execution = self.executions.show(self.execution(run_id, status, redrives=redrives))

        def noted(stands: RunRecord | None) -> RunRecord:
            run = replace(with_execution(stands, execution, Pattern.CALLBACK), job=JOB, takes_slot=True)
            if not (self.tasks_are_seen and run.admitted_at and run.has_ended):
                return run
            return replace(run, task=TaskView("#its-task#1#1", lost(), stopped_at=execution.stopped_at))

        return fold_run(self.store, run_id, noted)

    def ask(self, run_id: str, *, is_forced: bool = False, deadline: datetime | None = None) -> None:
        """What `prepare_run` does, once the run is recorded."""
        if (run_id, None) not in self.store.unreadable:
            self.record(run_id)
        self.admission(self.execution(run_id), JOB, self.concurrency, is_forced=is_forced, deadline=deadline)

    def asks(self, run_id: str) -> str:
        """The same; the name of what it raised, or ADMITTED."""
        try:
            self.ask(run_id)
        except FargateRunsError as error:
            return type(error).__name__
        return "ADMITTED"

    def waits(self, run_id: str) -> Waiting:
        """What `wait_for_slot` does."""
        self.callbacks.open.add(token_of(run_id))
        return self.wait_for_slot(JOB, run_id, token_of(run_id))

    def begin(self, *run_ids: str) -> None:
        """The runs ask, and wait if they must."""
        for run_id in run_ids:
            if self.asks(run_id) == "SlotTakenError":
                self.waits(run_id)

    def ends(self, run_id: str, status: str = "ABORTED") -> Kept:
        """The run ends with its execution, and an event tells of it."""
        return self.keeper(self.record(run_id, status))

    def open_runs(self) -> list[OpenRun]:
        """The open runs, as the index has them now."""
        return [each for each in self.store.open_items() if isinstance(each, OpenRun)]

    def sweep(self, open_runs: Sequence[OpenRun] | None = None, go_on: Go = lambda: None) -> SweepReport:
        """The sweep's part, as a new process has it."""
        slots = SweepSlots(self.store, self.jobs, self.gates, self.keeper, self.replaces, self.executions, self.clock)
        report = SweepReport()
        report.attempt(slots, self.open_runs() if open_runs is None else open_runs, report, go_on)
        return report

    def was_answered(self, run_id: str) -> bool:
        return token_of(run_id) in self.callbacks.answers


def at_call(number: int, then: Callable[[], object]) -> Callable[[str], None]:
    """For InMemoryGates.before: does something before the call of this number, from 1, and never again."""
    left = [number]

    def before(_call: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            then()

    return before
