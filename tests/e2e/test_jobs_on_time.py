"""The times of a job's schedules, and its alarm, with the roles of the real template."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

import boto3

from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.job_items import job_item, job_key
from fargate_runs.jobs.job import Job, JobSchedule, StoredJob
from tests.e2e.conftest import Stack
from tests.fakes.clock import NOON
from tests.runtimes import client_settings


def apply(stack: Stack, **fields: Any) -> str:
    """A job as it stands in the table; gives its name."""
    name = f"timed-{uuid.uuid4().hex[:6]}"
    item = serialized(job_item(StoredJob(Job(name, "tests", **fields), NOON, NOON), expires_at=1))
    table(stack).put_item(TableName=stack.status.outputs["JobsTableName"], Item=item)
    return name


def table(stack: Stack) -> Any:
    return boto3.client("dynamodb", **client_settings(stack.status.endpoint))


def fire(stack: Stack, job: str, at: datetime = NOON) -> dict[str, Any]:
    """As EventBridge Scheduler calls the function."""
    due = {"job": job, "schedule": "daily", "scheduledTime": at.isoformat()}
    answer: Any = stack.functions.invoke(
        FunctionName=stack.status.outputs["StartScheduledRunFunctionName"], Payload=json.dumps(due).encode()
    )
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, found
    return found


def test_a_time_of_a_schedule_is_one_run_that_knows_its_time(stack: Stack) -> None:
    says = "import json, os; print(json.dumps({n: os.environ[n] for n in ('RUN_JOB', 'RUN_SCHEDULED_TIME')}))"
    schedule = JobSchedule("daily", "rate(1 day)", overrides={"commands": ["python", "-c", says]})
    job = apply(stack, schedules=(schedule,))
    first, second = fire(stack, job), fire(stack, job)
    assert first == second == {"became": "started", "runId": f"{job}_daily_20250506T120000Z"}
    run = stack.ended_run(str(first["runId"]))
    assert (run["status"], run["job"], run["schedule"]) == ("SUCCEEDED", job, "daily")
    assert run["result"] == {"RUN_JOB": job, "RUN_SCHEDULED_TIME": "2025-05-06T12:00:00Z"}


def test_a_time_that_is_too_late_is_a_missed_run(stack: Stack) -> None:
    job = apply(stack, schedules=(JobSchedule("daily", "rate(1 day)", starting_deadline_seconds=60),))
    fired = fire(stack, job)
    assert fired["became"] == "missed"
    run = stack.api.get_run(str(fired["runId"]))
    assert (run["status"], run["executionArn"]) == ("MISSED", None)


def test_the_sweep_tells_of_a_late_job_once(stack: Stack) -> None:
    job = apply(stack, no_success_for_seconds=60)
    first, second = stack.sweep(), stack.sweep()
    assert (first["lateJobsTold"], second["lateJobsTold"], first["failures"]) == (1, 0, 0), first["firstFailure"]
    assert (first["lateJobs"], second["lateJobs"]) == (1, 1)
    table(stack).delete_item(TableName=stack.status.outputs["JobsTableName"], Key=serialized(job_key(job)))
