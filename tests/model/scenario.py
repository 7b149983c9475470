"""What may happen in a world: its faults, how often each, and how many at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fargate_runs.reading.patterns import Pattern


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


@dataclass(frozen=True)
class Scenario:
    """`faults` is how often each may happen, `at_most` how many of them together; `processes` how many work at once.

    Without `answers_need_a_record` a protocol may answer first: for those that do, to see what comes of it. With
    `refuses_answers` Step Functions takes no answer of ours for an open token, whatever it is.
    """

    name: str
    faults: Mapping[Fault, int] = field(default_factory=dict)
    at_most: int = 1
    processes: int = 2
    pattern: Pattern = Pattern.CALLBACK
    exit_codes: tuple[int, ...] = (0, 3)
    has_sweep: bool = True
    answers_need_a_record: bool = True
    refuses_answers: bool = False

    @property
    def kinds(self) -> tuple[Fault, ...]:
        """The faults that may happen, in a fixed order."""
        return tuple(fault for fault in Fault if self.faults.get(fault))


def one_each(*faults: Fault) -> dict[Fault, int]:
    """Each of these may happen once."""
    return dict.fromkeys(faults, 1)


_DELIVERY = (Fault.DUPLICATE, Fault.LOSS)
_CALLS = (Fault.CRASH, Fault.THROTTLE, Fault.UNHEARD, Fault.REPEATED, Fault.NOT_YET_KNOWN, Fault.STALE)
_WITHOUT_TOKEN = one_each(*_DELIVERY, *_CALLS, Fault.ABORT, Fault.FORGOTTEN)
_WITHOUT_EXECUTION = one_each(*_DELIVERY, *_CALLS, Fault.FORGOTTEN)
ONE_ATTEMPT = {**_WITHOUT_TOKEN, Fault.OWN_ANSWER: 1}

SCENARIOS = (
    Scenario("one attempt", ONE_ATTEMPT, at_most=2),
    Scenario("a second attempt", one_each(Fault.RETRY), exit_codes=(0,)),
    Scenario("a redrive", one_each(Fault.REDRIVE), exit_codes=(3,)),
    Scenario("a sweep in between", one_each(Fault.SWEEP), exit_codes=(0,)),
    Scenario("sync", _WITHOUT_TOKEN, pattern=Pattern.SYNC),
    Scenario("request-response", _WITHOUT_EXECUTION, pattern=Pattern.REQUEST_RESPONSE),
    Scenario("answers refused", ONE_ATTEMPT, refuses_answers=True),
)
# What takes minutes: `python -m tests.model`
DEEP_SCENARIOS = (
    Scenario("one attempt", ONE_ATTEMPT, at_most=3),
    Scenario("a second attempt", one_each(*_DELIVERY, Fault.CRASH, Fault.RETRY), at_most=2, exit_codes=(0,)),
    Scenario("an abort and a redrive", one_each(Fault.ABORT, Fault.REDRIVE), at_most=2, exit_codes=(3,)),
    Scenario("a sweep in between", one_each(Fault.SWEEP, Fault.CRASH, Fault.ABORT), at_most=2, exit_codes=(0,)),
    Scenario("sync", _WITHOUT_TOKEN, at_most=3, pattern=Pattern.SYNC),
    Scenario("request-response", _WITHOUT_EXECUTION, at_most=3, pattern=Pattern.REQUEST_RESPONSE),
)
