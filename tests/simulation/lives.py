"""What becomes of a task: how it ends by itself, how long each step takes, and what that should be called."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

from fargate_runs.outcomes.kinds import ErrorName


class Ending(StrEnum):
    """How a task ends if nobody stops it."""

    EXIT_0 = "exit-0"
    EXIT_3 = "exit-3"
    OUT_OF_MEMORY = "out-of-memory"
    SIDECAR = "sidecar-failed"
    IMAGE_NOT_FOUND = "image-not-found"
    NO_CONTAINERS = "no-containers"
    NO_CAPACITY = "no-capacity"
    NO_NETWORK = "no-network"
    SPOT = "spot"
    STUCK = "stuck"
    ANSWERS_WELL = "answers-well"  # answers its own token with a success, then exits with 0
    ANSWERS_BADLY = "answers-badly"  # answers its own token with a failure, then exits with 3
    ANSWERS_AND_DIES = "answers-and-dies"  # answers its own token with a success, then exits with 3
    ANSWERS_AND_STAYS = "answers-and-stays"  # answers its own token, and runs on for ever
    FOREVER = "forever"
    VANISHES = "vanishes"  # ECS forgets it without a word


#: The outcome's error for each, None for a success. Those that end by a stop only are not in it.
EXPECTED: Final[Mapping[Ending, ErrorName | None]] = MappingProxyType(
    {
        Ending.EXIT_0: None,
        Ending.EXIT_3: ErrorName.EXITED_NON_ZERO,
        Ending.OUT_OF_MEMORY: ErrorName.OUT_OF_MEMORY,
        Ending.SIDECAR: ErrorName.SIDECAR_FAILED,
        Ending.IMAGE_NOT_FOUND: ErrorName.IMAGE_NOT_FOUND,
        Ending.NO_CONTAINERS: ErrorName.FAILED_TO_START,
        Ending.NO_CAPACITY: ErrorName.CAPACITY_UNAVAILABLE,
        Ending.NO_NETWORK: ErrorName.PROVISIONING_FAILED,
        Ending.SPOT: ErrorName.SPOT_INTERRUPTED,
        Ending.ANSWERS_WELL: None,
        Ending.ANSWERS_BADLY: ErrorName.EXITED_NON_ZERO,
        Ending.ANSWERS_AND_DIES: ErrorName.EXITED_NON_ZERO,
        Ending.VANISHES: ErrorName.LOST,
    }
)
TRANSIENT: Final = frozenset({Ending.NO_CAPACITY, Ending.NO_NETWORK, Ending.SPOT})
#: Texts of tasks that never ran (fact B16).
FAILED_STARTS: Final[Mapping[Ending, str]] = MappingProxyType(
    {
        Ending.IMAGE_NOT_FOUND: (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
            "registry.invalid/jobs:1: pull access denied, repository does not exist or may require authorization"
        ),
        Ending.NO_CONTAINERS: "Task failed to start",
        Ending.NO_CAPACITY: "Capacity is unavailable at this time. Please try again later or in a different "
        "availability zone",
        Ending.NO_NETWORK: "Timeout waiting for network interface provisioning to complete.",
    }
)
ANSWERS: Final = frozenset(
    {Ending.ANSWERS_WELL, Ending.ANSWERS_BADLY, Ending.ANSWERS_AND_DIES, Ending.ANSWERS_AND_STAYS}
)
_RUNS_ON: Final = frozenset({Ending.FOREVER, Ending.ANSWERS_AND_STAYS})
_EXIT_CODES: Final[Mapping[Ending, int]] = MappingProxyType(
    {
        Ending.EXIT_0: 0,
        Ending.EXIT_3: 3,
        Ending.OUT_OF_MEMORY: 137,
        Ending.SIDECAR: 143,
        Ending.ANSWERS_WELL: 0,
        Ending.ANSWERS_BADLY: 3,
        Ending.ANSWERS_AND_DIES: 3,
    }
)
_USUAL: Final = (Ending.EXIT_0, Ending.EXIT_0, Ending.EXIT_0, Ending.EXIT_3)


@dataclass(frozen=True, slots=True)
class Life:
    """A task's plan. Times are seconds: to RUNNING, of the work, from its end to STOPPED (fact B13)."""

    ending: Ending
    starts_after: float
    works_for: float
    stops_after: float
    has_sidecar: bool = False

    @classmethod
    def of(cls, rng: Random, *, has_token: bool) -> "Life":
        """A seeded life; one that answers a token has one."""
        ending = _USUAL[int(rng.random() * 4)] if rng.random() < 0.4 else _choice(rng)
        if ending in ANSWERS and not has_token:
            ending = Ending.EXIT_0
        return cls(
            ending=ending,
            starts_after=20 + rng.random() * 37,
            works_for=rng.random() ** 3 * 400,
            stops_after=22 + rng.random() * 16,
            has_sidecar=ending is Ending.SIDECAR or rng.random() < 0.2,
        )

    def brisk(self, rng: Random) -> "Life":
        """The same life, but over soon: some never start, so that nothing is told of them but their end."""
        ending = Ending.IMAGE_NOT_FOUND if rng.random() < 0.5 else self.ending
        return replace(self, ending=ending, works_for=self.works_for / 20)

    @property
    def runs_on(self) -> bool:
        """Whether it never ends by itself once it runs."""
        return self.ending in _RUNS_ON

    @property
    def answers_well(self) -> bool:
        """Whether its answer to its own token is a success."""
        stays_well = self.ending is Ending.ANSWERS_AND_STAYS and int(self.works_for) % 2 == 0
        return stays_well or self.ending in {Ending.ANSWERS_WELL, Ending.ANSWERS_AND_DIES}

    @property
    def exit_code(self) -> int:
        """The main container's, where it ends by itself."""
        return _EXIT_CODES[self.ending]


def _choice(rng: Random) -> Ending:
    """Any ending; ECS forgets less often than everything else goes wrong."""
    endings = tuple(Ending)
    ending = endings[int(rng.random() * len(endings))]
    return Ending.EXIT_0 if ending is Ending.VANISHES and rng.random() < 0.5 else ending
