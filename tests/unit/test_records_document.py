"""docs/records.md says what the code does."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from fargate_runs.answers.document_size import LARGEST_DOCUMENT
from fargate_runs.answers.usage import Prices
from fargate_runs.aws.claims import DynamoStartClaims
from fargate_runs.aws.items import OPEN_SHARDS, run_item, shard, task_item
from fargate_runs.aws.mark import mark_item
from fargate_runs.ports import Claim, SweepMark
from fargate_runs.runs.request import RECORDED_KEYS
from fargate_runs.usecases.show_run import run_document
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.moto_table import runs_table_on_moto
from tests.fakes.records import full_run, full_task
from tests.fakes.tables import TABLE
from tests.template.loading import load_template

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "records.md").read_text()
PRICES: Final = Prices(vcpu_hour_usd=0.04, gb_hour_usd=0.004, spot_factor=1.0)
INDEXED: Final = {"openShard", "openSince", "liveExecutionArn"}  # with the indexes, as is `expiresAt` with expiry
KEYS: Final = {"pk", "sk", "expiresAt"}


def section(heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    return re.split(r"\n#+ ", DOCUMENT.split(f"# {heading}\n")[1])[0]


def names(heading: str, column: int = 0) -> list[str]:
    """The names in one column of the table under a heading."""
    rows = [line.split("|")[1 + column] for line in section(heading).splitlines() if line.startswith("| `")]
    return [name for cell in rows for name in re.findall(r"`(\w+)`", cell)]


def told(heading: str, key: str) -> list[str]:
    """The names in the row of a key, in their order."""
    (row,) = (line for line in section(heading).splitlines() if line.startswith(f"| `{key}`"))
    return [name for name in re.findall(r"`(\w+)`", row)[1:] if name != "null"]


def attempt() -> dict[str, Any]:
    document: Any = run_document(full_run(), [full_task()], PRICES)
    (only,) = document["attempts"]
    return dict(only)


def of_table(attributes: Mapping[str, object]) -> set[str]:
    return set(attributes) - KEYS - INDEXED


# Stored, and in no document: for the lists, the sweep and the protocol, or known from the run.
NOT_SHOWN: Final = {
    "task": {
        "runId",
        "clusterArn",
        "taskDefinitionArn",
        "startedBy",
        "pattern",
        "executionArn",
        "timeoutSeconds",
        "desiredStatus",
        "missingSweeps",
        "taskToken",
    },
    "run": {
        "followsExecution",
        "list",
        "listStatus",
        "listJob",
        "taskOrder",
        "givenUp",
        "billed",
        "attemptCount",
        "takesSlot",
        "revision",
        "executionStartedAt",
    },
}
# Shown under another name, or as a part of an object.
SHOWN_AS: Final = {
    "task": {
        "taskCreatedAt": "timeline.createdAt",
        "logGroup": "log.group",
        "logStream": "log.stream",
        "logRegion": "log.url",
        "mainContainer": "container",
        "outcome": "exitCode",
    },
    "run": {
        "outcome": "exitCode",
        "turnedAway": "reason",
        "executionStatus": "execution.status",
        "executionError": "execution.error",
        "executionCause": "execution.cause",
        "executionStoppedAt": "execution.stoppedAt",
        "redriveCount": "execution.redriveCount",
    },
}


def shown(document: Mapping[str, Any]) -> set[str]:
    """The keys of a document, those of an object in it with its own key before them, and those of a timeline."""
    inner = {f"{key}.{each}" for key, value in document.items() if isinstance(value, dict) for each in value}
    return set(document) | inner | set(document.get("timeline", ()))


@pytest.mark.parametrize("kind", NOT_SHOWN)
def test_what_is_stored_is_shown_or_said_not_to_be(kind: str) -> None:
    if kind == "task":
        item, document = task_item(full_task(), now=NOON, expires_at=1), attempt()
    else:
        item, document = run_item(full_run(), now=NOON, expires_at=1), run_document(full_run(), [full_task()], PRICES)
    assert {name for name in of_table(item) if SHOWN_AS[kind].get(name, name) not in shown(document)} == NOT_SHOWN[kind]


def test_an_attempt_shows_its_whole_outcome() -> None:
    item: Any = task_item(full_task(), now=NOON, expires_at=1)
    assert set(item["outcome"]) <= set(attempt())


def test_the_document_of_a_run() -> None:
    document = run_document(full_run(), [full_task()], PRICES)
    assert set(names("The document of a run")) == set(document)
    assert f"{LARGEST_DOCUMENT:,} characters" in section("The document of a run")


def test_an_attempt_of_the_document() -> None:
    assert set(names("An attempt")) == set(attempt())


@pytest.mark.parametrize("key", ["timeline", "durations", "usage"])
def test_an_object_of_an_attempt(key: str) -> None:
    assert told("An attempt", key) == list(attempt()[key])


def test_the_logs_of_an_attempt() -> None:
    assert told("An attempt", "log") == ["culpritLog", *attempt()["log"]]
    assert list(attempt()["culpritLog"]) == list(attempt()["log"])


def test_the_execution_the_stop_and_the_input_of_the_document() -> None:
    document: Any = run_document(full_run(), [full_task()], PRICES)
    assert told("The document of a run", "stopRequest") == list(document["stopRequest"])
    assert told("The document of a run", "execution") == list(document["execution"])
    assert told("The document of a run", "input") == list(document["input"]) == [*RECORDED_KEYS, "environmentNames"]


def test_the_items_of_tasks() -> None:
    item: Any = task_item(full_task(), now=NOON, expires_at=1)
    assert set(names("A task")) == of_table(item)
    assert set(item["culpritLog"]) == {"logGroup", "logStream", "logRegion"}
    assert told("A task", "outcome") == list(item["outcome"])


def test_the_items_of_runs() -> None:
    item: Any = run_item(full_run(), now=NOON, expires_at=1)
    assert set(names("A run")) == of_table(item)
    assert told("The document of a run", "stopRequest") == list(item["stopRequest"])
    (billed,) = item["billed"].values()
    assert told("A run", "billed") == ["attemptCount", *billed]


def test_the_item_of_a_key() -> None:
    with runs_table_on_moto() as client:
        DynamoStartClaims(client, TABLE, StoppedClock()).claim("key", Claim("a", "run-1", NOON))
        (item,) = client.scan(TableName=TABLE)["Items"]
    (row,) = (line for line in section("The items in the table").splitlines() if line.startswith("| key |"))
    assert re.findall(r"`(\w+)`", row.split("|")[4]) == [name for name in item if name not in {"pk", "sk"}]


def test_the_item_of_the_mark() -> None:
    mark = SweepMark("me", NOON, NOON, 1, {"old": "a key"})
    assert set(names("The mark of the sweep")) == of_table(mark_item(mark))


def test_the_keys_of_the_indexes() -> None:
    items = [task_item(each, now=NOON, expires_at=1) for each in (full_task(), replace(full_task(), outcome=None))]
    written = {name for item in items for name in item if name in INDEXED}
    assert written == INDEXED
    run = run_item(full_run(), now=NOON, expires_at=1)
    of_lists = {"list", "listJob", "listStatus", "createdAt", "runId"}
    assert of_lists <= run.keys()
    assert f"`{run['list']}`" in section("The indexes")
    assert INDEXED | of_lists == set(names("The indexes", 1))
    assert f"`{shard(0)}` to `{shard(OPEN_SHARDS - 1)}`" in section("The indexes")


def test_the_indexes_and_what_a_list_shows() -> None:
    table = load_template()["Resources"]["RunsTable"]
    indexes: Any = table["Properties"]["GlobalSecondaryIndexes"]
    assert re.findall(r"^\| `([\w-]+)`", section("The indexes"), re.MULTILINE) == [
        each["IndexName"] for each in indexes
    ]
    (row,) = (line for line in section("The indexes").splitlines() if line.startswith("A row of a list"))
    shown = [each["Projection"] for each in indexes if each["Projection"]["ProjectionType"] == "INCLUDE"]
    assert [each["NonKeyAttributes"] for each in shown] == [re.findall(r"`(\w+)`", row)] * 3
