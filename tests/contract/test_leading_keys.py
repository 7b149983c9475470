"""A policy with a condition on `dynamodb:LeadingKeys` allows these partitions alone.

Source: "Using IAM policy conditions for fine-grained access control" of the DynamoDB developer guide.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws
from tests.runtimes import client_settings

KEYS = {"pk": {"S": "GATE#ours"}, "sk": {"S": "x"}}
OTHERS = {"pk": {"S": "JOBS"}, "sk": {"S": "x"}}
Call = Callable[[Any, str, dict[str, Any]], object]
#: Each with the partition of a key.
CALLS: dict[str, Call] = {
    "GetItem": lambda table, name, key: table.get_item(TableName=name, Key=key),
    "PutItem": lambda table, name, key: table.put_item(TableName=name, Item={**key, "more": {"N": "1"}}),
    "UpdateItem": lambda table, name, key: table.update_item(
        TableName=name, Key=key, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "JOBS"}}
    ),
    "DeleteItem": lambda table, name, key: table.delete_item(TableName=name, Key=key),
    "Query": lambda table, name, key: table.query(
        TableName=name,
        KeyConditionExpression="#pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeNames={"#pk": "pk"},
        ExpressionAttributeValues={":pk": key["pk"], ":sk": {"S": "TICKET#"}},
    ),
    "Query of an index": lambda table, name, key: table.query(
        TableName=name,
        IndexName="by-sort",
        KeyConditionExpression="sk = :sk",
        ExpressionAttributeValues={":sk": {"S": key["pk"]["S"]}},
    ),
    "BatchGetItem": lambda table, name, key: table.batch_get_item(
        RequestItems={name: {"Keys": [{**KEYS, "sk": {"S": "y"}}, key]}}
    ),
    "BatchWriteItem": lambda table, name, key: table.batch_write_item(
        RequestItems={name: [{"DeleteRequest": {"Key": key}}]}
    ),
}


@pytest.fixture(scope="module")
def table(aws: Aws) -> tuple[Any, str]:
    """A client that may use the partitions GATE#… of a table, and the table's name."""
    settings, name = client_settings(aws.endpoint), f"t-{uuid.uuid4().hex[:8]}"
    boto3.client("dynamodb", **settings).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-sort",
                "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    iam, sts = boto3.client("iam", **settings), boto3.client("sts", **settings)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["GATE#*"]}}
    may = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": condition}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps({"Statement": [may]}))
    given = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return (
        boto3.client(
            "dynamodb",
            endpoint_url=aws.endpoint,
            region_name=settings["region_name"],
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        ),
        name,
    )


@pytest.mark.parametrize("call", CALLS)
def test_a_role_reads_and_writes_the_partitions_that_its_policy_names(call: str, table: tuple[Any, str]) -> None:
    CALLS[call](*table, KEYS)
    with pytest.raises(ClientError, match="AccessDenied"):
        CALLS[call](*table, OTHERS)
