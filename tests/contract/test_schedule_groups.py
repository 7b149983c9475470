"""Who may change schedules: the group is part of a schedule's ARN (service authorization reference of Scheduler)."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws
from tests.runtimes import client_settings

ACTIONS = [f"scheduler:{action}Schedule" for action in ("Create", "Update", "Delete")]


def allowed_in(aws: Aws, group: str) -> Any:
    """A client of a role that may change the schedules of this group."""
    settings, name = client_settings(aws.endpoint), f"scheduling-{uuid.uuid4().hex[:8]}"
    iam = boto3.client("iam", **settings)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statement = [
        {
            "Effect": "Allow",
            "Action": ACTIONS,
            "Resource": f"arn:aws:scheduler:us-east-1:000000000000:schedule/{group}/*",
        },
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
    ]
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps({"Statement": statement}))
    key = boto3.client("sts", **settings).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "scheduler",
        endpoint_url=aws.endpoint,
        region_name=settings["region_name"],
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )


def test_a_role_may_change_schedules_of_one_group(aws: Aws) -> None:
    owner = boto3.client("scheduler", **client_settings(aws.endpoint))
    ours, other = (f"group-{uuid.uuid4().hex[:8]}" for _ in range(2))
    for group in (ours, other):
        owner.create_schedule_group(Name=group)
    schedule: dict[str, Any] = {
        "Name": "a.b",
        "ScheduleExpression": "rate(1 day)",
        "State": "DISABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": "arn:aws:iam::000000000000:role/r"},
    }
    client = allowed_in(aws, ours)
    client.create_schedule(GroupName=ours, **schedule)
    client.update_schedule(GroupName=ours, **schedule)
    owner.create_schedule(GroupName=other, **schedule)
    for call in (client.create_schedule, client.update_schedule):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(GroupName=other, **schedule)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_schedule(GroupName=other, Name="a.b")
    client.delete_schedule(GroupName=ours, Name="a.b")
    assert [each["GroupName"] for each in owner.list_schedules(NamePrefix="a.b")["Schedules"]] == [other]
