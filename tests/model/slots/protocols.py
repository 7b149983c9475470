"""The slots' protocol as the functions have it, a use case for each trigger, made on the ports of replay.py."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from fargate_runs.errors import RunHasEndedError
from fargate_runs.jobs.job import Concurrency, Job, Policy, StoredJob
from fargate_runs.outcomes.outcome import Outcome, lost
from fargate_runs.ports import Clock, OpenRun
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_folding import with_execution
from fargate_runs.runs.run_state import RunRecord, TaskView
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.slots.admission import Admission
from fargate_runs.usecases.slots.slot_keeper import SlotKeeper
from fargate_runs.usecases.slots.wait_for_slot import StopReplaced, WaitForSlot
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.slots import SweepSlots
from tests.fakes.clock import NOON
from tests.fakes.ecs import MACHINES
from tests.model.slots.contents import JOB

_STARTED: Final = NOON - timedelta(minutes=1)
_AFTER: Final = NOON + timedelta(seconds=1)
_OUTCOME: Final = lost()  # any outcome will do: the slots ask only whether there is one


class FixedClock(Clock):
    """One moment for a whole process; waiting takes no time."""

    def __init__(self, moment: datetime = NOON) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        pass


class Asks(NamedTuple):
    """A run that is to be prepared, as its execution and its job say."""

    run: int
    limit: int
    policy: Policy
    is_forced: bool
    redrives: int = 0


def run_id(number: int) -> str:
    """The id of a run."""
    return f"run-{number + 1}"


def token_of(number: int, count: int) -> str:
    """The task token with which a run waits for the so-manieth time."""
    return f"token {count} of {run_id(number)}"


def execution_of(number: int, status: str, redrives: int = 0) -> Execution:
    """The execution of a run as an event has it."""
    arn = execution_arn(MACHINES.callback, run_id(number))
    stands = ExecutionStatus(status)
    ended = None if stands is ExecutionStatus.RUNNING else NOON
    return Execution(arn, stands, redrives, _STARTED, ended)


class Stops:
    """StopRun, as far as the slots see it: it stops the execution of a run that has not ended."""

    def __init__(self, ports: Any) -> None:
        self._ports = ports

    def __call__(self, run_id: str, *, reason: str, by: str) -> None:
        run = self._ports.store.find_run(run_id)
        if run is None or run.has_ended:
            raise RunHasEndedError(run_id, "ended")
        self._ports.executions.stop(run_id)


def keeper(ports: Any) -> SlotKeeper:
    return SlotKeeper(ports.gates, ports.store, ports.callbacks, ports.clock)


def record_start(ports: Any, asks: Asks) -> RunRecord:
    """What `prepare_run` writes before it asks for a slot."""
    execution = execution_of(asks.run, "RUNNING", asks.redrives)

    def noted(stands: RunRecord | None) -> RunRecord:
        return replace(with_execution(stands, execution, Pattern.CALLBACK), job=JOB, takes_slot=True)

    return fold_run(ports.store, execution.name, noted)


def ask(ports: Any, asks: Asks) -> None:
    execution, concurrency = execution_of(asks.run, "RUNNING", asks.redrives), Concurrency(asks.limit, asks.policy)
    admit = Admission(ports.gates, ports.store, ports.clock)
    admit(execution, JOB, concurrency, is_forced=asks.is_forced, deadline=None)


def prepare(ports: Any, asks: Asks) -> None:
    record_start(ports, asks)
    ask(ports, asks)


def wait(ports: Any, run: int, token: str) -> None:
    slots = keeper(ports)
    stops: Any = Stops(ports)
    WaitForSlot(ports.gates, slots, StopReplaced(stops, slots), ports.clock)(JOB, run_id(run), token)


def record_execution(ports: Any, execution: Execution) -> RunRecord:
    return fold_run(ports.store, execution.name, lambda stands: with_execution(stands, execution, Pattern.CALLBACK))


def on_execution(ports: Any, execution: Execution) -> None:
    keeper(ports)(record_execution(ports, execution))


def record_task(ports: Any, run: int, outcome: Outcome | None, redrives: int) -> RunRecord:
    stopped = _AFTER if outcome else None
    view = TaskView(f"{redrives}#task#{int(outcome is not None)}", outcome, stopped_at=stopped)

    def noted(stands: RunRecord | None) -> RunRecord:
        known = stands or RunRecord(run_id(run), execution_arn=execution_of(run, "RUNNING").arn, follows=True)
        return replace(known, task=view) if known.task is None or known.task.order < view.order else known

    return fold_run(ports.store, run_id(run), noted)


def on_task(ports: Any, run: int, has_stopped: bool, redrives: int) -> None:
    keeper(ports)(record_task(ports, run, _OUTCOME if has_stopped else None, redrives))


def limit(ports: Any, number: int) -> None:
    keeper(ports).limit(JOB, number)


class Jobs:
    """The job store as a sweep has it: one job, with the limit that it has now."""

    def __init__(self, ports: Any) -> None:
        self._ports = ports

    def all_jobs(self) -> Iterator[StoredJob]:
        concurrency = Concurrency(self._ports.jobs.limit(JOB))
        yield StoredJob(Job(JOB, "reports", concurrency=concurrency), NOON, NOON)


def sweep(ports: Any) -> None:
    """What the sweep does about slots."""
    slots = keeper(ports)
    jobs: Any = Jobs(ports)
    stops: Any = Stops(ports)
    parts = SweepSlots(ports.store, jobs, ports.gates, slots, StopReplaced(stops, slots), ports.executions, ports.clock)
    parts([each for each in ports.store.open_items() if isinstance(each, OpenRun)], SweepReport(), lambda: None)


@dataclass(frozen=True)
class Protocol:
    """What takes care of slots."""

    name: str
    prepare: Callable[[Any, Asks], None] = prepare
    wait: Callable[[Any, int, str], None] = wait
    on_execution: Callable[[Any, Execution], None] = on_execution
    on_task: Callable[[Any, int, bool, int], None] = on_task
    limit: Callable[[Any, int], None] = limit
    sweep: Callable[[Any], None] = sweep


REAL = Protocol("the functions' own")
