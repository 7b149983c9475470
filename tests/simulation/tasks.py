"""A task of the simulated ECS: what it was started with, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fargate_runs.outcomes.kinds import ErrorName
from tests.fakes.ecs import CLUSTER_ARN
from tests.simulation.lives import Life

REMEMBERS: Final = 3_600.0  # seconds that a stopped task is described (fact B12)
OTHER_CLUSTER_ARN: Final = CLUSTER_ARN + "-of-others"

Detail = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What RunTask is asked for. `environment` goes to the container `main`."""

    life: Life
    environment: Mapping[str, str]
    cluster: str = CLUSTER_ARN
    started_by: str | None = None
    provider: str = "FARGATE"


@dataclass(eq=False, slots=True)
class Task:
    """One task as ECS has it. `truth` are the errors (None: success) that are right once it has ended."""

    arn: str
    order: Order
    created: float
    visible_from: float
    hidden: tuple[float, float] = (0.0, 0.0)
    version: int = 1
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    stop_code: str | None = None
    stopped_reason: str | None = None
    times: dict[str, float] = field(default_factory=dict)
    containers: tuple[Detail, ...] = ()
    stopped_at: float | None = None
    has_vanished: bool = False
    unavailable: float = -1.0  # when an answer left it out
    truth: frozenset[ErrorName | None] = frozenset()

    @property
    def task_id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def is_ours(self) -> bool:
        """Whether it is in our cluster."""
        return self.order.cluster == CLUSTER_ARN

    @property
    def is_live(self) -> bool:
        """Whether it runs, or will, or is being stopped."""
        return self.stopped_at is None and not self.has_vanished
