"""What the indexes of the runs table copy: a write costs a unit in each of them, and more where an entry is large."""

from typing import Any, Final

import pytest

from tests.template.loading import Object

#: Attributes of runs and tasks that can be long, secret, or change without a list showing it.
NEVER_IN_A_LIST: Final = {"taskToken", "input", "outcome", "lastLogLines", "executionCause", "revision", "expiresAt"}
MOST_ATTRIBUTES: Final = 100  # that all indexes of a table together may name in INCLUDE, as CreateTable takes them


@pytest.fixture
def indexes(template: Object) -> dict[str, Any]:
    table = template["Resources"]["RunsTable"]
    return {each["IndexName"]: each for each in table["Properties"]["GlobalSecondaryIndexes"]}


def keys(index: Any) -> dict[str, str]:
    return {each["KeyType"]: each["AttributeName"] for each in index["KeySchema"]}


def test_the_keys_of_the_lists(indexes: dict[str, Any]) -> None:
    assert keys(indexes["runs"]) == {"HASH": "list", "RANGE": "createdAt"}
    assert keys(indexes["runs-by-status"]) == {"HASH": "listStatus", "RANGE": "createdAt"}
    assert keys(indexes["runs-by-job"]) == {"HASH": "listJob", "RANGE": "createdAt"}
    assert keys(indexes["runs-by-id"]) == {"HASH": "list", "RANGE": "runId"}


def test_all_lists_show_the_same_and_nothing_long(indexes: dict[str, Any]) -> None:
    row = indexes["runs"]["Projection"]
    assert row == indexes["runs-by-status"]["Projection"] == indexes["runs-by-job"]["Projection"]
    assert row["ProjectionType"] == "INCLUDE"
    assert not NEVER_IN_A_LIST & set(row["NonKeyAttributes"])


def test_no_attribute_of_the_index_by_id_changes_after_the_insert(indexes: dict[str, Any]) -> None:
    assert indexes["runs-by-id"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_the_sweep_reads_whole_items(indexes: dict[str, Any]) -> None:
    assert {indexes[name]["Projection"]["ProjectionType"] for name in ("open", "live-by-execution")} == {"ALL"}


def test_a_table_can_be_created_with_them(template: Object, indexes: dict[str, Any]) -> None:
    """DynamoDB refuses a key that is not defined, a definition that is no key, and a key that is named in INCLUDE."""
    table = template["Resources"]["RunsTable"]
    defined = [each["AttributeName"] for each in table["Properties"]["AttributeDefinitions"]]
    used = {name for each in (table["Properties"], *indexes.values()) for name in keys(each).values()}
    assert sorted(defined) == sorted(used)
    included = {name: each["Projection"].get("NonKeyAttributes", []) for name, each in indexes.items()}
    assert sum(map(len, included.values())) <= MOST_ATTRIBUTES
    own = {"pk", "sk"}
    assert [n for name, each in included.items() for n in each if n in own | set(keys(indexes[name]).values())] == []
