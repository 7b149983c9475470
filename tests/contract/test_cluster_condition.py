"""A policy with a condition on `ecs:cluster` (service authorization reference of ECS) allows that cluster alone."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws
from tests.runtimes import client_settings


@pytest.mark.parametrize("by_arn", [True, False], ids=["by ARN", "by name"])
def test_a_role_sees_the_tasks_of_the_cluster_that_its_policy_names(aws: Aws, by_arn: bool) -> None:
    settings = client_settings(aws.endpoint)
    iam, sts = boto3.client("iam", **settings), boto3.client("sts", **settings)
    ours, other = (aws.ecs.create_cluster(clusterName=f"c-{uuid.uuid4().hex[:8]}")["cluster"] for _ in range(2))
    name = f"lists-{uuid.uuid4().hex[:8]}"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    condition = {"ArnEquals": {"ecs:cluster": ours["clusterArn"]}}
    may = {"Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*", "Condition": condition}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps({"Statement": [may]}))
    given = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    ecs = boto3.client(
        "ecs",
        endpoint_url=aws.endpoint,
        region_name=settings["region_name"],
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    key = "clusterArn" if by_arn else "clusterName"
    assert ecs.list_tasks(cluster=ours[key])["taskArns"] == []  # type: ignore[literal-required]
    with pytest.raises(ClientError, match="AccessDenied"):
        ecs.list_tasks(cluster=other[key])  # type: ignore[literal-required]
