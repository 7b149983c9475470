"""The runs table of the real template, on moto."""

from typing import TYPE_CHECKING, Any

from tests.template.loading import load_template, resources_of_type

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "runs"
CREATABLE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def create_runs_table(client: "DynamoDBClient") -> None:
    """As template.yaml has it."""
    (table,) = resources_of_type(load_template(), "AWS::DynamoDB::Table").values()
    properties: dict[str, Any] = {name: table["Properties"][name] for name in CREATABLE}
    client.create_table(TableName=TABLE, **properties)
