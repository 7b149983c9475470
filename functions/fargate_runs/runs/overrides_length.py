"""The length of the overrides that a run needs: ECS takes no longer ones. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from fargate_runs.reading.patterns import Pattern

LONGEST_OVERRIDES: Final = 8_192  # characters of JSON, the task token included (fact B30)
_OURS: Final = {
    "RUN_ID": 80,
    "RUN_EXECUTION_ARN": 300,
    "RUN_ATTEMPT": 4,
    "RUN_TIMEOUT_SECONDS": 8,
}  # characters reserved for the machines' own values
_OURS_OF_A_JOB: Final = {"RUN_JOB": 38, "RUN_SCHEDULED_TIME": 20}
_LONGEST_CONTAINER_NAME: Final = 255
_RESERVED_FOR_TOKEN: Final = 1_024  # real tokens have 700 to 1,100 characters with their JSON around them


def too_long(body: Mapping[str, object], pattern: object) -> Iterator[str]:
    """Yields the problem of a request, otherwise valid, whose overrides are too long."""
    length = len(json.dumps(_overrides(body), ensure_ascii=False, separators=(",", ":")))
    if pattern == Pattern.CALLBACK:
        length += _RESERVED_FOR_TOKEN
    if length > LONGEST_OVERRIDES:
        yield (
            f"commands, environment: together they make overrides of about {length} characters, and ECS takes"
            f" {LONGEST_OVERRIDES}; put what is long into S3 or SSM and pass its name"
        )


def _overrides(body: Mapping[str, object]) -> dict[str, object]:
    """Returns the overrides that the machines will send, as ECS counts them."""
    environment = body.get("environment")
    given = environment.items() if isinstance(environment, Mapping) else ()
    lengths = {**_OURS, **(_OURS_OF_A_JOB if "job" in body else {})}
    ours = [{"name": name, "value": "x" * length} for name, length in lengths.items()]
    variables = [*ours, *({"name": name, "value": value} for name, value in given)]
    container = {"name": "x" * _LONGEST_CONTAINER_NAME, "command": body.get("commands") or [], "environment": variables}
    return {"containerOverrides": [container], "cpu": body.get("cpu"), "memory": body.get("memory")}
