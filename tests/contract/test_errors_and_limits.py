"""What ECS and Step Functions refuse that `make verify` does not ask for (fact B25)."""

from __future__ import annotations

import json
import uuid

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.access import ACCESS_KEY_ID, secret_of
from local.paths import REGION
from tests.contract.conftest import ROLE, Aws, Json, make_role, state

RUN_TASK = "arn:aws:states:::ecs:runTask"


def refused(aws: Aws, parameters: Json, resource: str = RUN_TASK) -> Json:
    """The failed end of an execution whose RunTask call is refused."""
    end = aws.run(state(resource, parameters))
    assert end["status"] == "FAILED"
    return end


def test_execute_command_takes_the_role_of_an_override(aws: Aws) -> None:
    definition = aws.task_definition({"command": ["python", "-c", "pass"]})
    role = make_role(aws.endpoint, f"task-{uuid.uuid4().hex[:8]}", "s3:GetObject")
    overrides = {"ContainerOverrides": [{"Name": "main"}], "TaskRoleArn": role}
    end = aws.run(state(RUN_TASK, aws.parameters(definition, EnableExecuteCommand=True, Overrides=overrides)))
    assert json.loads(str(end["output"]))["Tasks"][0]["EnableExecuteCommand"] is True


def test_b25_parameters_that_step_functions_does_not_know(aws: Aws) -> None:
    for name in ("StartedBy", "ClientToken", "cluster"):
        end = refused(aws, aws.parameters(aws.task_definition({}), **{name: "x"}))
        assert end["error"] == "States.Runtime", name
        assert name in str(end["cause"])


@pytest.mark.parametrize(
    "overrides",
    [
        {"ContainerOverrides": [{"Name": "main", "Command": "ls"}]},
        {"ContainerOverrides": [{"Name": "main", "Environment": [{"Name": "N", "Value": 1}]}]},
        {"ContainerOverrides": "main"},
        [],
    ],
)
def test_malformed_overrides_are_refused_and_the_runtime_goes_on(aws: Aws, overrides: object) -> None:
    end = refused(aws, aws.parameters(aws.task_definition({}), Overrides=overrides))
    assert end["error"] == "ECS.InvalidParameterException"


@pytest.mark.parametrize(
    ("definition", "named"),
    [
        ("{nope", "not valid JSON"),
        ("[]", "must be an object"),
        (json.dumps({"StartAt": "A", "States": {}}), "'States' is required"),
        (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Dance", "End": True}}}), "'Dance' at /States/A/Type"),
        (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}), "Missing 'Next' target: B"),
        (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}), "'Next' and 'End'"),
        (
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Map", "End": True, "ItemProcessor": {}}}}),
            "/States/A/ItemProcessor",
        ),
    ],
)
def test_a_definition_that_cannot_run_is_refused(aws: Aws, definition: str, named: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws.sfn.create_state_machine(name=uuid.uuid4().hex, definition=definition, roleArn=ROLE)
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"
    assert named in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("body", ["[]", "null", "5", '"x"', "{"])
@pytest.mark.parametrize("target", ["AmazonEC2ContainerServiceV20141113.RunTask", "AWSStepFunctions.SendTaskSuccess"])
def test_a_body_that_is_no_object_is_refused_and_the_runtime_goes_on(aws: Aws, body: str, target: str) -> None:
    answer = posted(aws, target, body)
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")


def test_the_runtime_goes_on_after_a_body_that_nobody_can_read(aws: Aws) -> None:
    assert posted(aws, "AmazonEC2ContainerServiceV20141113.RunTask", "[" * 50_000).status_code >= 400
    assert aws.ecs.list_clusters()["clusterArns"]


def posted(aws: Aws, target: str, body: str) -> requests.Response:
    """A call of the JSON protocol with any body."""
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{aws.endpoint}/", data=body.encode(), headers=headers)
    service = "ecs" if "ContainerService" in target else "states"
    SigV4Auth(Credentials(ACCESS_KEY_ID, secret_of(aws.endpoint)), service, REGION).add_auth(request)
    return requests.post(aws.endpoint, data=body, headers=dict(request.headers.items()), timeout=30)


def test_text_that_is_no_utf_8_starts_no_task(aws: Aws) -> None:
    definition = aws.task_definition({})
    end = refused(aws, aws.parameters(definition, "echo", "\ud800"))
    assert end["error"] == "ECS.InvalidParameterException"
    family = definition.rpartition("/")[2].partition(":")[0]
    for status in ("RUNNING", "STOPPED"):
        assert aws.ecs.list_tasks(cluster=aws.cluster, family=family, desiredStatus=status)["taskArns"] == []
