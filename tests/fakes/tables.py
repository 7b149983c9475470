"""The tables of the real template, on moto."""

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.template.loading import load_template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "runs"
JOBS_TABLE = "jobs"
CREATABLE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def create_runs_table(client: "DynamoDBClient") -> None:
    """As template.yaml has it."""
    client.create_table(TableName=TABLE, **_properties("RunsTable"))


def create_jobs_table(client: "DynamoDBClient") -> None:
    """As template.yaml has it."""
    client.create_table(TableName=JOBS_TABLE, **_properties("JobsTable"))


@cache
def _properties(resource: str) -> dict[str, Any]:
    properties = load_template()["Resources"][resource]["Properties"]
    return {name: properties[name] for name in CREATABLE if name in properties}


def spoil(client: Any, run_id: str, task_id: str | None = None) -> None:
    """A word of tomorrow in the record of a task, or in the run's own: a newer version wrote it before a roll-back."""
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": f"TASK#{task_id}" if task_id else "RUN"}},
        UpdateExpression="SET #pattern = :word",
        ExpressionAttributeNames={"#pattern": "pattern"},
        ExpressionAttributeValues={":word": {"S": "fan-out"}},
    )
