"""The protocol as the functions have it."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.ports import SweepMark
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import SweptMachines, state_machine_of
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES, EcsTask
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.record_task_state import RecordTaskState
from fargate_runs.usecases.stop_abandoned import StopAbandoned
from fargate_runs.usecases.sweep import tasks as sweep_tasks
from fargate_runs.usecases.sweep.attempts import SweepAttempts
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.listing import Listing
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.sweep import Sweep
from fargate_runs.usecases.sweep.tasks import SweepTasks
from tests.fakes.ecs import EVERY_MACHINE, MACHINES
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
        self._machine = state_machine_of(execution_arn)

    def describe(self, execution_arn: str) -> object:
        return self._executions.describe(execution_arn)

    def running(self, machine: str) -> Iterator[Any]:
        return self._executions.running(machine) if machine == self._machine else iter(())

    def newest(self, machine: str) -> Iterator[Any]:
        return self._executions.newest(machine) if machine == self._machine else iter(())


class KeptMemory(Memory[Any]):
    """What a sweep remembers, kept in the world, so that the next one remembers it too."""

    def __init__(self, kept: Any, name: str) -> None:
        super().__init__()
        self._kept = kept
        self._name = name

    def add(self, thing: object) -> None:
        self._kept.add(f"{self._name} {thing}")

    def __contains__(self, thing: object) -> bool:
        return bool(self._kept.has(f"{self._name} {thing}"))


def with_kept_memory(kept: Any, *parts: Any) -> None:
    """Replace every Memory of these objects, and of what they are made of."""
    for part in parts:
        for name, value in vars(part).items():
            if isinstance(value, Memory):
                setattr(part, name, KeptMemory(kept, name))
            elif isinstance(value, Listing | SweepAttempts):
                with_kept_memory(kept, value)


def stop_abandoned(ports: Any) -> StopAbandoned:
    return StopAbandoned(ports.store, ports.executions, ports.callbacks, ports.cluster, ports.clock)


def record_task_state(ports: Any, abandoned: StopAbandoned | None = None) -> RecordTaskState:
    return RecordTaskState(
        ports.store,
        ports.callbacks,
        TaskLogs(ports.logs, LOG_PLACE, None),
        abandoned or stop_abandoned(ports),
        state_machines=MACHINES,
        prices=PRICES,
    )


def on_task(ports: Ports, task: EcsTask) -> object:
    return record_task_state(ports)(task)


def on_execution(ports: Ports, execution: Execution) -> object:
    return RecordExecutionState(ports.store, stop_abandoned(ports), state_machines=MACHINES)(execution)


def sweep(ports: Ports, is_warm: bool) -> object:
    """A sweep of a process that has swept before, or of a new one."""
    store: Any = SweptStore(ports.store)
    executions: Any = SweptExecutions(ports.executions, ports.execution_arn)
    note = RecordExecutionState(ports.store, stop_abandoned(ports), state_machines=MACHINES)
    settle = record_task_state(ports)
    tasks = SweepTasks(store, ports.cluster, settle, DEFAULT_TOKEN_VARIABLES)
    others = SweepExecutions(
        store, executions, executions, note, settle, ports.clock, SweptMachines(MACHINES, EVERY_MACHINE)
    )
    if is_warm:
        with_kept_memory(ports.memory, tasks, others)
    with patch.object(sweep_tasks, "MISSING_SWEEPS", 2):  # ten of them would only be more of the same
        return Sweep(store, tasks, others, ports.clock)("the model", 60)


REAL = Protocol("the functions' own", on_task, on_execution, sweep)
