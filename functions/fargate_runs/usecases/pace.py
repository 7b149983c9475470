"""Limits the rate of the sweep's calls, which leaves most of an API's quota to other callers (facts B34, B35)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from fargate_runs.ports import Clock, Cluster, Described, ExecutionLists, ExecutionStates, TaskList
from fargate_runs.reading.execution import Execution

# Quotas: ECS 20/s for lists and descriptions together, 40/s for RunTask and StopTask together; Step Functions 15/s (10)
# for DescribeExecution and 5/s (2) for ListExecutions, with a burst of 200 (100).
ECS_READS_PER_SECOND: Final = 8.0
STOPS_PER_SECOND: Final = 8.0
DESCRIPTIONS_PER_SECOND: Final = 4.0
LISTS_PER_SECOND: Final = 1.0
LISTS_AT_ONCE: Final = 50.0

T = TypeVar("T")


class Pace:
    """A token bucket: a burst of `at_once` calls (default: one second's worth), then `per_second`."""

    def __init__(self, clock: Clock, per_second: float, at_once: float | None = None) -> None:
        self._clock = clock
        self._per_second = per_second
        self._most = max(1.0, at_once or per_second)
        self._left = self._most
        self._at = clock.now()

    def wait(self) -> None:
        """Wait until the next call is allowed. If the clock jumps, it waits for the time of one call at most."""
        now = self._clock.now()
        passed = max(0.0, (now - self._at).total_seconds())
        self._at = now
        self._left = min(self._most, self._left + passed * self._per_second)
        if self._left < 1.0:
            self._clock.sleep((1.0 - self._left) / self._per_second)
            self._at = self._clock.now()
            self._left = 1.0
        self._left -= 1.0


class PacedCluster(Cluster):
    """A cluster whose calls are limited to these rates."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self._reads = Pace(clock, ECS_READS_PER_SECOND)
        self._stops = Pace(clock, STOPS_PER_SECOND)

    def listed(self, which: TaskList) -> Iterator[Sequence[str]]:
        """See Cluster."""
        return _paced(self._cluster.listed(which), self._reads)

    def describe(self, task_arns: Sequence[str]) -> Described:
        """See Cluster."""
        self._reads.wait()
        return self._cluster.describe(task_arns)

    def answered_at(self) -> datetime | None:
        """See Cluster."""
        return self._cluster.answered_at()

    def stop(self, task_arn: str, reason: str) -> None:
        """See Cluster."""
        self._stops.wait()
        self._cluster.stop(task_arn, reason)


class PacedExecutionStates(ExecutionStates):
    """States of executions, described at this rate."""

    def __init__(self, states: ExecutionStates, clock: Clock) -> None:
        self._states = states
        self._pace = Pace(clock, DESCRIPTIONS_PER_SECOND)

    def describe(self, execution_arn: str) -> Execution | None:
        """See ExecutionStates."""
        self._pace.wait()
        return self._states.describe(execution_arn)


class PacedExecutionLists(ExecutionLists):
    """Lists of executions, whose pages are read at this rate."""

    def __init__(self, lists: ExecutionLists, clock: Clock) -> None:
        self._lists = lists
        self._pace = Pace(clock, LISTS_PER_SECOND, LISTS_AT_ONCE)

    def running(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """See ExecutionLists."""
        return _paced(self._lists.running(state_machine_arn), self._pace)

    def newest(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """See ExecutionLists."""
        return _paced(self._lists.newest(state_machine_arn), self._pace)


def _paced(pages: Iterator[T], pace: Pace) -> Iterator[T]:
    """Yield pages, and wait after each one. No wait comes before a page: the end of the list costs no call."""
    for page in pages:
        pace.wait()
        yield page
