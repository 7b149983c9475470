"""One container of a task while the task lives: what ECS shows of it, what it was asked to be, and what runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from local.clock import Clock
from local.ecs.containers import OUT_OF_MEMORY, ContainerExit, RunningContainer
from local.ecs.dependencies import Condition, Dependency
from local.ecs.health import HEALTHY
from local.ecs.model import Json, LocalContainer

SIGKILL_EXIT_CODE: Final = 137


class NeverError(Exception):
    """What a container depends on can no longer come true; the message says why, as the ECS agent does."""


@dataclass
class Member:
    """`started_at` is virtual; `given_up` containers are never started; `noted` is whether the exit is shown."""

    shown: LocalContainer
    definition: Json
    running: RunningContainer | None = None
    started_at: float = 0.0
    given_up: bool = False
    noted: bool = False
    starved: bool = False

    @property
    def lives(self) -> bool:
        """Whether it was started and has not ended."""
        return self.running is not None and not self.running.ended.done()

    @property
    def end(self) -> ContainerExit | None:
        """How it ended; None before that."""
        if self.running is None or not self.running.ended.done():
            return None
        error = self.running.ended.exception()
        return ContainerExit(255, str(error)) if error else self.running.ended.result()

    def seconds(self, field: str) -> float | None:
        """A time of the container definition: `startTimeout`, `stopTimeout`."""
        value = self.definition.get(field)
        return float(value) if isinstance(value, int | float) else None

    def patience_left(self, clock: Clock) -> float | None:
        """Virtual seconds until its startTimeout is over; None without one."""
        limit = self.seconds("startTimeout")
        return None if limit is None else self.started_at + limit - clock.epoch_seconds()

    def note_exit(self) -> None:
        """Show how it ended, if it has."""
        end = self.end
        if end is None:
            return
        self.noted = True
        self.shown.last_status = "STOPPED"
        self.shown.exit_code = end.exit_code
        starved = self.starved and end.exit_code == SIGKILL_EXIT_CODE
        self.shown.reason = OUT_OF_MEMORY if starved else end.reason


def holds(dependency: Dependency, target: Member, members: Mapping[str, Member], clock: Clock) -> bool:
    """Whether a container may start as far as one dependency goes; NeverError where it never will.

    The words are those of the ECS agent (amazon-ecs-agent, dependencygraph), shown as the container's reason.
    """
    on = members[dependency.container]
    words = f"container ordering dependency [{_in_words(on)}] for target [{_in_words(target)}]"
    if on.given_up:
        raise NeverError(f"failed to resolve {words} because dependency will never start")
    if on.running is None:
        return False
    if _is_met(dependency.condition, on):
        return True
    if on.end is not None:
        raise NeverError(f"failed to resolve {words} as dependency did not exit successfully.")
    left = on.patience_left(clock)
    if left is not None and left <= 0:
        raise NeverError(f"{words} has timed out.")
    return False


def _is_met(condition: Condition, on: Member) -> bool:
    met = {
        Condition.START: True,
        Condition.COMPLETE: on.end is not None,
        Condition.SUCCESS: on.end is not None and on.end.exit_code == 0,
        Condition.HEALTHY: on.shown.health == HEALTHY,
    }
    return met[condition]


def _in_words(member: Member) -> str:
    name = f"{member.shown.name}({member.shown.image})"
    if member.running is None:
        return f"{name} (NONE->RUNNING)"
    if member.end is None:
        return f"{name} (RUNNING->RUNNING)"
    return f"{name} (STOPPED->RUNNING) - Exit: {member.end.exit_code}"
