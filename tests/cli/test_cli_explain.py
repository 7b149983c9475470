"""`runs explain`: the shapes that it reads, what it says, and what it refuses."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings

from cli.explain import UnexplainableError, read, verdict
from cli.main import main
from tests.cli.documents_for_tests import TASK_ID, detail, event, pascal
from tests.unit.test_outcome_properties import mutated

SAMPLES = Path(__file__).parents[1] / "unit" / "samples"

KEYS = [
    "ended",
    "status",
    "error",
    "transient",
    "summary",
    "advice",
    "container",
    "exitCode",
    "culprit",
    "stopCode",
    "stoppedReason",
]


def explain(runner: CliRunner, document: object, *options: str) -> Result:
    """Explain what is piped in."""
    return runner.invoke(main, ["explain", "-", *options], input=json.dumps(document))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(event(), id="event"),
        pytest.param({"tasks": [detail()], "failures": []}, id="DescribeTasks"),
        pytest.param({"tasks": [detail(createdAt=1738315800.1)]}, id="DescribeTasks of another client"),
        pytest.param(pascal(detail()), id="task of Step Functions"),
        pytest.param({"Tasks": [pascal(detail())], "Failures": [], "SdkHttpMetadata": {}}, id="output of runTask"),
        pytest.param({**event(), "something": "new"}, id="event with unknown properties"),
        pytest.param(detail(), id="a task alone"),
        pytest.param([detail()], id="a list of tasks"),
        pytest.param([event()], id="a list of events"),
        pytest.param({"detail": detail()}, id="an envelope without kind"),
        pytest.param({**event(), "source": None}, id="an envelope without source"),
        pytest.param({**event(), "source": "REDACTED"}, id="an event with a redacted source"),
        pytest.param({**event(), "source": "my.app"}, id="an event of one's own source"),
        pytest.param({**event(), "source": "x", "detail-type": "x"}, id="an event with a redacted kind"),
        pytest.param({"detail-type": "x", "detail": pascal(detail())}, id="a task of Step Functions in an event"),
        pytest.param(json.dumps(event()), id="an event in a text"),
        pytest.param({"Records": [{"messageId": "m", "body": json.dumps(event())}]}, id="SQS to a function"),
        pytest.param({"Messages": [{"MessageId": "m", "Body": json.dumps(event())}]}, id="SQS by the CLI"),
        pytest.param({"Records": [{"Sns": {"Message": json.dumps(event())}}]}, id="SNS to a function"),
        pytest.param({"Records": [{"body": json.dumps({"Message": json.dumps(event())})}]}, id="SNS in SQS"),
        pytest.param({"version": "1.0", "requestPayload": event(), "responsePayload": {}}, id="on-failure destination"),
        pytest.param({"Error": "States.TaskFailed", "Cause": json.dumps(pascal(detail()))}, id="error of a state"),
        pytest.param({"status": "FAILED", "cause": json.dumps(pascal(detail()))}, id="DescribeExecution"),
        pytest.param(
            {"events": [{"taskFailedEventDetails": {"cause": json.dumps(pascal(detail()))}}] * 2}, id="history"
        ),
        pytest.param([event(version=4, lastStatus="DEPROVISIONING"), event()], id="a life of a task"),
        pytest.param([event(), event(version=3, lastStatus="RUNNING", containers=[])], id="a life, the last first"),
        pytest.param({"tasks": detail()}, id="a task for a list"),
    ],
)
def test_every_shape_gives_the_same_verdict(runner: CliRunner, document: object) -> None:
    result = explain(runner, document, "--json")

    said = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(said) == KEYS
    assert (said["ended"], said["status"], said["error"]) == (True, "FAILED", "Container.ExitedNonZero")
    assert (said["transient"], said["container"], said["exitCode"]) == (False, "app", 3)
    assert said["stopCode"] == "EssentialContainerExited"
    assert said["stoppedReason"] == "Essential container in task exited"
    assert said["summary"]
    assert said["advice"]


def test_the_least_that_a_reporter_leaves_of_an_event(runner: CliRunner) -> None:
    least = {"lastStatus": "STOPPED", "containers": [{"name": "a", "exitCode": 1}]}
    for kind in ("ECS Task State Change", "REDACTED"):
        document = {"detail-type": kind, "source": "REDACTED", "detail": least}

        said = json.loads(explain(runner, document, "--json").stdout)

        assert (said["error"], said["container"], said["exitCode"]) == ("Container.ExitedNonZero", "a", 1)


@pytest.mark.parametrize("started_at", ["<redacted>", "***", "2025-05-06T11:02:31Z", {"value": "redacted"}])
def test_a_redacted_start_is_a_start(runner: CliRunner, started_at: object) -> None:
    task = {"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "containers": []}

    started, never = explain(runner, {**task, "startedAt": started_at}), explain(runner, task)

    assert "Nothing of your code has run" not in " ".join(started.stdout.split())
    assert "Nothing of your code has run" in " ".join(never.stdout.split())


CUT_DOWN = {
    "no ARN": ["taskArn"],
    "no cluster": ["clusterArn"],
    "no version": ["version"],
    "no status": ["lastStatus", "desiredStatus"],
    "containers and reason only": ["taskArn", "clusterArn", "version", "lastStatus", "desiredStatus", "stopCode"],
}


@pytest.mark.parametrize("absent", CUT_DOWN.values(), ids=CUT_DOWN)
@pytest.mark.parametrize("shape", [event, detail, lambda **changes: pascal(detail(**changes))])
def test_what_a_verdict_does_not_use_may_be_missing(
    runner: CliRunner, shape: Callable[..., object], absent: list[str]
) -> None:
    whole = json.loads(explain(runner, shape(), "--json").stdout)

    cut = json.loads(explain(runner, without(shape(), absent), "--json").stdout)

    assert cut == {**whole, "stopCode": None if "stopCode" in absent else whole["stopCode"]}


def without(document: object, names: list[str]) -> object:
    """The same without these fields, whatever case their names have."""
    if isinstance(document, dict):
        unwanted = {*names, *(name[:1].upper() + name[1:] for name in names)}
        return {name: without(value, names) for name, value in document.items() if name not in unwanted}
    return document


@pytest.mark.parametrize(
    "changes",
    [
        {"taskArn": "***"},
        {"taskArn": "arn:aws:ecs:eu-west-1:<account>:task/…"},
        {"taskArn": 7},
        {"clusterArn": "jobs"},
        {"version": "five"},
        {"version": -1},
        {"lastStatus": "stopped"},
        {"lastStatus": None},
        {"lastStatus": "DELETED"},
        {"lastStatus": None, "stopCode": None, "stoppedReason": None},
        {"lastStatus": None, "stoppedAt": "2025-01-31T09:31:02.1Z", "stopCode": None, "stoppedReason": None},
    ],
)
def test_what_is_shortened_or_redacted_does_no_harm(runner: CliRunner, changes: dict[str, object]) -> None:
    result = explain(runner, event(**changes), "--json")

    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert (said["error"], said["container"], said["exitCode"]) == ("Container.ExitedNonZero", "app", 3)


def test_a_task_without_a_status_is_said_to_be_read_as_stopped(runner: CliRunner) -> None:
    result = explain(runner, event(lastStatus=None))

    assert result.stderr == (
        f"Note: Of Task {TASK_ID}: it does not say its lastStatus, and is read as a task that has stopped.\n"
    )
    assert explain(runner, event()).stderr == ""


def test_containers_alone_are_a_task(runner: CliRunner) -> None:
    containers = [{"name": "app", "exitCode": 3, "reason": None}, {"name": "proxy", "exitCode": 143}]

    for document in (containers, pascal(containers), {"containers": containers}):
        said = json.loads(explain(runner, document, "--json").stdout)
        assert (said["error"], said["container"]) == ("Container.ExitedNonZero", "app")


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


def test_a_line_for_each_task(runner: CliRunner) -> None:
    good = detail(taskArn="arn:aws:ecs:::task/other", containers=[{"name": "app", "exitCode": 0}])
    lines = f"{json.dumps(event())}\n\n{json.dumps(good)}\n"

    result = runner.invoke(main, ["explain", "-", "--json"], input=lines)

    assert [one["status"] for one in json.loads(result.stdout)] == ["FAILED", "SUCCEEDED"]


def test_the_samples_say_the_same_in_every_shape(runner: CliRunner) -> None:
    """What the functions' own tests know of real events holds for whoever explains them, cut down or not."""
    for path in sorted(SAMPLES.glob("*.json")):
        given = json.loads(path.read_text())
        inner = given.get("detail") or given.get("tasks", [given])[0]
        whole = json.loads(explain(runner, given, "--json").stdout)
        for shape in (inner, pascal(inner), [inner], {"tasks": [inner]}, without(inner, ["taskArn", "clusterArn"])):
            assert json.loads(explain(runner, shape, "--json").stdout) == whole, path.stem


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_whatever_is_in_it_is_explained_or_refused(changed: object) -> None:
    """Never an error of another kind, whatever a reporter did to a task."""
    try:
        reading = read(json.dumps(changed).encode())
        verdicts = [verdict(detail) for detail in reading.details]
    except UnexplainableError:
        return
    assert verdicts
    assert all(list(one) == KEYS for one in verdicts)


@pytest.mark.parametrize("last_status", ["PROVISIONING", "RUNNING", "DEPROVISIONING"])
def test_a_task_that_has_not_ended_has_no_verdict(runner: CliRunner, last_status: str) -> None:
    document = event(lastStatus=last_status, stopCode="SpotInterruption", stoppedReason="Your Spot Task was …")

    said = json.loads(explain(runner, document, "--json").stdout)

    assert list(said) == KEYS
    assert said.pop("ended") is False
    assert said.pop("stopCode") == "SpotInterruption"
    assert said.pop("stoppedReason") == "Your Spot Task was …"
    assert set(said.values()) == {None}


def test_the_page_says_what_the_json_says(runner: CliRunner) -> None:
    result = explain(runner, event())

    assert result.exit_code == 0
    assert result.stdout.startswith(f"Task {TASK_ID}: FAILED\n")
    for piece in ("Container.ExitedNonZero", "a retry alone will not help", "app", "EssentialContainerExited"):
        assert piece in result.stdout


def test_the_page_of_a_task_that_has_not_ended(runner: CliRunner) -> None:
    result = explain(runner, event(lastStatus="RUNNING", stopCode=None, stoppedReason=None))

    assert result.stdout == f"Task {TASK_ID}: has not ended\n"


def test_several_tasks_give_a_verdict_each(runner: CliRunner) -> None:
    good = detail(containers=[{"name": "app", "exitCode": 0}])
    document = {"tasks": [detail(), good], "failures": [{"arn": "arn:of-a-third", "reason": "MISSING"}]}

    as_json, page = explain(runner, document, "--json"), explain(runner, document)

    assert [one["status"] for one in json.loads(as_json.stdout)] == ["FAILED", "SUCCEEDED"]
    assert page.stdout.count(f"Task {TASK_ID}") == 2
    assert as_json.stderr == page.stderr == "Note: ECS says MISSING of arn:of-a-third.\n"


def test_the_named_container_is_the_main_one(runner: CliRunner) -> None:
    containers = [{"name": "app", "exitCode": 3}, {"name": "proxy", "exitCode": 0}]

    said = json.loads(explain(runner, event(containers=containers), "--json", "--container", "proxy").stdout)

    assert (said["status"], said["container"], said["exitCode"]) == ("SUCCEEDED", "proxy", 0)


def test_a_failed_start_without_containers_takes_the_name_of_the_overrides(runner: CliRunner) -> None:
    document = event(containers=[], stopCode="TaskFailedToStart", stoppedReason="TaskFailedToStart: ATTRIBUTE")

    accepted = explain(runner, document, "--json", "--container", "app")
    refused = explain(runner, document, "--json", "--container", "other")

    assert json.loads(accepted.stdout)["status"] == "FAILED"
    assert refused.exit_code == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark(runner: CliRunner, tmp_path: Path, encoding: str) -> None:
    """Windows PowerShell writes what `>` redirects as UTF-16."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event()), encoding=encoding)

    assert runner.invoke(main, ["explain", str(file)]).exit_code == 0


def test_what_others_wrote_cannot_steer_the_terminal(runner: CliRunner) -> None:
    result = explain(runner, event(stoppedReason="red \x1b[31m [bold]as is[/bold] \ud800"))

    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "[bold]as is[/bold]" in result.stdout


DEPLOYMENT = {"eventType": "INFO", "eventName": "SERVICE_DEPLOYMENT_COMPLETED", "reason": "completed."}
BAD = {
    "empty": (b"", "not JSON"),
    "no JSON": (b"lastStatus: STOPPED", "not JSON"),
    "cut off": (json.dumps(event()).encode()[:-20], "not JSON"),
    "no UTF-8": (b'{"detail": "\xff\xfe"}', "not UTF-8"),
    "half of a UTF-16 text": ("\ufeff{}".encode("utf-16-be")[:-1], "not UTF-16"),
    "nested too deeply": (b"[" * 100_000, "nested too deeply"),
    "an empty list": (b"[]", "tells of no task"),
    "Python's own notation": (repr(event()).encode(), "json.dumps"),
    "another text after it": (json.dumps(event()).encode() + b" and so on", "not JSON"),
    "a text": (b'"STOPPED"', "not an object"),
    "another object": (b'{"lastStatus": "STOPPED"}', "tells of no task"),
    "an outcome": (b'{"summary": "x", "advice": "y", "stoppedReason": "z"}', "outcome already"),
    "a run": (b'{"runId": "x", "attempts": [{"stopCode": "x", "containers": []}]}', "`runs show` prints it"),
    "an attempt": (b'{"taskId": "x", "delivery": "PENDING", "stopCode": "x"}', "`runs show` prints it"),
    "a job of AWS Batch": (
        b'{"jobs": [{"jobId": "x", "jobName": "n", "status": "FAILED", "attempts": [{"container": {"exitCode": 1}}]}]}',
        "it is a job of AWS Batch, not an ECS task",
    ),
    "a cut down job of AWS Batch": (b'{"jobName": "n", "attempts": []}', "it is a job of AWS Batch"),
    "a list of jobs of AWS Batch": (
        b'{"jobSummaryList": [{"jobArn": "a", "jobId": "x", "status": "FAILED"}]}',
        "it is a job of AWS Batch",
    ),
    "a task definition": (b'{"taskDefinition": {"containerDefinitions": [{"name": "x"}]}}', "tells of no task"),
    "a list of ARNs": (b'{"taskArns": ["arn:of-a-task"]}', "describe-tasks"),
    "containers of the wrong type": (
        b'{"stopCode": "x", "taskArn": "a/b", "containers": "c"}',
        "of Task b are not a list",
    ),
    "a task that may run": (b'{"taskArn": "a/b", "containers": [{"name": "x"}]}', "Task b has no lastStatus"),
    "a task of which one container runs": (
        json.dumps(
            detail(lastStatus=None, containers=[{"name": "app", "exitCode": 3}, {"name": "x", "lastStatus": "RUNNING"}])
        ).encode(),
        "has no lastStatus",
    ),
    "another kind of event": (
        json.dumps({**event(), "detail-type": "ECS Deployment State Change", "detail": DEPLOYMENT}).encode(),
        "an event of another kind ('aws.ecs', 'ECS Deployment State Change')",
    ),
    "another source, without a kind": (
        json.dumps({"source": "my.app", "detail": DEPLOYMENT}).encode(),
        "an event of another kind ('my.app', None)",
    ),
    "another kind of event, with containers of its own": (
        json.dumps({"detail-type": "Shipment", "source": "my.app", "detail": {"containers": [{"name": "x"}]}}).encode(),
        "an event of another kind ('my.app', 'Shipment')",
    ),
    "another kind of event, with a status of its own": (
        json.dumps({"detail-type": "Shipment", "source": "my.app", "detail": {"lastStatus": "STOPPED"}}).encode(),
        "an event of another kind ('my.app', 'Shipment')",
    ),
    "our kind of event, without a task": (
        json.dumps({**event(), "source": "my.app", "detail": DEPLOYMENT}).encode(),
        "the event's `detail` shows nothing of a task",
    ),
    "an event without detail": (json.dumps({**event(), "detail": None}).encode(), "no `detail`"),
    "an event of no task": (json.dumps({**event(), "detail": {}}).encode(), "taskArn"),
    "no tasks": (b'{"tasks": [], "failures": []}', "no task"),
    "only failures": (b'{"tasks": [], "failures": [{"arn": "arn:x", "reason": "MISSING"}]}', "MISSING of arn:x"),
    "tasks of the wrong type": (b'{"tasks": {"taskArn": "x"}}', "not a list of tasks"),
    "tasks of wrong types": (b'{"tasks": ["arn:of-a-task"]}', "not a list of tasks"),
    "an empty task": (b'{"tasks": [{}]}', "taskArn"),
    "an output of nothing": (
        b'{"Tasks": [], "Failures": [{"Arn": "arn:x", "Reason": "RESOURCE:CPU"}]}',
        "RESOURCE:CPU",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["page", "json"])
def test_what_is_no_task_is_refused(runner: CliRunner, name: str, options: list[str]) -> None:
    data, reason = BAD[name]

    result = runner.invoke(main, ["explain", "-", *options], input=data)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: Cannot explain standard input: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_container_that_the_task_does_not_have_is_refused(runner: CliRunner) -> None:
    result = explain(runner, event(), "--container", "other")

    assert result.exit_code == 2
    assert "no container other; it has app" in result.stderr


@pytest.mark.parametrize("file", ["no-such-file.json", "."])
def test_a_file_that_cannot_be_read_is_refused(runner: CliRunner, tmp_path: Path, file: str) -> None:
    result = runner.invoke(main, ["explain", str(tmp_path / file)])

    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: Cannot read {tmp_path}")


def test_it_needs_neither_aws_nor_the_runtime() -> None:
    """Nothing of boto, requests, rich or the local runtime is even imported: it has to start fast, anywhere."""
    program = (
        "import sys; from cli.main import main; main(['explain', '-'], standalone_mode=False);"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'boto3', 'botocore', 'requests', 'rich', 'local', 'psutil'}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(event()), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[]\n")
