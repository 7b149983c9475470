"""`make verify` on the local runtime: every fact of the suite, and nothing of it is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import boto3
import pytest
from click.testing import CliRunner, Result

from cli.surroundings import Surroundings
from cli.target import local_target
from local.control import RuntimeStatus
from tests.e2e.conftest import Json, Stack
from tests.runtimes import client_settings
from verify.facts import Verdict
from verify.main import main
from verify.place import Place
from verify.preparing import PREFIX, prepared
from verify.scenarios import SCENARIOS
from verify.waiting import Patience

KEYS = [fact.key for scenario in SCENARIOS for fact in scenario.facts]


class Running:
    """The control of a runtime that is up; to start one is not asked of it."""

    def __init__(self, status: RuntimeStatus) -> None:
        self._status = status

    def status(self) -> RuntimeStatus:
        return self._status

    def up(self, **_: object) -> NoReturn:
        raise AssertionError("it runs already")

    def down(self) -> NoReturn:
        raise AssertionError("nobody asked for that")


@dataclass
class Verified:
    """What the command ended with."""

    result: Result
    recording: Json
    text: str

    def fact(self, key: str) -> Any:
        facts: Any = self.recording["facts"]
        return next(fact for fact in facts if fact["key"] == key)


@pytest.fixture(scope="module")
def verified(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Verified:
    out: Path = tmp_path_factory.mktemp("verify") / "made" / "verify.json"
    surroundings = Surroundings(control=lambda: Running(stack.status))
    result = CliRunner().invoke(main, ["--out", str(out)], obj=surroundings)
    assert out.exists(), result.output
    text = out.read_text()
    return Verified(result, json.loads(text), text)


@pytest.mark.parametrize("key", KEYS)
def test_a_fact_holds(verified: Verified, key: str) -> None:
    fact = verified.fact(key)
    assert fact["verdict"] == Verdict.AS_EXPECTED, fact


def test_it_ends_well_with_a_line_for_each_fact(verified: Verified) -> None:
    assert verified.result.exit_code == 0, verified.result.output
    assert verified.result.output.count("As expected.") == len(KEYS)
    assert f"All {len(KEYS)} facts hold on the local runtime." in verified.result.output


def test_the_recording_may_be_shared(verified: Verified, stack: Stack) -> None:
    assert verified.recording["counts"] == {"as expected": len(KEYS), "differs": 0, "could not be seen": 0}
    assert stack.status.outputs["ClusterArn"].split(":")[4] not in verified.text
    for arn in ("TaskDefinitionArn", "RunTaskStateMachineArn"):
        assert stack.status.outputs[arn] not in verified.text


def left(stack: Stack) -> Iterator[str]:
    """Names of what the suite has made and that is still there."""
    settings = client_settings(stack.status.endpoint)
    yield from (role["RoleName"] for role in boto3.client("iam", **settings).list_roles()["Roles"])
    yield from (url.rpartition("/")[2] for url in stack.sqs.list_queues().get("QueueUrls", []))
    yield from (rule["Name"] for rule in stack.events.list_rules()["Rules"])
    yield from (machine["name"] for machine in stack.sfn.list_state_machines()["stateMachines"])
    definitions = stack.ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    yield from (arn.rpartition("/")[2] for arn in definitions)
    for desired in ("RUNNING", "STOPPED"):
        cluster = stack.status.outputs["ClusterArn"]
        tasks = stack.ecs.list_tasks(cluster=cluster, desiredStatus=desired)["taskArns"]
        described = stack.ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
        yield from (str(task["group"]).partition(":")[2] for task in described if task["desiredStatus"] == "RUNNING")


def test_nothing_is_left(verified: Verified, stack: Stack) -> None:
    assert [name for name in left(stack) if name.startswith(PREFIX)] == []


def test_nothing_is_left_after_an_interrupt(stack: Stack) -> None:
    said: list[str] = []
    seen: list[str] = []

    def interrupted(place: Place) -> NoReturn:
        task_arn = place.run_task(place.definition({}), "sleep 600")
        place.start({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}})
        place.own_queue()
        seen.extend([task_arn, *(name for name in left(stack) if name.startswith(PREFIX))])
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        prepared(local_target(stack.status), Patience(), said.append) as place,
    ):
        interrupted(place)
    assert said == ["Removing what was made."]
    assert len(seen) > 7, "a role, two queues, two rules, a machine, a definition, a task"
    assert [name for name in left(stack) if name.startswith(PREFIX)] == []
    assert stack.ended_task(seen[0])["stopCode"] == "UserInitiated"
