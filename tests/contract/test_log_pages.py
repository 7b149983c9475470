"""A container's lines in CloudWatch Logs while it runs, read with GetLogEvents and its forward token."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import LOG_GROUP, Aws
from tests.contract.running import AWS_LOGS, STAY, python, run
from tests.waiting import eventually

LINES = 50_000


def started(aws: Aws, command: list[str]) -> tuple[str, str]:
    """A task whose container runs a command, and its log stream."""
    task = run(aws, aws.task_definition({"command": command, **AWS_LOGS}))
    return task, f"p/main/{task.rsplit('/', 1)[-1]}"


def page(aws: Aws, stream: str, **more: Any) -> dict[str, Any]:
    answer = aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True, **more)
    return dict(answer)


def test_a_line_can_be_read_while_its_container_runs(aws: Aws) -> None:
    task, stream = started(aws, python("import time; print('hello', flush=True); time.sleep(600)"))

    def first() -> str | None:
        events = page(aws, stream)["events"] if has_stream(aws, stream) else []
        return events[0]["message"] if events else None

    assert eventually(first, "the first line") == "hello"
    assert aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0]["desiredStatus"] == "RUNNING"
    aws.ecs.stop_task(cluster=aws.cluster, task=task)


def has_stream(aws: Aws, stream: str) -> bool:
    answer = aws.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)
    return bool(answer["logStreams"])


def test_a_reader_beside_the_writer_gets_each_line_once_and_in_order(aws: Aws) -> None:
    task, stream = started(aws, python(f"for n in range({LINES}): print(n, flush=n % 100 == 0)"))
    eventually(lambda: has_stream(aws, stream), "the stream")
    read: list[str] = []
    token: dict[str, str] = {}
    while True:
        has_ended = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED"
        answer = page(aws, stream, limit=3_000, **token)
        read += [event["message"] for event in answer["events"]]
        if has_ended and token == {"nextToken": answer["nextForwardToken"]}:
            break
        token = {"nextToken": answer["nextForwardToken"]}
    assert read == [str(n) for n in range(LINES)]


@pytest.mark.parametrize(
    ("group", "stream", "text"),
    [
        ("/nowhere", "x", "The specified log group does not exist."),
        (LOG_GROUP, "nowhere", "The specified log stream does not exist."),
    ],
)
def test_what_is_missing_is_named(aws: Aws, group: str, stream: str, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        aws.logs.get_log_events(logGroupName=group, logStreamName=stream)
    assert caught.value.response["Error"] == {"Code": "ResourceNotFoundException", "Message": text}


def test_a_token_of_another_stream_is_refused(aws: Aws) -> None:
    (one, first), (two, second) = (started(aws, list(STAY)) for _ in range(2))
    eventually(lambda: has_stream(aws, first) and has_stream(aws, second), "both streams")
    token = page(aws, first)["nextForwardToken"]
    with pytest.raises(ClientError) as caught:
        page(aws, second, nextToken=token)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    for task in (one, two):
        aws.ecs.stop_task(cluster=aws.cluster, task=task)
