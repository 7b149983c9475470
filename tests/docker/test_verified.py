"""The facts of `make verify` that need no stack, with containers in Docker; `tests/e2e` has all with processes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cli.target import Target, local_target
from local.control import RuntimeStatus
from local.paths import REGION
from tests.contract.conftest import LOG_GROUP, ROLE, Aws, Json
from tests.docker.conftest import needs_docker
from tests.runtimes import client_settings
from verify.facts import Finding, Verdict
from verify.place import Place
from verify.preparing import prepared
from verify.running import look
from verify.scenarios import SCENARIOS, patterns
from verify.waiting import Patience

#: Runs are started by the API of a stack.
SHOWN = [scenario for scenario in SCENARIOS if scenario not in patterns.SCENARIOS]
pytestmark = needs_docker


def target(aws: Aws) -> Target:
    """What the suite needs of a stack, in a runtime with nothing deployed in it."""
    options = {"awslogs-group": LOG_GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "p"}
    container: Json = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    network = {"AssignPublicIp": "ENABLED"}
    machine = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Result": network, "End": True}}}
    arn = aws.sfn.create_state_machine(name="a-stacks", definition=json.dumps(machine), roleArn=ROLE)
    outputs = {
        "ApiUrl": aws.endpoint,
        "ClusterArn": aws.ecs.describe_clusters(clusters=[aws.cluster])["clusters"][0]["clusterArn"],
        "ContainerName": "main",
        "RunTaskStateMachineArn": arn["stateMachineArn"],
        "SecurityGroupIds": "sg-1",
        "SubnetIds": "subnet-1",
        "TaskDefinitionArn": aws.task_definition(container),
    }
    secret = client_settings(aws.endpoint)["aws_secret_access_key"]
    return local_target(RuntimeStatus(aws.endpoint, REGION, "none", outputs, 1, secret))


@pytest.fixture(scope="module")
def place(aws: Aws) -> Iterator[Place]:
    """Beside a cluster, a network and a task definition."""
    left: list[str] = []
    with prepared(target(aws), Patience(120.0, 0.25), left.append) as place:
        yield place
    assert left == ["Removing what was made."]


@pytest.fixture(scope="module")
def found(place: Place) -> dict[str, Finding]:
    """All at once, as `make verify` does it."""
    return {finding.fact.key: finding for finding in look(SHOWN, place, lambda _: None)}


@pytest.mark.parametrize("key", [fact.key for scenario in SHOWN for fact in scenario.facts])
def test_a_fact_holds(found: dict[str, Finding], key: str) -> None:
    assert found[key].verdict is Verdict.AS_EXPECTED, found[key]
