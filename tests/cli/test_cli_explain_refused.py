"""`runs explain`: what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.cli.documents_for_tests import detail, event
from tests.cli.explaining import explain

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
