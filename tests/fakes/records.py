"""Builders of what is recorded: tasks, runs, and how their execution stands."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import TIMELINE_NAMES, EcsTask, TaskState, Timeline
from fargate_runs.runs.log import LogLocation, LogTail, Result
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import with_task
from fargate_runs.runs.run_state import GivenUp, RunRecord, StopRequest
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from tests.fakes.attempts import running
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TASK_ID, TOKEN, container, task

ELSEWHERE: Final = LogLocation("/jobs/tasks", "runs/main/0", "eu-west-1")
LOG: Final = LogLocation("/jobs/tasks", f"runs/main/{TASK_ID}", "us-east-1")
RESULT: Final = Result('{"rows":3,"ratio":0.1}', "a note")


def outcome(**changes: object) -> Outcome:
    """Of a task that ended as `detail(**changes)` tells."""
    found = outcome_of(task(**changes))
    assert found
    return found


WELL: Final = outcome()
BADLY: Final = outcome(containers=[container("main", 3)])


def open_task(**changes: object) -> TaskRecord:
    """A task that runs."""
    return TaskRecord.of(EcsTask.from_detail(running(**changes)), Pattern.CALLBACK, LOG)


def ended_task(**changes: object) -> TaskRecord:
    """A task with its outcome, which is still to be delivered."""
    return TaskRecord.of(task(**changes), Pattern.CALLBACK, LOG).ended(outcome(**changes), RESULT)


def failed_task(**changes: object) -> TaskRecord:
    """The same of one that failed, with the end of its log."""
    verdict = outcome(containers=[container("main", 3)], **changes)
    return TaskRecord.of(task(**changes), Pattern.CALLBACK, LOG).settled(
        verdict, LogTail(("at work", " ", "가 \t<end>"))
    )


def changed(record: TaskRecord, **changes: Any) -> TaskRecord:
    """The same with other values, of the record itself or of the task's state in it."""
    of_state = {name: changes.pop(name) for name in TaskState.__slots__ if name in changes}
    return replace(record, task=replace(record.task, **of_state), **changes)


def full_task() -> TaskRecord:
    """A task of which everything is recorded: no field is as it is by default."""
    return changed(
        failed_task(),
        timeout_seconds=3_600,
        attempt=1,
        started_by="somebody",
        stop_code="EssentialContainerExited",
        stopped_reason="Essential container in task exited",
        capacity_provider_name="FARGATE_SPOT",
        timeline=Timeline(**dict.fromkeys(TIMELINE_NAMES, NOON)),
        log=ELSEWHERE,
        culprit_log=ELSEWHERE,
        outcome=replace(
            BADLY, error=ErrorName.SIDECAR_FAILED, culprit="proxy", transient=True, stop_code="x", stopped_reason="y"
        ),
        result=RESULT,
        log_note="a note",
        missing_sweeps=1,
        token=TOKEN,
    )


def full_run() -> RunRecord:
    """The same of a run."""
    failed = execution("FAILED", error="States.TaskFailed", cause="a cause", redrive_count=1)
    run = with_task(pending_run(execution=failed, given_up=GivenUp.TASK_LOST), full_task(), follows=True)
    asked = StopRequest(NOON, "arn:aws:iam::123456789012:user/jane", "wrong input")
    slot: dict[str, Any] = {
        "schedule": "weekdays",
        "scheduled_at": NOON,
        "takes_slot": True,
        "queued_at": NOON,
        "admitted_at": NOON,
        "is_forced": True,
        "turned_away": TurnedAway(RunStatus.SKIPPED, "a reason", "a-run"),
    }
    return replace(run, revision=1, stop_request=asked, rerun_of="another-run", job="nightly", **slot)


def pending_run(**changes: Any) -> RunRecord:
    """The API's record of a run that it is about to start."""
    run = RunRecord(
        run_id=RUN_ID,
        created_at=NOON,
        pattern=Pattern.CALLBACK,
        execution_arn=EXECUTION_ARN,
        follows=True,
        deadline=NOON + timedelta(hours=3),
        input={"commands": ["job"], "environmentNames": ["A"], "retries": 2, "retryOnExitCodes": [75]},
    )
    return replace(run, **changes)


def execution(status: str, **more: Any) -> Execution:
    """The run's execution, which started at noon, and has lasted three minutes if it has ended."""
    seen = Execution(EXECUTION_ARN, ExecutionStatus(status), started_at=NOON)
    return replace(seen, **{"stopped_at": NOON + timedelta(minutes=3) if seen.is_closed else None, **more})
