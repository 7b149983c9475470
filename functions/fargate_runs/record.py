"""What is stored: one item for each run, one for each of its tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from fargate_runs import lenient
from fargate_runs.kinds import ErrorName, OutcomeStatus
from fargate_runs.log import NO_RESULT, LogLocation, Result
from fargate_runs.outcome import Outcome
from fargate_runs.patterns import Pattern, state_machine_of
from fargate_runs.task import NOTHING_YET, EcsTask, Timeline


class Delivery(StrEnum):
    """What became of the answer to a task's token."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    # Closed before our answer came: answered by the container, timed out, its execution stopped, or answered by an
    # earlier try of ours that could not say so any more.
    CLOSED_BY_OTHERS = "CLOSED_BY_OTHERS"
    NOT_NEEDED = "NOT_NEEDED"


class RunStatus(StrEnum):
    """What a run is seen to be: PENDING until its first task is seen, then what its newest task is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task, one attempt of a run. `token` stands only while it may still be needed, and never in the repr."""

    run_id: str
    task_id: str
    task_arn: str
    cluster_arn: str
    version: int
    last_status: str
    desired_status: str | None = None
    task_definition_arn: str | None = None
    pattern: Pattern | None = None
    execution_arn: str | None = None
    timeline: Timeline = NOTHING_YET
    stop_code: str | None = None
    stopped_reason: str | None = None
    capacity_provider_name: str | None = None
    cpu: str | None = None
    memory: str | None = None
    main_container: str | None = None
    log: LogLocation | None = None
    outcome: Outcome | None = None
    result: Result = NO_RESULT
    delivery: Delivery = Delivery.NOT_NEEDED
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, task: EcsTask, pattern: Pattern | None, log: LogLocation | None) -> "TaskRecord":
        """The record of a task as it stands, without an outcome."""
        return cls(
            run_id=task.run_id,
            task_id=task.task_id,
            task_arn=task.task_arn,
            cluster_arn=task.cluster_arn,
            version=task.version,
            last_status=task.last_status,
            desired_status=task.desired_status,
            task_definition_arn=task.task_definition_arn,
            pattern=pattern,
            execution_arn=task.execution_arn,
            timeline=task.timeline,
            stop_code=task.stop_code,
            stopped_reason=task.stopped_reason,
            capacity_provider_name=task.capacity_provider_name,
            cpu=task.cpu,
            memory=task.memory,
            main_container=task.main_container,
            log=log,
            delivery=Delivery.PENDING if task.token else Delivery.NOT_NEEDED,
            token=task.token,
        )

    def ended(self, outcome: Outcome, result: Result) -> "TaskRecord":
        """The same with its outcome."""
        return replace(self, outcome=outcome, result=result)

    def delivered(self, delivery: Delivery) -> "TaskRecord":
        """The same after its token was dealt with: the token is no longer kept."""
        return replace(self, delivery=delivery, token=None)

    @property
    def awaits_delivery(self) -> bool:
        """An outcome stands whose token has not been answered."""
        return self.outcome is not None and self.delivery is Delivery.PENDING

    @property
    def is_open(self) -> bool:
        """Something is still to do: the task has no outcome, or the outcome was not delivered."""
        return self.outcome is None or self.delivery is Delivery.PENDING


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. It mirrors its newest task; `input` is known where the API started it, without environment values."""

    run_id: str
    status: RunStatus
    created_at: datetime | None
    pattern: Pattern | None = None
    execution_arn: str | None = None
    input: Mapping[str, object] | None = None
    error: ErrorName | None = None
    transient: bool | None = None
    summary: str | None = None
    advice: str | None = None
    exit_code: int | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def state_machine_arn(self) -> str | None:
        """The machine that the run's execution is of."""
        return state_machine_of(self.execution_arn)

    @property
    def duration_seconds(self) -> float | None:
        """From the start of the containers to the end of the task; None while it runs and where it never started."""
        if self.started_at is None or self.stopped_at is None:
            return None
        return max(0.0, round((self.stopped_at - self.started_at).total_seconds(), 3))


def mirror(task: TaskRecord) -> RunRecord:
    """The run as its task shows it: a pure projection, so writing it again changes nothing."""
    outcome = task.outcome
    return RunRecord(
        run_id=task.run_id,
        status=_run_status(outcome.status if outcome else None),
        created_at=task.timeline.created_at,
        pattern=task.pattern,
        execution_arn=task.execution_arn,
        error=outcome.error if outcome else None,
        transient=outcome.transient if outcome else None,
        summary=outcome.summary if outcome else None,
        advice=outcome.advice if outcome else None,
        exit_code=outcome.exit_code if outcome else None,
        started_at=task.timeline.started_at,
        stopped_at=task.timeline.stopped_at,
    )


def mirror_order(task: TaskRecord) -> str:
    """Which mirror of a run stands: texts that sort as newest task, then ended before not ended, then version."""
    created = lenient.iso(task.timeline.created_at) or ""
    return f"{created}#{task.task_id}#{int(task.outcome is not None)}#{task.version:010d}"


def _run_status(status: OutcomeStatus | None) -> RunStatus:
    return RunStatus(status.value) if status else RunStatus.RUNNING
