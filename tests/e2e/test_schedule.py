"""The schedule of the template, off by default, starts runs by itself."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from tests.e2e.conftest import Stack
from tests.runtimes import client_settings, deployed_runtime
from tests.waiting import eventually

INPUT = {"commands": ["python", "-c", "print('said by a schedule, in time')"]}
# The local runtime fires a time that has passed at once, so this test waits for nothing.
PARAMETERS = {
    "ScheduleExpression": "at(2020-01-01T00:00:00)",
    "ScheduleTimeZone": "Asia/Seoul",
    "ScheduleInput": json.dumps(INPUT),
}


def test_the_schedule_is_off_by_default(stack: Stack) -> None:
    scheduler = boto3.client("scheduler", **client_settings(stack.status.endpoint))
    (sweep,) = scheduler.list_schedules(GroupName="default")["Schedules"]
    assert "SweepFunction" in sweep["Target"]["Arn"]


@pytest.mark.timeout(900)  # a build and a deployment, which have no limit of their own
def test_a_schedule_starts_a_run(tmp_path: Path, builds: Path) -> None:
    with deployed_runtime(tmp_path / "runtime", PARAMETERS, builds) as status:
        sfn = boto3.client("stepfunctions", **client_settings(status.endpoint))
        machine = status.outputs["RunTaskCallbackStateMachineArn"]

        def succeeded() -> str | None:
            found = sfn.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
            return found[0]["executionArn"] if found else None

        execution = sfn.describe_execution(executionArn=eventually(succeeded, "a run that the schedule started"))
        assert json.loads(execution["input"]) == INPUT
        assert json.loads(execution["output"])["exitCode"] == 0
