"""What a function printed, read: log lines and metrics."""

import json
from typing import Any

from tests.fakes.ecs import CANARY, TOKEN


def lines_of(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def line_of(said: str, **words: str) -> dict[str, Any]:
    """The one line that has these words."""
    (line,) = (each for each in lines_of(said) if all(each.get(name) == word for name, word in words.items()))
    return line


def metrics_of(said: str) -> list[tuple[str, str | None]]:
    found = (line for line in lines_of(said) if "_aws" in line)
    return [(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], line.get("error")) for line in found]


def secrets_in(*texts: str) -> set[str]:
    """Those of the token and the value of the environment that stand in one of the texts."""
    return {secret for secret in (TOKEN, CANARY) for text in texts if secret in text}
