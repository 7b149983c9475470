"""The cluster in memory: tasks as the events of their lives show them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from fargate_runs.ports import Clock, Cluster, ClusterUnavailableError, Described, TaskList
from tests.fakes.clock import StoppedClock
from tests.fakes.ecs import Detail

PAGE = 100


class InMemoryCluster(Cluster):
    """`tasks` is what ECS knows, by ARN; `stops` every StopTask with its reason; `is_down` refuses everything.

    `clock` is ECS's own.
    """

    def __init__(self, *details: Detail) -> None:
        self.tasks: dict[str, Mapping[str, object]] = {}
        self.stops: list[tuple[str, str]] = []
        self.hidden: set[str] = set()
        self.is_down = False
        self.calls: list[str] = []
        self.clock: Clock = StoppedClock()
        self._answered_at: datetime | None = None
        for each in details:
            self.show(each)

    def show(self, detail: Detail) -> None:
        """From now on ECS says this of the task."""
        self.tasks[detail["taskArn"]] = detail

    def forget(self, task_arn: str) -> None:
        """As ECS does, an hour after the end (fact B12)."""
        del self.tasks[task_arn]

    def listed(self, which: TaskList) -> Iterator[Sequence[str]]:
        self._called("list")
        arns = [arn for arn, task in self.tasks.items() if task["desiredStatus"] == which.value]
        for start in range(0, max(1, len(arns)), PAGE):
            yield [arn for arn in arns[start : start + PAGE] if arn not in self.hidden]

    def describe(self, task_arns: Sequence[str]) -> Described:
        self._called("describe")
        assert 0 < len(task_arns) <= PAGE
        known = [arn for arn in task_arns if arn in self.tasks and arn not in self.hidden]
        return Described(tuple(self.tasks[arn] for arn in known), frozenset(task_arns) - set(known))

    def answered_at(self) -> datetime | None:
        return self._answered_at

    def stop(self, task_arn: str, reason: str) -> None:
        self._called("stop")
        assert len(reason) <= 255
        self.stops.append((task_arn, reason))

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.is_down:
            raise ClusterUnavailableError("ECS answered ThrottlingException")
        if name != "stop":
            self._answered_at = self.clock.now().replace(microsecond=0)
