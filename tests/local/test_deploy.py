"""What is deployed again, and with which parameters: against the runtime's own CloudFormation, without SAM's minute."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import deploy as module
from local.deploy import EVERY_STATE_MACHINE, deploy
from local.paths import STACK_NAME
from tests.runtimes import bare_runtime, client_settings
from tests.waiting import eventually

NAMES = ("FollowOtherStateMachines", "SweepSchedule", "LogRetentionDays")
DEFAULTS = {"FollowOtherStateMachines": "", "SweepSchedule": "rate(1 minute)", "LogRetentionDays": "30"}


def template(names: tuple[str, ...] = NAMES) -> str:
    """A stack of one queue with some of the template's parameters."""
    parameters = {name: {"Type": "String", "Default": DEFAULTS[name]} for name in names}
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}}
    outputs = {"QueueUrl": {"Value": {"Ref": "Queue"}}}
    return json.dumps({"Parameters": parameters, "Resources": resources, "Outputs": outputs})


class Deployment:
    """`deploy`, with a stand-in for `sam deploy`: it makes or updates the stack with the parameters of SAM's file."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._stacks = boto3.client("cloudformation", **client_settings(endpoint))
        self.count = 0

    def sam(self, arguments: list[str], _environment: Mapping[str, str]) -> None:
        """A parameter that the file does not name keeps its value, as SAM asks for."""
        self.count += 1
        given: dict[str, str] = json.loads(Path(arguments[-1].removeprefix("file://")).read_text())
        key, _, value = arguments[arguments.index("--tags") + 1].partition("=")
        existing = self.parameters()
        request: dict[str, Any] = {
            "StackName": STACK_NAME,
            "TemplateBody": template(),
            "Tags": [{"Key": key, "Value": value}],
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": given[name]}
                if name in given
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in NAMES
                if name in given or name in existing
            ],
        }
        (self._stacks.update_stack if existing else self._stacks.create_stack)(**request)
        eventually(lambda: module.deployed(self._endpoint) is not None, "the stack")

    def parameters(self) -> dict[str, str]:
        """Those of the stack; none if there is no stack."""
        try:
            stack = self._stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        except self._stacks.exceptions.ClientError:
            return {}
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}

    def __call__(self, **parameters: str) -> dict[str, str]:
        """Deploy with these parameters; gives those of the stack."""
        assert deploy(self._endpoint, lambda _: None, parameters)["QueueUrl"]
        return self.parameters()


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with bare_runtime(tmp_path) as endpoint:
        made = Deployment(endpoint)
        monkeypatch.setattr(module, "of_sources", lambda: "sources")
        monkeypatch.setattr(module, "build", lambda *_: None)
        monkeypatch.setattr(module, "_sam", made.sam)
        yield made


def test_a_parameter_keeps_the_value_that_was_given_last(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deployment()["FollowOtherStateMachines"] == EVERY_STATE_MACHINE
    assert (deployment(), deployment.count) == (deployment.parameters(), 1)

    given = {"SweepSchedule": "rate(5 minutes)", "FollowOtherStateMachines": "arn:mine"}
    assert deployment(**given) == {"LogRetentionDays": "30", **given}
    assert deployment.count == 2

    # None of these asks for anything new, so nothing is deployed.
    for same in ({}, given, {"SweepSchedule": "rate(5 minutes)"}, {"LogRetentionDays": "30"}):
        assert deployment(**same) == {"LogRetentionDays": "30", **given}
    assert deployment.count == 2

    monkeypatch.setattr(module, "of_sources", lambda: "other sources")
    assert deployment() == {"LogRetentionDays": "30", **given}
    assert deployment.count == 3

    assert deployment(FollowOtherStateMachines="")["FollowOtherStateMachines"] == ""
    assert deployment(LogRetentionDays="7") == {
        "FollowOtherStateMachines": "",
        "SweepSchedule": "rate(5 minutes)",
        "LogRetentionDays": "7",
    }
    assert deployment.count == 5


@pytest.mark.parametrize(
    ("status", "again", "named"),
    [
        ("CREATE_COMPLETE", False, set()),
        ("UPDATE_COMPLETE", False, set()),
        ("UPDATE_ROLLBACK_COMPLETE", True, set()),
        ("ROLLBACK_COMPLETE", True, {"FollowOtherStateMachines"}),
        ("REVIEW_IN_PROGRESS", True, {"FollowOtherStateMachines"}),
    ],
)
def test_only_a_stack_that_stands_keeps_its_parameters(
    status: str, again: bool, named: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = {"StackStatus": status, "Tags": [{"Key": module.FINGERPRINT_TAG, "Value": "sources"}]}
    stacks = Stubbed(stack)
    deployed: list[set[str]] = []

    def sam(arguments: list[str], _: Mapping[str, str]) -> None:
        deployed.append(set(json.loads(Path(arguments[-1].removeprefix("file://")).read_text())))
        stack["StackStatus"] = "UPDATE_COMPLETE"

    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(module, "of_sources", lambda: "sources")
    monkeypatch.setattr(module, "build", lambda *_: None)
    monkeypatch.setattr(module, "_client", lambda *_: stacks)
    monkeypatch.setattr(module, "secret_of", lambda _: "secret")
    monkeypatch.setattr(module, "_sam", sam)

    deploy("http://127.0.0.1:1", lambda _: None)

    assert deployed == [{"Runtime", "Architecture", *named}] * again


class Stubbed:
    """CloudFormation with one stack, and S3 for its packages."""

    def __init__(self, stack: Mapping[str, object]) -> None:
        self._stack = stack

    def describe_stacks(self, **_: str) -> dict[str, list[Mapping[str, object]]]:
        """The one stack."""
        return {"Stacks": [self._stack]}

    def create_bucket(self, **_: str) -> None:
        """Nothing is put into it."""
