"""Compares Step Functions' lists with the records: finds executions whose events were lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fargate_runs.ports import Clock, ExecutionLists, RunStore
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

LOOKED_BACK: Final = timedelta(hours=1)  # if no sweep has seen an execution yet
MOST_READ: Final = 100  # runs in one read
OVERLAP: Final = timedelta(minutes=10)  # lists lag, and several are read one after the other


@dataclass(frozen=True, slots=True)
class Listed:
    """Executions of this application's machines.

    `running`: the ARNs of all running executions. `unknown`: the running executions without a record. `ended`: the ARNs
    of ended executions whose record does not show the end. `newest`: the start of the newest execution.
    """

    running: frozenset[str]
    unknown: tuple[Execution, ...]
    ended: frozenset[str]
    newest: datetime | None


class Listing:
    """Reads the lists. One instance may serve all sweeps of a process: it remembers the recorded ends."""

    def __init__(self, store: RunStore, lists: ExecutionLists, clock: Clock, state_machines: StateMachines) -> None:
        self._store = store
        self._lists = lists
        self._clock = clock
        self._state_machines = state_machines
        self._recorded: Memory[str] = Memory()

    def read(self, known: Iterable[str], seen_until: datetime | None, report: SweepReport, go_on: Go) -> Listed:
        """Read the lists. `known` has the ARNs of the open runs.

        Raises ExecutionsUnavailableError, and every error of `go_on`.
        """
        known = frozenset(known)
        running, unknown = self._running(known, report, go_on)
        ended, newest = self._ended(known | running, seen_until, report, go_on)
        return Listed(running, unknown, ended, newest)

    def _running(
        self, known: frozenset[str], report: SweepReport, go_on: Go
    ) -> tuple[frozenset[str], tuple[Execution, ...]]:
        running: set[str] = set()
        unknown: list[Execution] = []
        for machine in self._state_machines.arns:
            for page in self._lists.running(machine):
                go_on()
                running.update(each.arn for each in page)
                new = [each for each in page if each.arn not in known]
                report.attempt(self._keep_news, new, unknown, go_on)
        return frozenset(running), tuple(unknown)

    def _ended(
        self, known: frozenset[str], seen_until: datetime | None, report: SweepReport, go_on: Go
    ) -> tuple[frozenset[str], datetime | None]:
        newest = seen_until
        ended: list[Execution] = []
        seen: set[str] = set()
        for machine in self._state_machines.arns:
            since = seen_until - OVERLAP if seen_until else None
            for page in self._lists.newest(machine):
                go_on()
                since = since or self._looked_back_to(page)
                recent = [each for each in page if _is_recent(each, since)]
                newest = max((at for at in (newest, *(each.started_at for each in recent)) if at), default=None)
                asked = [each for each in recent if each.is_closed and each.arn not in known]
                seen.update(map(_state_of, asked))
                new = [each for each in asked if _state_of(each) not in self._recorded]
                report.attempt(self._keep_news, new, ended, go_on)
                if page and not recent:
                    break
        self._recorded.keep(seen.__contains__)
        return frozenset(each.arn for each in ended), newest

    def _looked_back_to(self, newest: Sequence[Execution]) -> datetime:
        """Return the time from which a first sweep looks: these are the newest executions of a machine.

        Their times are Step Functions' own. This function's clock may be wrong: one that is ahead would make all of
        them too old.
        """
        newest_times = (at for each in newest[:1] for at in _times(each))
        return min(self._clock.now(), max(newest_times, default=self._clock.now())) - LOOKED_BACK - OVERLAP

    def _keep_news(self, executions: Sequence[Execution], news: list[Execution], go_on: Go) -> None:
        """Add the executions whose runs do not show this state to `news`. One read serves many of them."""
        for start in range(0, len(executions), MOST_READ):
            go_on()
            batch = executions[start : start + MOST_READ]
            runs = self._store.find_runs({each.name for each in batch})
            for each in batch:
                if _is_news(each, runs.get(each.name)):
                    news.append(each)
                elif each.is_closed:
                    self._recorded.add(_state_of(each))


def _is_news(execution: Execution, run: RunRecord | None) -> bool:
    return run is None or run.execution is None or run.execution.order < execution.order


def _is_recent(execution: Execution, since: datetime) -> bool:
    """By its start or its end. AWS says that the order is "most recent first", but not by which of the two."""
    times = _times(execution)
    return not times or max(times) >= since


def _times(execution: Execution) -> tuple[datetime, ...]:
    return tuple(at for at in (execution.started_at, execution.stopped_at) if at)


def _state_of(execution: Execution) -> str:
    """Return a key for this state of an execution: each redrive has an end of its own."""
    return f"{execution.arn}#{execution.order}"
