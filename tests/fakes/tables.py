"""The runs table of the real template, on moto."""

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.template.loading import load_template, resources_of_type

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "runs"
CREATABLE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def create_runs_table(client: "DynamoDBClient") -> None:
    """As template.yaml has it."""
    client.create_table(TableName=TABLE, **_properties())


@cache
def _properties() -> dict[str, Any]:
    (table,) = resources_of_type(load_template(), "AWS::DynamoDB::Table").values()
    return {name: table["Properties"][name] for name in CREATABLE}


def spoil(client: Any, run_id: str, task_id: str | None = None) -> None:
    """A word of tomorrow in the record of a task, or in the run's own: a newer version wrote it before a roll-back."""
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": f"TASK#{task_id}" if task_id else "RUN"}},
        UpdateExpression="SET #pattern = :word",
        ExpressionAttributeNames={"#pattern": "pattern"},
        ExpressionAttributeValues={":word": {"S": "fan-out"}},
    )
