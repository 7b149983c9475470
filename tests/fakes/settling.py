"""The settle use case on twins in memory."""

from collections.abc import Callable, Mapping
from typing import Any

from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.answers.usage import Prices
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import FollowedMachines, SweptMachines
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES, EcsTask
from fargate_runs.runs.log_place import LogPlace
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.folding import no_slot
from fargate_runs.usecases.record_execution_state import ExecutionNoted, RecordExecutionState
from fargate_runs.usecases.record_task_state import RecordTaskState, Settlement
from fargate_runs.usecases.stop_abandoned import StopAbandoned
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.sweep import Sweep
from fargate_runs.usecases.sweep.tasks import SweepTasks
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.cluster import InMemoryCluster
from tests.fakes.ecs import EVERY_MACHINE, EXECUTION_ARN, MACHINES, RUN_ID, TASK_DEFINITION_ARN, TASK_ID, TOKEN
from tests.fakes.logs import InMemoryLogs
from tests.fakes.stepfunctions import InMemoryCallbacks, InMemoryExecutions
from tests.fakes.store import InMemoryRunStore
from tests.fakes.task_definitions import InMemoryTaskDefinitions

LOG_PLACE = LogPlace("/jobs/tasks", "runs", TASK_DEFINITION_ARN, "main")
PRICES = Prices(vcpu_hour_usd=0.04048, gb_hour_usd=0.004445, spot_factor=1)


class World:
    """One table, one open token, one log, a cluster, Step Functions, and the use cases on them."""

    def __init__(self, keep_slot: Callable[[RunRecord], object] = no_slot) -> None:
        self.keep_slot = keep_slot
        self.clock = StoppedClock()
        self.store = InMemoryRunStore(self.clock)
        self.callbacks = InMemoryCallbacks(TOKEN)
        self.logs = InMemoryLogs()
        self.definitions = InMemoryTaskDefinitions()
        self.cluster = InMemoryCluster()
        self.cluster.clock = self.clock
        self.executions = InMemoryExecutions(self.clock)
        self.abandoned = StopAbandoned(self.store, self.executions, self.callbacks, self.cluster, self.clock)
        self.use_case = RecordTaskState(
            self.store,
            self.callbacks,
            TaskLogs(self.logs, LOG_PLACE, self.definitions),
            self.abandoned,
            state_machines=MACHINES,
            prices=PRICES,
            keep_slot=self._slot,
        )
        self.note = RecordExecutionState(self.store, self.abandoned, state_machines=MACHINES, keep_slot=self._slot)

    def _slot(self, run: RunRecord) -> object:
        return self.keep_slot(run)

    def sweep(self, *, followed: FollowedMachines = EVERY_MACHINE) -> Sweep:
        """A sweep as a new process has it."""
        return Sweep(
            self.store,
            SweepTasks(self.store, self.cluster, self.use_case, DEFAULT_TOKEN_VARIABLES),
            SweepExecutions(
                self.store,
                self.executions,
                self.executions,
                self.note,
                self.use_case,
                self.clock,
                SweptMachines(MACHINES, followed),
            ),
            self.clock,
        )

    def settle(self, detail: Mapping[str, object]) -> Settlement:
        return self.use_case(EcsTask.from_detail(detail))

    def close(self, status: ExecutionStatus, arn: str = EXECUTION_ARN, **more: Any) -> Execution:
        """The execution ends, and Step Functions says so to whoever asks; no event tells of it."""
        return self.executions.show(Execution(arn, status, started_at=NOON, stopped_at=self.clock.now(), **more))

    def end_run(self, status: ExecutionStatus, **more: Any) -> ExecutionNoted:
        """The same with its event."""
        return self.note(self.close(status, **more))

    def stored(self) -> TaskRecord:
        return self.store.tasks[RUN_ID, TASK_ID]
