"""What `make verify` does not look at of a task's life: sidecars, and how containers end (facts B6 to B8, B15, B18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.conftest import Aws, Json
from tests.waiting import eventually

STAY = ("python", "-c", "import time; time.sleep(600)")
EXIT_0 = ("python", "-c", "pass")


def run(aws: Aws, *command: str, environment: dict[str, str] | None = None, **more: object) -> str:
    """RunTask by the API; gives the task's ARN."""
    override: Any = {
        "name": "main",
        "command": list(command),
        "environment": [{"name": name, "value": value} for name, value in (environment or {}).items()],
    }
    answer = aws.ecs.run_task(
        cluster=aws.cluster,
        taskDefinition=str(more.pop("definition", None) or aws.task_definition({})),
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        overrides={"containerOverrides": [override]},
        **more,  # type: ignore[arg-type]
    )
    return answer["tasks"][0]["taskArn"]


def details(events: list[Json]) -> list[Json]:
    """The `detail` of each event."""
    return [event["detail"] for event in events if isinstance(event["detail"], dict)]


def shown(events: list[Json]) -> list[tuple[object, object, object]]:
    """version, lastStatus and stopCode of each event."""
    return [(d["version"], d["lastStatus"], d.get("stopCode")) for d in details(events)]


def test_b7_overrides_are_in_the_event_with_one_entry_for_each_container(aws: Aws) -> None:
    definition = aws.task_definition({}, {"name": "side", "essential": False, "command": list(EXIT_0)})
    task = run(aws, *EXIT_0, environment={"RUN_ID": "r-1"}, definition=definition)
    overrides = details(aws.task_events(task))[-1]["overrides"]
    assert isinstance(overrides, dict)
    assert overrides["containerOverrides"] == [
        {"name": "main", "command": list(EXIT_0), "environment": [{"name": "RUN_ID", "value": "r-1"}]},
        {"name": "side"},
    ]


def test_b8_started_by_is_absent_where_run_task_was_given_none(aws: Aws) -> None:
    assert not [detail for detail in details(aws.task_events(run(aws, *EXIT_0))) if "startedBy" in detail]


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("raise SystemExit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_b18_exit_codes_as_a_container_runtime_gives_them(aws: Aws, command: str, exit_code: int) -> None:
    last = details(aws.task_events(run(aws, "python", "-c", command)))[-1]
    assert _containers(last)[0]["exitCode"] == exit_code
    assert last["stoppedReason"] == "Essential container in task exited"


def test_b6_a_task_runs_while_one_of_its_containers_is_stopped(aws: Aws) -> None:
    definition = aws.task_definition({}, {"name": "side", "essential": False, "command": list(EXIT_0)})
    task = run(aws, *STAY, definition=definition)
    aws.until_status(task, "RUNNING")
    stopped = _until(aws, task, lambda described: _statuses(described)["side"] == "STOPPED")
    assert stopped["lastStatus"] == "RUNNING"
    # The third event is RUNNING too, and may be the last of the ten that came together.
    eventually(lambda: (4, "RUNNING", None) in shown(aws.task_events(task, until="RUNNING")), "the event that says so")
    aws.ecs.stop_task(cluster=aws.cluster, task=task)
    aws.until_status(task, "STOPPED")


def test_the_end_of_an_essential_container_stops_the_others(aws: Aws) -> None:
    """SIGTERM first, and SIGKILL after stopTimeout for what does not end (fact B15)."""
    ignore = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "pathlib.Path('ignores').touch(); time.sleep(600)"
    )
    definition = aws.task_definition(
        # It starts and ends when the stubborn one ignores what it is told.
        {"command": list(EXIT_0), "dependsOn": [{"containerName": "stubborn", "condition": "HEALTHY"}]},
        {"name": "polite", "essential": False, "command": list(STAY)},
        {
            "name": "stubborn",
            "essential": False,
            "command": ["python", "-c", ignore],
            "stopTimeout": 2,
            "healthCheck": {"command": ["CMD-SHELL", "test -f ignores"], "interval": 5, "timeout": 60, "retries": 10},
        },
    )
    task = run(aws, definition=definition)
    exits = {c["name"]: c.get("exitCode") for c in _containers(details(aws.task_events(task))[-1])}
    assert exits == {"main": 0, "polite": 143, "stubborn": 137}


def _until(aws: Aws, task: str, holds: Callable[[Json], bool]) -> Json:
    def probe() -> Json | None:
        described = dict(aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0])
        return described if holds(described) else None

    return eventually(probe, "a condition of a task")


def _statuses(described: Json) -> dict[object, object]:
    return {container["name"]: container["lastStatus"] for container in _containers(described)}


def _containers(detail: Json) -> list[Json]:
    containers = detail["containers"]
    assert isinstance(containers, list)
    return containers
