"""An execution that a schedule starts is one as any: its events too can be late (fact B10)."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest

from local import faults_client
from tests.contract.conftest import ROLE, Aws, make_role
from tests.contract.statuses import deleted, everything, queue_of_statuses
from tests.runtimes import client_settings
from tests.waiting import eventually


@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "late"])
def test_b10_what_a_schedule_starts_has_its_events(aws: Aws, is_late: bool) -> None:
    scheduler, name = boto3.client("scheduler", **client_settings(aws.endpoint)), f"once-{uuid.uuid4().hex[:8]}"
    body = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
    machine = aws.sfn.create_state_machine(name=name, definition=json.dumps(body), roleArn=ROLE)["stateMachineArn"]
    rule, url = queue_of_statuses(aws)
    aws.at_rest()
    faults_client.clear(aws.endpoint)
    if is_late:
        faults_client.arm(aws.endpoint, "event-delayed", status=["RUNNING"], seconds=2)
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="at(2020-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": make_role(aws.endpoint, f"role-{name}", "*"), "Input": "{}"},
    )

    seen: list[str] = []

    def both() -> bool:
        details = [event["detail"] for event in everything(aws, url)]
        seen.extend(detail["status"] for detail in details if detail["stateMachineArn"] == machine)
        return len(seen) >= 2

    eventually(both, "both events of the execution")
    deleted(aws, rule)
    assert seen == (["SUCCEEDED", "RUNNING"] if is_late else ["RUNNING", "SUCCEEDED"])
    assert faults_client.armed(aws.endpoint) == []
