"""What may happen in a world of slots: how many runs, which limits, and which faults, how often each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fargate_runs.jobs.job import Policy


class Fault(StrEnum):
    """What may go wrong, or at least happen. Nothing may depend on its coming."""

    LOSS = "the event is lost"
    DUPLICATE = "the event comes twice"
    CRASH = "the process dies"
    THROTTLE = "the call is refused"
    UNHEARD = "the call is carried out, but fails for its caller"
    REPEATED = "the call is carried out, its answer is lost, and the SDK makes it again"
    GIVEN_UP = "the state gives up waiting for the process, and starts another"
    ABORT = "somebody aborts the execution"
    REDRIVE = "somebody redrives the execution"
    SWEEP = "a sweep comes at a bad moment"


@dataclass(frozen=True)
class Scenario:
    """`begun` runs hold a slot from the beginning; `limits` are the job's, in turn: the second is set at any moment.

    `faults` is how often each may happen, `at_most` how many of them together; `processes` how many work at once.
    """

    name: str
    runs: int = 2
    begun: int = 0
    limits: tuple[int, ...] = (1,)
    policy: Policy = Policy.QUEUE
    forced: frozenset[int] = frozenset()
    faults: Mapping[Fault, int] = field(default_factory=dict)
    at_most: int = 1
    processes: int = 2
    has_sweep: bool = True

    @property
    def kinds(self) -> tuple[Fault, ...]:
        """The faults that may happen, in a fixed order."""
        return tuple(fault for fault in Fault if self.faults.get(fault))


def one_each(*faults: Fault) -> dict[Fault, int]:
    """Each of these may happen once."""
    return dict.fromkeys(faults, 1)


DELIVERY = (Fault.LOSS, Fault.DUPLICATE)
CALLS = (Fault.CRASH, Fault.THROTTLE, Fault.UNHEARD, Fault.REPEATED, Fault.GIVEN_UP)
MOST = one_each(*DELIVERY, *CALLS, Fault.ABORT)

SCENARIOS = (
    Scenario("no fault and no sweep", begun=1, has_sweep=False),
    Scenario("an empty gate", faults=one_each(Fault.ABORT)),
    Scenario("queue", begun=1, faults=MOST),
    Scenario("skip", begun=1, policy=Policy.SKIP, faults=MOST),
    Scenario("replace", begun=1, policy=Policy.REPLACE, faults=MOST),
    Scenario("a sweep in between", begun=1, faults=one_each(Fault.SWEEP)),
    Scenario("two that wait", runs=3, begun=1, faults=one_each(Fault.ABORT), processes=1),
    Scenario("two that replace", runs=3, begun=1, policy=Policy.REPLACE, processes=1),
    Scenario("a higher limit", limits=(1, 2), begun=1, faults=one_each(Fault.CRASH)),
    Scenario("a lower limit", runs=3, limits=(2, 1), begun=2, processes=1),
    Scenario("by force", begun=1, forced=frozenset({1}), faults=one_each(Fault.CRASH, Fault.ABORT)),
    Scenario("a redrive", begun=1, faults=one_each(Fault.REDRIVE), processes=1),
)
# What takes minutes: `python -m tests.model`
DEEP_SCENARIOS = (
    Scenario("an empty gate", faults=MOST),
    Scenario("queue", begun=1, faults={**MOST, Fault.SWEEP: 1}, at_most=2),
    Scenario("skip", begun=1, policy=Policy.SKIP, faults=MOST, at_most=2),
    Scenario("replace", policy=Policy.REPLACE, faults=MOST),
    Scenario("two that wait", runs=3, begun=1, faults=one_each(Fault.ABORT, Fault.CRASH)),
    Scenario("a redrive", begun=1, faults=one_each(Fault.ABORT, Fault.REDRIVE), at_most=2),
    Scenario("another limit", runs=3, limits=(2, 1), begun=1),
)
