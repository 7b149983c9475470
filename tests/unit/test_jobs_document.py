"""docs/jobs.md shows the same tables that read a definition, and its example is one."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.keys import ALARM, CONCURRENCY, JOB, OVERRIDES, RETRY_ON, SCHEDULE
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.values import Key, Keys

PAGE = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
TABLES: Mapping[str, Keys] = {
    "job": JOB,
    "schedule": SCHEDULE,
    "`retryOn`": RETRY_ON,
    "`concurrency`": CONCURRENCY,
    "`alarm`": ALARM,
}


def row(name: str, key: Key) -> str:
    needed = "needed" if key.is_required else key.default
    return f"| `{name}` | {key.kind.words} | {needed} | {key.description.removesuffix('.')} |"


@pytest.mark.parametrize("title", TABLES)
def test_each_key_is_in_the_table_of_its_object(title: str) -> None:
    head = f"| key of {title} |" if title.startswith("`") else f"| key of a {title} |"
    (found,) = re.findall(rf"^{re.escape(head)}.*\n\| --- .*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found.splitlines() == [row(name, key) for name, key in TABLES[title].items()]


def test_the_overrides_are_named() -> None:
    (named,) = re.findall(r"^`overrides` has these keys of the job: (.*?)\.$", PAGE, re.MULTILINE | re.DOTALL)
    assert re.findall(r"`(\w+)`", named) == [*OVERRIDES]


def test_the_example_is_a_file() -> None:
    (text,) = re.findall(r"```yaml\n(version: 1\n.*?)```", PAGE, re.DOTALL)
    document: Any = yaml.safe_load(text)
    assert document["version"] == 1
    for name, job in document["jobs"].items():
        body = {"project": document["project"], **job}
        assert read_job(name, body, JobRules()).name == name
