"""The protocol as the functions have it."""

from collections.abc import Iterator
from typing import Any

from fargate_runs.execution import Execution
from fargate_runs.patterns import state_machine_of
from fargate_runs.ports import SweepMark
from fargate_runs.task import EcsTask
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.record_task_state import RecordTaskState
from fargate_runs.usecases.stop_abandoned import StopAbandoned
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.sweep import Sweep
from fargate_runs.usecases.sweep.tasks import SweepTasks
from tests.fakes.ecs import MACHINES
from tests.fakes.settling import LOG_PLACE, PRICES
from tests.model.process import Protocol
from tests.model.replay import Ports


class SweptStore:
    """The store as a sweep has it whose turn it always is: two may be at work at once, which is the worst case."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, method: str) -> Any:
        return getattr(self._store, method)

    def sweep_mark(self) -> SweepMark:
        return SweepMark()

    def write_sweep_mark(self, mark: SweepMark) -> bool:
        return True


class SweptExecutions:
    """Step Functions as a sweep has it: only the machine of the model has executions."""

    def __init__(self, executions: Any, execution_arn: str) -> None:
        self._executions = executions
        self._execution_arn = execution_arn

    def describe(self, execution_arn: str) -> object:
        return self._executions.describe(execution_arn)

    def running(self, machine: str) -> Iterator[Any]:
        has_executions = machine == state_machine_of(self._execution_arn)
        pages: Iterator[Any] = self._executions.running(machine) if has_executions else iter(())
        return pages

    def newest(self, machine: str) -> Iterator[Any]:
        return iter(())


def stop_abandoned(ports: Any) -> StopAbandoned:
    return StopAbandoned(ports.store, ports.executions, ports.callbacks, ports.cluster, ports.clock)


def record_task_state(ports: Any, abandoned: StopAbandoned | None = None) -> RecordTaskState:
    return RecordTaskState(
        ports.store,
        ports.callbacks,
        ports.logs,
        abandoned or stop_abandoned(ports),
        log_place=LOG_PLACE,
        state_machines=MACHINES,
        prices=PRICES,
    )


def on_task(ports: Ports, task: EcsTask) -> object:
    return record_task_state(ports)(task)


def on_execution(ports: Ports, execution: Execution) -> object:
    return RecordExecutionState(ports.store, stop_abandoned(ports), state_machines=MACHINES)(execution)


def sweep(ports: Ports) -> object:
    store: Any = SweptStore(ports.store)
    executions: Any = SweptExecutions(ports.executions, ports.execution_arn)
    note = RecordExecutionState(ports.store, stop_abandoned(ports), state_machines=MACHINES)
    tasks = SweepTasks(store, ports.cluster, record_task_state(ports), ("TASK_TOKEN",))
    others = SweepExecutions(store, executions, note, ports.clock, state_machines=MACHINES, follows_others=True)
    return Sweep(store, tasks, others, ports.clock)("the model", 60)


REAL = Protocol("the functions' own", on_task, on_execution, sweep)
