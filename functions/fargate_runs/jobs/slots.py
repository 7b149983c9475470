"""The table of a job's slots: what becomes of a run at the gate, whatever arrives. Pure; gatekeeper.py carries it out.

    state \\ arriving   forced       free    queue   skip        replace     full     ticket   redrive      end
    ABSENT             HOLD_FORCED  HOLD    WAIT    TURN_AWAY   WAIT_ALONE  REFUSE   ANSWER   HOLD_FORCED  NOTHING
    WAITING            HOLD_FORCED  -       STAY    STAY        STAY        STAY     KEEP     STAY         LEAVE
    WITHDRAWN          STAY         STAY    STAY    STAY        STAY        STAY     ANSWER   STAY         LEAVE
    HOLDING            STAY         STAY    STAY    STAY        STAY        STAY     ANSWER   STAY         LEAVE

The first six columns are one question, "may I begin?", as the gate stands and as the job's policy says. Before and
after every arrival the gate promotes: as long as a slot is free, the first run that waits holds it. So no run waits
beside a free slot, and nobody overtakes. docs/slots.md has the same table, with the reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fargate_runs.jobs.gate import Gate, Position
from fargate_runs.jobs.job import Policy

MOST_WAITING: Final = 2_000  # with those that are withdrawn
MOST_AT_THE_GATE: Final = 3_000  # one item of DynamoDB holds 400 KB, and a run takes about 110 bytes


class Standing(StrEnum):
    """How a run stands at the gate: the rows of the table."""

    ABSENT = "absent"
    WAITING = "waiting"
    WITHDRAWN = "withdrawn"
    HOLDING = "holding"


class Arriving(StrEnum):
    """What arrives: the columns of the table."""

    FORCED = "asks, by force"
    FREE = "asks, a slot is free"
    QUEUE = "asks, none is free: `queue`"
    SKIP = "asks, none is free: `skip`"
    REPLACE = "asks, none is free: `replace`"
    FULL = "asks, and too many are here"
    TICKET = "its ticket"
    REDRIVEN = "its redrive"
    ENDED = "its end"


class Step(StrEnum):
    """What the table says."""

    HOLD = "holds a slot"
    HOLD_FORCED = "holds a slot above the limit"
    WAIT = "waits, as the last"
    WAIT_ALONE = "waits; those that waited are withdrawn"
    TURN_AWAY = "is skipped, and stays absent"
    REFUSE = "is refused, and stays absent"
    STAY = "stays"
    KEEP = "stays; its ticket is kept"
    ANSWER = "its ticket is answered now"
    LEAVE = "is gone"
    NOTHING = "nothing"


STEPS: Final[Mapping[tuple[Standing, Arriving], Step]] = MappingProxyType(
    {
        (Standing.ABSENT, Arriving.FORCED): Step.HOLD_FORCED,
        (Standing.ABSENT, Arriving.FREE): Step.HOLD,
        (Standing.ABSENT, Arriving.QUEUE): Step.WAIT,
        (Standing.ABSENT, Arriving.SKIP): Step.TURN_AWAY,
        (Standing.ABSENT, Arriving.REPLACE): Step.WAIT_ALONE,
        (Standing.ABSENT, Arriving.FULL): Step.REFUSE,
        (Standing.ABSENT, Arriving.TICKET): Step.ANSWER,
        (Standing.ABSENT, Arriving.REDRIVEN): Step.HOLD_FORCED,
        (Standing.ABSENT, Arriving.ENDED): Step.NOTHING,
        (Standing.WAITING, Arriving.FORCED): Step.HOLD_FORCED,
        (Standing.WAITING, Arriving.QUEUE): Step.STAY,
        (Standing.WAITING, Arriving.SKIP): Step.STAY,
        (Standing.WAITING, Arriving.REPLACE): Step.STAY,
        (Standing.WAITING, Arriving.FULL): Step.STAY,
        (Standing.WAITING, Arriving.TICKET): Step.KEEP,
        (Standing.WAITING, Arriving.REDRIVEN): Step.STAY,
        (Standing.WAITING, Arriving.ENDED): Step.LEAVE,
        **{
            (standing, arriving): Step.STAY
            for standing in (Standing.WITHDRAWN, Standing.HOLDING)
            for arriving in Arriving
            if arriving not in {Arriving.TICKET, Arriving.ENDED}
        },
        (Standing.WITHDRAWN, Arriving.TICKET): Step.ANSWER,
        (Standing.WITHDRAWN, Arriving.ENDED): Step.LEAVE,
        (Standing.HOLDING, Arriving.TICKET): Step.ANSWER,
        (Standing.HOLDING, Arriving.ENDED): Step.LEAVE,
    }
)


_NONE_IS_FREE: Final[Mapping[Policy, Arriving]] = MappingProxyType(
    {Policy.QUEUE: Arriving.QUEUE, Policy.SKIP: Arriving.SKIP, Policy.REPLACE: Arriving.REPLACE}
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A run that is about to begin. `limit` and `policy` are its job's, as the run has read them."""

    run_id: str
    execution_arn: str
    at: datetime
    limit: int
    policy: Policy
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Redriven:
    """A run that had a slot, and whose execution was opened again. It cannot be held back."""

    run_id: str
    execution_arn: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A run that waits, and whose task token is stored."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended, with its task."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Limited:
    """The job's new limit; None if it has none any more."""

    limit: int | None


Arrival = Ask | Redriven | Ticket | Ended | Limited


@dataclass(frozen=True, slots=True)
class Passage:
    """What an arrival comes to: the gate as it is then, and the step for the run that arrived (None for a limit).

    `standing` is the run's, then. `blocker` is the run that stands in its way, if it was turned away or withdrawn.
    `to_answer` are the runs whose tickets are to be answered: each then asks again, and learns how it stands.
    """

    gate: Gate
    step: Step | None = None
    standing: Standing = Standing.ABSENT
    blocker: str | None = None
    to_answer: tuple[str, ...] = ()


def standing_of(gate: Gate, run_id: str) -> Standing:
    """Returns the row of the table."""
    if run_id in gate.holders:
        return Standing.HOLDING
    if run_id in gate.waiting:
        return Standing.WAITING
    return Standing.WITHDRAWN if run_id in gate.withdrawn else Standing.ABSENT


def arriving_of(gate: Gate, arrival: Ask | Redriven | Ticket | Ended) -> Arriving:
    """Returns the column of the table. The gate has promoted, and has a limit if somebody asks."""
    match arrival:
        case Redriven():
            return Arriving.REDRIVEN
        case Ticket():
            return Arriving.TICKET
        case Ended():
            return Arriving.ENDED
    return _asking(gate, arrival)


def _asking(gate: Gate, asks: Ask) -> Arriving:
    waiting = len(gate.waiting) + len(gate.withdrawn)
    if len(gate.holders) + waiting >= MOST_AT_THE_GATE:
        return Arriving.FULL
    if asks.is_forced:
        return Arriving.FORCED
    if gate.has_free_slot:
        return Arriving.FREE
    if asks.policy is not Policy.SKIP and waiting >= MOST_WAITING:
        return Arriving.FULL
    return _NONE_IS_FREE[asks.policy]


def passage(gate: Gate, arrival: Arrival) -> Passage:
    """Returns what an arrival comes to. A gate that has no limit yet takes that of the run that asks."""
    before = gate
    if isinstance(arrival, Limited):
        gate = promoted(replace(gate, limit=arrival.limit))
        return Passage(gate, to_answer=_called(before, gate))
    if isinstance(arrival, Ask) and gate.limit is None:
        gate = replace(gate, limit=arrival.limit)
    gate = promoted(gate)
    run_id = arrival.run_id
    step = STEPS[standing_of(gate, run_id), arriving_of(gate, arrival)]
    blocker = gate.withdrawn.get(run_id)
    if step is Step.TURN_AWAY:
        blocker = next(iter(gate.holders))
    gate = promoted(_moved(gate, arrival, step))
    to_answer = tuple(each for each in _called(before, gate) if each != run_id)
    if step is Step.ANSWER:
        to_answer = (*to_answer, run_id)
    return Passage(gate, step, standing_of(gate, run_id), blocker, to_answer)


def promoted(gate: Gate) -> Gate:
    """Returns the gate after those that wait have taken the free slots, the first one first."""
    free = len(gate.waiting) if gate.limit is None else max(gate.limit - len(gate.holders), 0)
    if not (free and gate.waiting):
        return gate
    ordered = list(gate.waiting.items())
    return replace(gate, holders={**gate.holders, **dict(ordered[:free])}, waiting=dict(ordered[free:]))


def _moved(gate: Gate, arrival: Ask | Redriven | Ticket | Ended, step: Step) -> Gate:
    """Returns the gate after this step of the run that arrived."""
    run_id = arrival.run_id
    if step is Step.LEAVE:
        return _without(gate, run_id)
    if not isinstance(arrival, Ask | Redriven):
        return gate
    position = Position(arrival.execution_arn, arrival.at)
    match step:
        case Step.HOLD | Step.HOLD_FORCED:
            gate = _without(gate, run_id)
            position = replace(position, is_forced=step is Step.HOLD_FORCED)
            return replace(gate, holders={**gate.holders, run_id: position})
        case Step.WAIT:
            return replace(gate, waiting={**gate.waiting, run_id: position})
        case Step.WAIT_ALONE:
            withdrawn = {**gate.withdrawn, **dict.fromkeys(gate.waiting, run_id)}
            return replace(gate, waiting={run_id: replace(position, replaces=True)}, withdrawn=withdrawn)
    return gate


def _without(gate: Gate, run_id: str) -> Gate:
    return replace(
        gate,
        holders={each: position for each, position in gate.holders.items() if each != run_id},
        waiting={each: position for each, position in gate.waiting.items() if each != run_id},
        withdrawn={each: by for each, by in gate.withdrawn.items() if each != run_id},
    )


def _called(before: Gate, after: Gate) -> tuple[str, ...]:
    """Returns the runs that waited before, and do not now: each is to be told."""
    return tuple(each for each in before.waiting if each in after.holders or each in after.withdrawn)
