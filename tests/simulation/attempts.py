"""Executions with their branches and attempts, as the simulation keeps them; `executions.py` runs them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tests.simulation.tasks import Task

TOKEN_CANARY: Final = "AQCcanary-task-token"
#: The errors of a run of which nothing was started.
NOT_PREPARED: Final = "Run.NotPrepared"
INVALID_INPUT: Final = "Run.InvalidInput"
QUEUE_TIMED_OUT: Final = "Run.QueueTimedOut"
#: No failure: the job had no slot for the run.
SKIPPED: Final = "Run.Skipped"
#: The state "The run failed" ends these again, whoever redrives them.
FAILED_FOR_GOOD: Final = frozenset({NOT_PREPARED, INVALID_INPUT, QUEUE_TIMED_OUT})
FAILING: Final = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


class Pattern(StrEnum):
    """How a state calls ECS."""

    REQUEST_RESPONSE = "request-response"
    SYNC = "sync"
    CALLBACK = "callback"


class Says(StrEnum):
    """What a task's environment says about its run and its execution."""

    ALL = "all"  # RUN_ID and RUN_EXECUTION_ARN, as our machines do
    RUN_ID = "run-id"  # a user's machine that names the run only
    NOTHING = "nothing"  # a user's machine: the token alone, if there is one


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What an execution does. Times are seconds from its start."""

    name: str
    machine_arn: str
    pattern: Pattern
    says: Says = Says.ALL
    token_variable: str = "TASK_TOKEN"
    items: int = 0  # of a fan-out; 0 is a single run
    items_are_children: bool = False
    tolerates_failures: bool = False
    timeout_seconds: float = 3_600.0
    retries: int = 0
    retries_timeouts: bool = False
    hangs: float = 0.4  # the chance that an attempt never ends, where a retry replaces it
    is_brisk: bool = False  # an attempt that ends does so soon
    abort_after: float | None = None
    redrive_after: float | None = None


@dataclass(eq=False, slots=True)
class Attempt:
    """One attempt of a branch. It is over when its token is closed, or when its state has gone on.

    `number` is what the task is told, `place` where the attempt is among those of its branch. They differ where RunTask
    was refused, or carried out and its answer was lost (`is_unknown`): the call is made again for the same attempt
    (fact B43). A redrive is a new one.
    """

    branch: "Branch"
    number: int
    token: str | None
    place: int
    task: Task | None = None
    is_over: bool = False
    is_unknown: bool = False


@dataclass(eq=False, slots=True)
class Branch:
    """A Task state in an execution: of a single run, or of one item of a fan-out."""

    execution: "Execution"
    run_id: str
    retries_left: int
    tasks_failed: int = 0  # and were followed by another attempt; a refused call is none
    attempts: list[Attempt] = field(default_factory=list)
    done: bool = False
    failed_with: str | None = None


@dataclass(eq=False, slots=True)
class Execution:
    """One execution. `history` has (when, status, redrives) of each change, for answers that are a little late."""

    arn: str
    spec: RunSpec
    started: float
    parent: "Execution | None" = None
    status: str = "RUNNING"
    stopped: float | None = None
    redrives: int = 0
    error: str | None = None
    branches: list[Branch] = field(default_factory=list)
    children: list["Execution"] = field(default_factory=list)
    is_prepared: bool = False  # or needs no preparing, as a machine of somebody else
    history: list[tuple[float, str, int]] = field(default_factory=list)

    @property
    def has_failed(self) -> bool:
        """Closed, and not well."""
        return self.status in FAILING


def as_of(execution: Execution, moment: float) -> tuple[float, str, int]:
    """What was true at a moment: (since when, status, redrives)."""
    known: Any = execution.history[0]
    for change in execution.history:
        if change[0] <= moment:
            known = change
    return float(known[0]), str(known[1]), int(known[2])
