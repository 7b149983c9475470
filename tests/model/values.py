"""Keys for values: the table's twin and the use cases pass around what has no hash."""

from collections.abc import Hashable
from typing import Any

from fargate_runs.runs.run_state import RunRecord


def frozen(value: Any) -> Hashable:
    """A key that is equal for values that no use case can tell apart."""
    if isinstance(value, RunRecord):
        return value, value.revision
    if isinstance(value, dict):
        return frozenset((name, frozen(each)) for name, each in value.items())
    if isinstance(value, tuple | list):
        return tuple(frozen(each) for each in value)
    key: Hashable = value
    return key
