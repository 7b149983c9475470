"""What a state of the world is: small, hashable, and complete."""

from typing import NamedTuple

from fargate_runs.reading.execution import ExecutionStatus

OPEN = "open"
CLOSED = "closed by others"
NO_TOKEN = "none"


class State(NamedTuple):
    """Tuples have one place for each attempt that was started. Numbers are those of interned values.

    `tasks` what ECS says of each task, `gone` whether it no longer does, `tokens` OPEN, CLOSED, NO_TOKEN or our answer;
    `table` the runs table; `memory` what the sweep remembers; `bag` the events on their way; `jobs` the points of what
    is at work; `left` how often each fault may still happen, `budget` how many of them together; `broken` what a call
    did that may never be.
    """

    execution: ExecutionStatus
    redrives: int
    tasks: tuple[int, ...]
    gone: tuple[bool, ...]
    tokens: tuple[str, ...]
    table: int
    memory: frozenset[str]
    bag: tuple[int, ...]
    jobs: tuple[int, ...]
    left: tuple[int, ...]
    budget: int
    broken: str = ""


def put(values: tuple[int, ...], value: int) -> tuple[int, ...]:
    """With one more; sorted, because the order means nothing."""
    return tuple(sorted((*values, value)))


def take(values: tuple[int, ...], value: int) -> tuple[int, ...]:
    """With one less."""
    at = values.index(value)
    return values[:at] + values[at + 1 :]


def at(values: tuple[str, ...], place: int, value: str) -> tuple[str, ...]:
    """With another value in this place."""
    return (*values[:place], value, *values[place + 1 :])
