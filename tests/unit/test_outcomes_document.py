"""docs/outcomes.md says what the code does."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import GRACE, reason_of_end, reason_of_retry
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import GivenUp
from fargate_runs.runs.run_status import TURNED_AWAY
from fargate_runs.runs.run_verdict import RUN_STOPPED
from fargate_runs.usecases.sweep.executions import NEVER_SEEN_AFTER, NEVER_STARTED_AFTER
from fargate_runs.usecases.sweep.tasks import MISSING_SWEEPS
from tests.fakes.ecs import EXECUTION_ARN, task

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "outcomes.md").read_text()


def test_the_table_of_outcomes_is_the_code_s() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (\w+) \| (yes|no) \| \S", DOCUMENT, re.MULTILINE)
    written = {name: (status, transient == "yes") for name, status, transient in rows}
    assert written == {name: (kind.status, kind.transient) for name, kind in KINDS.items()}
    assert [name for name, *_ in rows] == list(ErrorName)


def test_the_table_of_deliveries_is_the_code_s() -> None:
    assert re.findall(r"^\| `([A-Z_]+)` \|", DOCUMENT, re.MULTILINE) == list(Delivery)


def section(heading: str) -> str:
    """What stands under a heading, on one line."""
    return " ".join(DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0].split())


def errors_of_machines() -> Iterator[str]:
    """What the machines fail with by themselves, whatever a task does."""
    for path in (ROOT / "statemachines").glob("*.asl.json"):
        for state in json.loads(path.read_text())["States"].values():
            for catch in state.get("Catch", ()):
                failure = catch.get("Assign", {}).get("failure")
                if isinstance(failure, dict):
                    yield failure["error"]


def test_the_table_of_errors_without_a_task_is_the_code_s() -> None:
    rows = dict(
        re.findall(r"\| `(\w+\.\w+)` \| (FAILED|STOPPED|SKIPPED|MISSED) \|", section("Errors of a run without a task"))
    )
    turned_away = {words.error: str(status) for status, words in TURNED_AWAY.items()}
    assert list(rows) == [*dict.fromkeys(errors_of_machines()), RUN_STOPPED, *GivenUp, *turned_away]
    others = {name: status for name, status in rows.items() if status != "FAILED"}
    assert others == {RUN_STOPPED: "STOPPED", **turned_away}


def test_every_time_in_words_is_the_code_s() -> None:
    assert "two hours" in section("Errors of a run without a task")
    assert timedelta(hours=2) == NEVER_SEEN_AFTER
    assert "ten minutes later" in section("Errors of a run without a task")
    assert timedelta(minutes=10) == NEVER_STARTED_AFTER
    assert "ten sweeps in a row" in section("Tasks that ECS has forgotten")
    assert MISSING_SWEEPS == 10
    assert "five minutes" in section("Tasks that are stopped for their execution")
    assert timedelta(minutes=5) == GRACE


def test_the_words_of_a_stop_are_the_code_s() -> None:
    told = section("Tasks that are stopped for their execution")
    ended, replaced = re.findall(r"`… (managing this resource [^`]+)`", told)
    assert reason_of_end(Execution(EXECUTION_ARN, ExecutionStatus.ABORTED)).endswith(ended)
    assert reason_of_retry(TaskRecord.of(task(), Pattern.CALLBACK, None)).endswith(replaced)


@pytest.mark.parametrize("link", re.findall(r"\]\(([\w.]*#[^)]+)\)", DOCUMENT))
def test_every_link_to_a_heading_has_one(link: str) -> None:
    file, _, anchor = link.partition("#")
    text = (ROOT / "docs" / file).read_text() if file else DOCUMENT
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_error_has_a_kind() -> None:
    assert set(KINDS) == set(ErrorName)
