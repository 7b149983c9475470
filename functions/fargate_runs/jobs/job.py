"""A job: a run with a name. What to run, when, and how many at a time. Pure data; definition.py reads and checks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import Capacity


class Policy(StrEnum):
    """What becomes of a start when all slots of its job are taken."""

    QUEUE = "queue"
    SKIP = "skip"
    REPLACE = "replace"


class LiveRuns(StrEnum):
    """What becomes of the runs of a job that have not ended, when it is deleted."""

    STOP = "stop"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many runs of a job may go on at a time (1 or more)."""

    limit: int
    policy: Policy = Policy.QUEUE


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """One schedule of a job. `expression` is EventBridge Scheduler's: cron(…), rate(…) or at(…).

    `overrides` are keys of a run's input. A run that would start later than `starting_deadline_seconds` after its
    scheduled time is not started.
    """

    name: str
    expression: str
    time_zone: str = "UTC"
    is_enabled: bool = True
    starting_deadline_seconds: int | None = None
    overrides: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """A valid definition. It has either an `image` or a `task_definition`. None stands for the stack's default.

    `secrets` has the ARN of a parameter or a secret for each variable. `retry_on_any` retries every failure of the
    container. The repr never shows environment values.
    """

    name: str
    project: str
    image: str | None = None
    task_definition: str | None = None
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cpu: int | None = None
    memory: int | None = None
    platform: str | None = None
    task_role: str | None = None
    capacity: Capacity | None = None
    timeout_seconds: int | None = None
    total_timeout_seconds: int | None = None
    retries: int | None = None
    retry_on_exit_codes: tuple[int, ...] = ()
    retry_on_any: bool = False
    pattern: Pattern = Pattern.CALLBACK
    schedules: tuple[JobSchedule, ...] = ()
    concurrency: Concurrency | None = None
    no_success_for_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it stands in the table.

    `task_definition_arn` is the revision that its runs use; `definition_digest` is that of the registered content. A
    deleted job stays for the runs that had begun before. `are_schedules_pending` is true until EventBridge Scheduler
    has the job's schedules; `timers` are the names of all that it may have of this job.
    `late_since` is set while an alarm for a missing success stands. `revision` counts writes.
    """

    job: Job
    created_at: datetime
    updated_at: datetime
    task_definition_arn: str | None = None
    definition_digest: str | None = None
    paused_at: datetime | None = None
    resumed_at: datetime | None = None
    deleted_at: datetime | None = None
    are_schedules_pending: bool = False
    timers: tuple[str, ...] = ()
    late_since: datetime | None = None
    revision: int = field(default=0, compare=False)

    @property
    def is_paused(self) -> bool:
        """True if its schedules start nothing."""
        return self.paused_at is not None

    @property
    def is_deleted(self) -> bool:
        """True if it is kept only for the runs that had begun before."""
        return self.deleted_at is not None
