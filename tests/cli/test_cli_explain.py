"""`runs explain`: the shapes that it reads, and what it says."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from cli.explain import UnexplainableError, read, verdict
from cli.main import main
from tests.cli.documents_for_tests import TASK_ID, detail, event, pascal
from tests.cli.explaining import explain
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
