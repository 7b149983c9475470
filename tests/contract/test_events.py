"""Life cycle and "ECS Task State Change" events (facts B1 to B9, B12, B16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.contract.conftest import Aws, Json
from tests.waiting import eventually

STAY = ("python", "-c", "import time; time.sleep(600)")
EXIT_0 = ("python", "-c", "pass")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")


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


def test_b1_the_envelope(aws: Aws) -> None:
    task = run(aws, *EXIT_0)
    event = aws.task_events(task)[0]
    assert set(event) == {
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "time",
        "region",
        "resources",
        "detail",
    }
    assert (event["version"], event["detail-type"], event["source"]) == ("0", "ECS Task State Change", "aws.ecs")


def test_b9_a_usual_run_counts_to_five(aws: Aws) -> None:
    assert shown(aws.task_events(run(aws, *EXIT_0))) == [
        (1, "PROVISIONING", None),
        (2, "PENDING", None),
        (3, "RUNNING", None),
        (4, "DEPROVISIONING", "EssentialContainerExited"),
        (5, "STOPPED", "EssentialContainerExited"),
    ]


def test_b4_b5_events_and_describe_tasks_have_the_same_times(aws: Aws) -> None:
    task = run(aws, *EXIT_0)
    told = details(aws.task_events(task))[-1]
    described = dict(aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0])
    times = {name: moment for name, moment in described.items() if isinstance(moment, datetime)}
    assert {"createdAt", "startedAt", "stoppedAt", "pullStartedAt"} <= set(times)
    assert times == {name: datetime.fromisoformat(str(told[name])) for name in times}


def test_b6_a_stop_is_seen_while_the_task_is_still_running(aws: Aws) -> None:
    task = run(aws, *STAY)
    aws.until_status(task, "RUNNING")
    aws.ecs.stop_task(cluster=aws.cluster, task=task, reason="enough")
    events = aws.task_events(task)
    assert shown(events)[3:] == [
        (4, "RUNNING", "UserInitiated"),
        (5, "DEPROVISIONING", "UserInitiated"),
        (6, "STOPPED", "UserInitiated"),
    ]
    assert [d["desiredStatus"] for d in details(events)[3:]] == ["STOPPED"] * 3
    last = details(events)[-1]
    assert last["stoppedReason"] == "enough"
    assert _containers(last)[0]["exitCode"] == 143


def test_b9_a_failed_start_stops_at_four_and_has_no_exit_code_b3(aws: Aws) -> None:
    events = aws.task_events(run(aws, "/no/such/program"))
    assert shown(events)[2:] == [(3, "DEPROVISIONING", "TaskFailedToStart"), (4, "STOPPED", "TaskFailedToStart")]
    container = _containers(details(events)[-1])[0]
    assert not {"exitCode", "runtimeId", "imageDigest"} & set(container)
    assert "CannotStartContainerError" in str(container["reason"])


def test_b2_what_is_not_known_is_absent_not_null(aws: Aws) -> None:
    first, *_, last = details(aws.task_events(run(aws, *EXIT_0)))
    late = {"startedAt", "stoppedAt", "stopCode", "stoppedReason", "pullStartedAt", "executionStoppedAt", "startedBy"}
    assert not late & set(first)
    assert None not in first.values()
    assert late - set(last) == {"startedBy"}


def test_b4_times_are_iso_8601(aws: Aws) -> None:
    last = details(aws.task_events(run(aws, *EXIT_0)))[-1]
    for name in ("createdAt", "startedAt", "stoppingAt", "stoppedAt", "updatedAt"):
        assert ISO.fullmatch(str(last[name])), name


def test_b5_tags_and_health_are_not_in_events(aws: Aws) -> None:
    task = run(aws, *EXIT_0, tags=[{"key": "k", "value": "v"}])
    last = details(aws.task_events(task))[-1]
    assert not {"tags", "healthStatus"} & set(last)
    assert aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0]["tags"] == [{"key": "k", "value": "v"}]


def test_b7_overrides_are_in_the_event_with_one_entry_for_each_container(aws: Aws) -> None:
    definition = aws.task_definition({}, {"name": "side", "essential": False, "command": list(EXIT_0)})
    task = run(aws, *EXIT_0, environment={"RUN_ID": "r-1"}, definition=definition)
    overrides = details(aws.task_events(task))[-1]["overrides"]
    assert isinstance(overrides, dict)
    assert overrides["containerOverrides"] == [
        {"name": "main", "command": list(EXIT_0), "environment": [{"name": "RUN_ID", "value": "r-1"}]},
        {"name": "side"},
    ]


def test_b8_group_is_the_family(aws: Aws) -> None:
    last = details(aws.task_events(run(aws, *EXIT_0)))[-1]
    family = str(last["taskDefinitionArn"]).rsplit("/", 1)[-1].split(":")[0]
    assert last["group"] == f"family:{family}"
    assert "startedBy" not in last


def test_b9_the_version_equals_describe_tasks(aws: Aws) -> None:
    task = run(aws, *EXIT_0)
    last = details(aws.task_events(task))[-1]
    described = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0]
    assert described["version"] == last["version"]


def test_b12_an_unknown_task_is_missing(aws: Aws) -> None:
    arn = f"arn:aws:ecs:us-east-1:000000000000:task/{aws.cluster}/0123456789abcdef0123456789abcdef"
    answer = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[arn])
    assert answer["tasks"] == []
    assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_b12_a_stopped_task_is_described_and_listed(aws: Aws) -> None:
    definition = aws.task_definition({})
    task = run(aws, *EXIT_0, definition=definition)
    aws.task_events(task)
    # Of its family: of all tasks that other tests have left, it may be on a later page.
    family = definition.rpartition("/")[2].partition(":")[0]
    assert aws.ecs.list_tasks(cluster=aws.cluster, family=family, desiredStatus="STOPPED")["taskArns"] == [task]
    assert aws.ecs.list_tasks(cluster=aws.cluster, family=family)["taskArns"] == []


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
