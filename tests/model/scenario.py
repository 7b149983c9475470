"""What may happen in a world: its faults, how often each, and how many at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fargate_runs.patterns import Pattern


class Fault(StrEnum):
    """What may go wrong, or at least happen. Nothing may depend on its coming."""

    DUPLICATE = "the event comes twice"
    LOSS = "the event is lost"
    CRASH = "the process dies"
    THROTTLE = "the call is refused"
    UNHEARD = "the call is carried out, but fails for its caller"
    REPEATED = "the call is carried out, its answer is lost, and the SDK makes it again"
    ABORT = "somebody aborts the execution"
    OWN_ANSWER = "the container answers its own token"
    RETRY = "the token times out, and the state machine tries again"
    REDRIVE = "somebody redrives the execution"
    FORGOTTEN = "ECS forgets the task"
    NOT_YET_KNOWN = "ECS does not know the task yet"
    STALE = "the index does not have it yet"
    SWEEP = "a sweep comes at a bad moment"


ONE_OF_EACH = dict.fromkeys(Fault, 1)


@dataclass(frozen=True)
class Scenario:
    """`faults` is how often each may happen, `at_most` how many of them together; `processes` how many work at once.

    Without `answers_need_a_record` a protocol may answer first: for those that do, to see what comes of it.
    """

    name: str
    faults: Mapping[Fault, int] = field(default_factory=lambda: ONE_OF_EACH)
    at_most: int = 3
    processes: int = 2
    pattern: Pattern = Pattern.CALLBACK
    exit_codes: tuple[int, ...] = (0, 3)
    has_sweep: bool = True
    answers_need_a_record: bool = True

    @property
    def kinds(self) -> tuple[Fault, ...]:
        """The faults that may happen, in a fixed order."""
        return tuple(fault for fault in Fault if self.faults.get(fault))


def without(*faults: Fault) -> dict[Fault, int]:
    """One of each but these."""
    return {fault: 1 for fault in Fault if fault not in faults}
