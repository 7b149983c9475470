"""`runs explain`: which container is the main one, where a reporter has cut a task down."""

import json
from collections.abc import Mapping

import pytest
from click.testing import CliRunner

from tests.cli.documents_for_tests import event
from tests.cli.explaining import explain


def test_a_container_without_a_name_counts(runner: CliRunner) -> None:
    said = json.loads(explain(runner, {"containers": [{"exitCode": 0}, {"exitCode": 4}]}, "--json").stdout)

    assert (said["container"], said["exitCode"]) == ("number 2", 4)


@pytest.mark.parametrize("codes", [(0, 137), (137, 0)])
def test_names_that_are_redacted_to_one_say_nothing(runner: CliRunner, codes: tuple[int, int]) -> None:
    """Not even which container is the main one: RUN_ID was given to both."""
    task = {
        "lastStatus": "STOPPED",
        "containers": [{"name": "REDACTED", "exitCode": code} for code in codes],
        "overrides": {"containerOverrides": [{"name": "REDACTED", "environment": [{"name": "RUN_ID", "value": "a"}]}]},
    }

    said = json.loads(explain(runner, task, "--json").stdout)

    killed = f"number {codes.index(137) + 1}"
    assert (said["error"], said["container"], said["exitCode"]) == ("Container.ExitedNonZero", killed, 137)


def test_a_name_of_its_own_is_kept_beside_redacted_ones(runner: CliRunner) -> None:
    containers = [{"name": "app", "exitCode": 0}, *[{"name": "REDACTED", "exitCode": 137}] * 2]
    override = {"name": "app", "environment": [{"name": "RUN_ID", "value": "a"}]}

    said = json.loads(explain(runner, event(containers=containers, **overridden(override)), "--json").stdout)

    assert (said["status"], said["container"]) == ("SUCCEEDED", "app")


def test_a_main_container_that_is_not_listed_counts(runner: CliRunner) -> None:
    override = {"name": "app", "environment": [{"name": "RUN_ID", "value": "a"}]}

    said = json.loads(explain(runner, event(containers=[FAILED], **overridden(override)), "--json").stdout)

    assert (said["container"], said["exitCode"]) == ("app", None)


def overridden(*containers: Mapping[str, object]) -> dict[str, object]:
    """The overrides of a task."""
    return {"overrides": {"containerOverrides": list(containers)}}


SUCCEEDED = {"name": "app", "exitCode": 0}


FAILED = {"name": "proxy", "exitCode": 1}


@pytest.mark.parametrize(
    ("variables", "main_container"),
    [
        ({"app": ["RUN_ID"]}, "app"),
        ({"proxy": ["RUN_ID"]}, "proxy"),
        ({"app": ["TASK_TOKEN"]}, "app"),
        ({"app": ["TASK_TOKEN_ENV_VARIABLE"]}, "app"),
        ({"app": ["RUN_ID"], "proxy": ["TASK_TOKEN"]}, "app"),
        ({"proxy": ["TASK_TOKEN"], "app": ["RUN_ID"]}, "app"),
        ({"proxy": ["PATH"]}, None),
        ({"app": ["RUN_ID"], "proxy": ["RUN_ID"]}, None),
        ({"aws-guardduty-agent-1": ["RUN_ID"], "app": ["RUN_ID"]}, "app"),
        ({}, None),
    ],
)
@pytest.mark.parametrize("cut", [{}, {"value": None}, {"value": ""}, {"value": {"redacted": True}}])
def test_the_main_container_is_known_where_the_values_are_cut_out(
    runner: CliRunner, variables: dict[str, list[str]], main_container: str | None, cut: dict[str, object]
) -> None:
    entries = [
        {"name": container, "environment": [{"name": name, **cut} for name in names]}
        for container, names in variables.items()
    ]

    task = event(containers=[SUCCEEDED, FAILED], **overridden(*entries))
    said = json.loads(explain(runner, task, "--json").stdout)

    assert (said["status"], said["container"]) == (
        ("SUCCEEDED", "app") if main_container == "app" else ("FAILED", "proxy")
    )


def test_who_names_a_container_knows_better_than_a_name_without_its_value(runner: CliRunner) -> None:
    task = event(containers=[SUCCEEDED, FAILED], **overridden({"name": "app", "environment": [{"name": "RUN_ID"}]}))

    said = json.loads(explain(runner, task, "--json", "--container", "proxy").stdout)

    assert (said["container"], said["exitCode"]) == ("proxy", 1)


def test_a_reason_alone_is_enough(runner: CliRunner) -> None:
    said = json.loads(
        explain(runner, {"stoppedReason": "Tasks provisioning capacity limit exceeded."}, "--json").stdout
    )

    assert (said["error"], said["transient"]) == ("Task.CapacityUnavailable", True)
    page = explain(runner, {"stoppedReason": "Task stopped by user", "containers": None}).stdout
    assert page.startswith("Task ?: STOPPED\n")


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("OutOfMemoryError: Container killed due to memory usage", "Container.OutOfMemory"),
        (
            "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
            "Task.Unknown",
        ),
        ("ContainerRuntimeTimeoutError: Could not transition to stopped; timed out after waiting 2m", "Task.Unknown"),
        ("ContainerRuntimeTimeoutError: Could not transition to running; timed out", "Task.FailedToStart"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"containers": []}, overridden({"name": "app"})])
def test_a_reason_alone_that_tells_of_a_container(
    runner: CliRunner, reason: str, error: str, more: dict[str, object]
) -> None:
    said = json.loads(explain(runner, {"stoppedReason": reason, **more}, "--json").stdout)

    assert said["error"] == error
    assert "Nothing of your code has run" not in said["advice"]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"stoppedReason": "copied from a chat"}, "Task.Unknown"),
        ({"stoppedReason": "copied from a chat", "containers": None}, "Task.Unknown"),
        ({"stoppedReason": "Essential container in task exited"}, "Task.Unknown"),
        ({"taskArn": "arn/a", "lastStatus": "STOPPED"}, "Task.Unknown"),
        # ECS lists no container after some failed starts (fact B3): an empty list says more than none.
        ({"stoppedReason": "copied from a chat", "containers": []}, "Task.FailedToStart"),
        ({"stoppedReason": "copied from a chat", "stopCode": "TaskFailedToStart"}, "Task.FailedToStart"),
        ({"stoppedReason": "Task failed to start"}, "Task.FailedToStart"),
        ({"stoppedReason": "TaskFailedToStart"}, "Task.FailedToStart"),
        ({"stoppedReason": "CannotStartContainerError: copied"}, "Task.FailedToStart"),
        ({"stoppedReason": "CannotPullContainerError: copied"}, "Task.ImagePullFailed"),
    ],
)
def test_only_what_says_so_is_a_failed_start(runner: CliRunner, document: dict[str, object], error: str) -> None:
    said = json.loads(explain(runner, document, "--json").stdout)

    assert (said["error"], said["container"]) == (error, None)
    assert ("Nothing of your code has run" in said["advice"]) <= (error == "Task.FailedToStart")
    assert json.loads(explain(runner, document, "--json", "--container", "app").stdout)["error"] == error


def test_a_container_that_no_list_names_can_be_named(runner: CliRunner) -> None:
    document = {"stoppedReason": "OutOfMemoryError: Container killed due to memory usage"}

    assert json.loads(explain(runner, document, "--json").stdout)["container"] is None
    said = json.loads(explain(runner, document, "--json", "--container", "app").stdout)
    assert (said["error"], said["container"]) == ("Container.OutOfMemory", "app")


def test_the_main_container_of_a_cut_down_task_can_be_named(runner: CliRunner) -> None:
    document = {"stoppedReason": "Essential container in task exited", "containers": [{"name": "app"}, ROUTER]}

    known = json.loads(explain(runner, document, "--json", "--container", "app").stdout)
    unknown = json.loads(explain(runner, document, "--json").stdout)

    assert (known["error"], known["container"]) == ("Task.SidecarFailed", "app")
    assert (unknown["error"], unknown["container"]) == ("Container.ExitedNonZero", "router")
    assert (known["culprit"], unknown["culprit"]) == ("router", None)
    lines = explain(runner, document, "--container", "app").stdout.splitlines()
    assert "  culprit    router" in lines


ROUTER = {"name": "router", "exitCode": 255}
