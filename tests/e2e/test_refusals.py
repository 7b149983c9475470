"""Bad input is refused by name, before anything runs, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from cli.errors import CliError
from tests.e2e.conftest import Stack

GOOD = ["python", "-c", "print('fine')"]
BAD_INPUTS: dict[str, tuple[dict[str, object], str]] = {
    "a wrong type": ({"commands": "ls"}, "commands"),
    "an empty list": ({"commands": []}, "commands"),
    "an unknown key": ({"commands": GOOD, "colour": "red"}, "colour"),
    "an unknown capacity": ({"commands": GOOD, "capacity": "free"}, "capacity"),
    "a reserved variable": ({"commands": GOOD, "environment": {"RUN_ID": "x"}}, "RUN_ID"),
    "a value that is no text": ({"commands": GOOD, "environment": {"N": 1}}, "environment"),
    "no time": ({"commands": GOOD, "timeoutSeconds": 0}, "timeoutSeconds"),
    "half a size": ({"commands": GOOD, "cpu": "4096"}, "memory"),
    "too long": ({"commands": ["python", "-c", "#" * 8192]}, "8192"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_the_api_names_what_is_wrong(stack: Stack, case: str) -> None:
    body, named = BAD_INPUTS[case]
    with pytest.raises(CliError) as refused:
        stack.api.start_run({"pattern": "callback", **body})
    assert named in str(refused.value)


def test_the_api_wants_a_command(stack: Stack) -> None:
    with pytest.raises(CliError, match="commands"):
        stack.api.start_run({"pattern": "callback"})


@pytest.mark.parametrize("pattern", ["callback", "sync", "request-response"])
@pytest.mark.parametrize("case", BAD_INPUTS)
def test_the_machines_start_no_task_for_bad_input(stack: Stack, pattern: str, case: str) -> None:
    body, named = BAD_INPUTS[case]
    execution = stack.execute(pattern, body)
    assert (execution["status"], execution["error"]) == ("FAILED", "Run.InvalidInput")
    assert named in str(execution["cause"])
    history = stack.sfn.get_execution_history(executionArn=str(execution["executionArn"]))["events"]
    scheduled = [event["taskScheduledEventDetails"] for event in history if event["type"] == "TaskScheduled"]
    assert [each["resourceType"] for each in scheduled] == ["lambda"]


def test_an_unsigned_call_is_refused(stack: Stack) -> None:
    answer = requests.get(f"{stack.status.outputs['ApiUrl']}/runs/any", timeout=30)
    assert answer.status_code == 403


def test_a_run_that_is_not_known_is_404(stack: Stack) -> None:
    with pytest.raises(CliError, match="There is no run"):
        stack.api.get_run("20260101T000000-00000000")


def test_events_that_cannot_be_handled_end_in_the_dead_letter_queue(stack: Stack) -> None:
    event = json.loads((Path(__file__).parents[2] / "events/task-state-change/stopped-exit-0.json").read_text())
    bad: list[tuple[dict[str, object], str]] = [
        ({}, "source"),
        ({**event, "detail": "text"}, "detail"),
        ({**event, "source": "mine"}, "source"),
        ({**event, "detail-type": "ECS Service Action"}, "detail-type"),
        (event, "detail.clusterArn"),
    ]
    for payload, _ in bad:
        stack.functions.invoke(
            FunctionName=stack.status.outputs["TaskStateChangeFunctionName"],
            InvocationType="Event",
            Payload=json.dumps(payload).encode(),
        )
    letters = stack.dead_letters(len(bad))
    reasons = {
        json.dumps(letter["requestPayload"], sort_keys=True): dict(letter["responsePayload"])["errorMessage"]  # type: ignore[call-overload]
        for letter in letters
    }
    assert len(reasons) == len(bad)
    for payload, named in bad:
        assert reasons[json.dumps(payload, sort_keys=True)].startswith(f"event: {named} ")
