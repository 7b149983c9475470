"""What the API answers, as data.

Absent and unknown fields are no errors: a newer API may say more, an older one less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "SKIPPED", "MISSED"})
SUCCEEDED = "SUCCEEDED"
SKIPPED = "SKIPPED"
QUEUED = "QUEUED"


@dataclass(frozen=True)
class StartedRun:
    """The answer to POST /runs."""

    run_id: str
    pattern: str
    execution_arn: str

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> StartedRun:
        """Raises KeyError when it names no run."""
        return cls(
            run_id=str(document["runId"]),
            pattern=text(document, "pattern") or "",
            execution_arn=text(document, "executionArn") or "",
        )


@dataclass(frozen=True)
class Usage:
    """The billed time and size, and the estimated cost."""

    vcpu_seconds: float
    gb_seconds: float
    cost_usd: float
    spot: bool

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Usage | None:
        """Reads `usage` of a run or an attempt; None if it is not known."""
        found = [number(document, key) for key in ("vcpuSeconds", "gbSeconds", "estimatedCostUsd")]
        vcpu, gb, cost = found
        if vcpu is None or gb is None or cost is None:
            return None
        return cls(vcpu, gb, cost, flag(document, "spot") is True)


@dataclass(frozen=True)
class LastLines:
    """The end of a log, oldest line first; `note` says why there are no lines, if that is known."""

    lines: tuple[str, ...]
    note: str | None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> LastLines:
        """`lastLogLines` and `logNote` of a run or an attempt."""
        lines = document.get("lastLogLines")
        return cls(tuple(map(str, lines)) if isinstance(lines, list) else (), text(document, "logNote"))


@dataclass(frozen=True)
class Log:
    """Where a container logs."""

    group: str | None
    stream: str | None
    url: str | None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Log:
        """`log` or `culpritLog` of an attempt."""
        return cls(text(document, "group"), text(document, "stream"), text(document, "url"))


@dataclass(frozen=True)
class Attempt:
    """One task of a run."""

    task_id: str
    status: str | None
    last_status: str | None
    error: str | None
    number: int | None
    """Which attempt of its run the task says that it is; two may be the same one."""
    container: str | None
    exit_code: int | None
    culprit: str | None
    """Another container, which failed and took that one with it: the last lines are its."""
    culprit_log: Log
    stop_code: str | None
    stopped_reason: str | None
    delivery: str | None
    capacity_provider: str | None
    size: tuple[str | None, str | None]
    """CPU units and MiB of memory, as ECS writes them."""
    timeline: tuple[tuple[str, str], ...]
    """What happened and when (ISO 8601), in the order in which a task goes through it."""
    log: Log
    last_lines: LastLines
    task_url: str | None
    usage: Usage | None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Attempt:
        """An element of `attempts`."""
        times = mapping(document, "timeline")
        return cls(
            task_id=text(document, "taskId") or text(document, "taskArn") or "?",
            status=text(document, "status"),
            last_status=text(document, "lastStatus"),
            error=text(document, "error"),
            number=whole(document, "attempt"),
            container=text(document, "container"),
            exit_code=whole(document, "exitCode"),
            culprit=text(document, "culprit"),
            culprit_log=Log.from_document(mapping(document, "culpritLog")),
            stop_code=text(document, "stopCode"),
            stopped_reason=text(document, "stoppedReason"),
            delivery=text(document, "delivery"),
            capacity_provider=text(document, "capacityProviderName"),
            size=(text(document, "cpu"), text(document, "memory")),
            timeline=tuple((label, time) for key, label in _TIMELINE if (time := text(times, key)) is not None),
            log=Log.from_document(mapping(document, "log")),
            last_lines=LastLines.from_document(document),
            task_url=text(document, "taskUrl"),
            usage=Usage.from_document(mapping(document, "usage")),
        )


_TIMELINE = (
    ("createdAt", "created"),
    ("pullStartedAt", "pull started"),
    ("pullStoppedAt", "pull stopped"),
    ("startedAt", "started"),
    ("executionStoppedAt", "containers ended"),
    ("stoppingAt", "stopping"),
    ("stoppedAt", "stopped"),
)


@dataclass(frozen=True)
class Execution:
    """How the execution of a run stands: it may end otherwise than the run's task."""

    status: str
    error: str | None
    cause: str | None
    """A sentence, not what Step Functions gave."""
    redrive_count: int

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Execution | None:
        """`execution` of a run; None where nothing is recorded of it."""
        status = text(document, "status")
        if status is None:
            return None
        error, cause = text(document, "error"), text(document, "cause")
        return cls(status, error, cause, whole(document, "redriveCount") or 0)


@dataclass(frozen=True)
class StopRequest:
    """Who asked for the run's stop, when (ISO 8601) and why."""

    at: str | None
    by: str | None
    reason: str | None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> StopRequest | None:
        """`stopRequest` of a run; None where nobody asked."""
        found = cls(text(document, "at"), text(document, "by"), text(document, "reason"))
        return found if found.at or found.by or found.reason else None


@dataclass(frozen=True)
class Slot:
    """How a run stands to the slots of its job. Times are ISO 8601."""

    queued_at: str | None
    admitted_at: str | None
    place: int | None
    """Among the runs that wait: 1 is the next one."""
    blocked_by: str | None
    is_forced: bool

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Slot:
        """From the keys of a run."""
        return cls(
            queued_at=text(document, "queuedAt"),
            admitted_at=text(document, "admittedAt"),
            place=whole(mapping(document, "queue"), "place"),
            blocked_by=text(document, "blockedBy"),
            is_forced=flag(document, "forced") is True,
        )


@dataclass(frozen=True)
class Run:
    """The answer to GET /runs/{runId}."""

    run_id: str
    pattern: str | None
    status: str
    error: str | None
    transient: bool | None
    summary: str | None
    advice: str | None
    exit_code: int | None
    culprit: str | None
    result: Mapping[str, object] | None
    last_lines: LastLines
    commands: tuple[str, ...] | None
    execution_arn: str | None
    execution: Execution | None
    created_at: str | None
    """ISO 8601."""
    duration_seconds: float | None
    usage: Usage | None
    stop_request: StopRequest | None
    rerun_of: str | None
    """The run whose input it was started with."""
    job: str | None
    schedule: str | None
    scheduled_time: str | None
    """ISO 8601."""
    slot: Slot
    attempts: tuple[Attempt, ...]
    """The newest ones, oldest first."""
    attempts_left_out: int
    """How many older ones there are."""
    unreadable_attempts: int

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it: its execution has ended, and its newest task too if it has one."""
        return self.status in ENDED

    @property
    def awaits_its_task(self) -> bool:
        """Whether it ended by its execution's word about a task that is not recorded yet: events come in any order."""
        return self.ended and not self.attempts and (self.error or "").startswith(("Container.", "Task."))

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Run:
        """Raises KeyError when it has no id or no status."""
        commands = mapping(document, "input").get("commands")
        attempts = document.get("attempts")
        return cls(
            run_id=str(document["runId"]),
            pattern=text(document, "pattern"),
            status=str(document["status"]),
            error=text(document, "error"),
            transient=flag(document, "transient"),
            summary=text(document, "summary"),
            advice=text(document, "advice"),
            exit_code=whole(document, "exitCode"),
            culprit=text(document, "culprit"),
            result=mapping(document, "result") if isinstance(document.get("result"), dict) else None,
            last_lines=LastLines.from_document(document),
            commands=tuple(str(word) for word in commands) if isinstance(commands, list) else None,
            execution_arn=text(document, "executionArn"),
            execution=Execution.from_document(mapping(document, "execution")),
            created_at=text(document, "createdAt"),
            duration_seconds=number(document, "durationSeconds"),
            usage=Usage.from_document(mapping(document, "usage")),
            stop_request=StopRequest.from_document(mapping(document, "stopRequest")),
            rerun_of=text(document, "rerunOf"),
            job=text(document, "job"),
            schedule=text(document, "schedule"),
            scheduled_time=text(document, "scheduledTime"),
            slot=Slot.from_document(document),
            attempts=tuple(Attempt.from_document(one) for one in attempts if isinstance(one, dict))
            if isinstance(attempts, list)
            else (),
            attempts_left_out=whole(document, "attemptsLeftOut") or 0,
            unreadable_attempts=whole(document, "unreadableAttempts") or 0,
        )


def text(document: Mapping[str, object], key: str) -> str | None:
    """The string under `key`; None for anything else."""
    value = document.get(key)
    return value if isinstance(value, str) else None


def whole(document: Mapping[str, object], key: str) -> int | None:
    """The whole number under `key`; None for anything else."""
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(document: Mapping[str, object], key: str) -> float | None:
    """The number under `key`; None for anything else."""
    value = document.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag(document: Mapping[str, object], key: str) -> bool | None:
    """The truth value under `key`; None for anything else."""
    value = document.get(key)
    return value if isinstance(value, bool) else None


def mapping(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The object under `key`; empty for anything else."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}
