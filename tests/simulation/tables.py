"""The tables of one account behind one client."""

from collections.abc import Callable
from typing import Any

from tests.simulation.dynamodb import DynamoDb


class Tables:
    """Each call goes to the table that it names."""

    def __init__(self, *tables: DynamoDb) -> None:
        self._tables = {each.name: each for each in tables}

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            name = request.get("TableName") or next(iter(request["RequestItems"]))
            return getattr(self._tables[name], operation)(**request)

        return call
