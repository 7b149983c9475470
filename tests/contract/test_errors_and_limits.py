"""What ECS and Step Functions refuse, by AWS's own names and texts (facts B24, B25, B30, B32)."""

from __future__ import annotations

import json
import re
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
REQUEST_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What Step Functions makes of an API error: message, HTTP status and error code as the API has them (fact B24).
CAUSE = (
    "{} \\(Service: AmazonECS; Status Code: {}; Error Code: {}; "
    f"Request ID: {REQUEST_ID.replace('{', '{{').replace('}', '}}')}; Proxy: null\\)"
)
STRATEGY = [{"CapacityProvider": "FARGATE", "Weight": 1}]


def refused(aws: Aws, parameters: Json, resource: str = RUN_TASK) -> Json:
    """The failed end of an execution whose RunTask call is refused."""
    end = aws.run(state(resource, parameters))
    assert end["status"] == "FAILED"
    return end


@pytest.mark.parametrize("suffix", ["", ".sync", ".waitForTaskToken"])
def test_b24_a_cluster_that_does_not_exist(aws: Aws, suffix: str) -> None:
    end = refused(aws, {**aws.parameters(aws.task_definition({})), "Cluster": "none"}, RUN_TASK + suffix)
    assert end["error"] == "ECS.ClusterNotFoundException"
    assert re.fullmatch(CAUSE.format("Cluster not found.", 400, "ClusterNotFoundException"), str(end["cause"]))


def test_b24_a_task_definition_that_does_not_exist(aws: Aws) -> None:
    end = refused(aws, aws.parameters("none:1"))
    assert end["error"] == "ECS.ClientException"
    assert re.fullmatch(CAUSE.format("TaskDefinition not found.", 400, "ClientException"), str(end["cause"]))


def test_b24_the_task_definition_is_looked_at_before_the_cluster(aws: Aws) -> None:
    assert refused(aws, {**aws.parameters("none:1"), "Cluster": "none"})["error"] == "ECS.ClientException"


def test_b25_launch_type_and_strategy_exclude_each_other(aws: Aws) -> None:
    end = refused(aws, aws.parameters(aws.task_definition({}), CapacityProviderStrategy=STRATEGY))
    assert end["error"] == "ECS.InvalidParameterException"
    assert "Specifying both a launch type and capacity provider strategy is not supported" in str(end["cause"])


def test_b25_a_container_that_the_definition_has_not(aws: Aws) -> None:
    overrides = {"ContainerOverrides": [{"Name": "other"}]}
    end = refused(aws, aws.parameters(aws.task_definition({}), Overrides=overrides))
    assert end["error"] == "ECS.InvalidParameterException"
    assert "Override for container named other is not a container in the TaskDefinition." in str(end["cause"])


def test_b24_execute_command_needs_a_task_role(aws: Aws) -> None:
    said = (
        "The execute command failed because a valid task role is not being used. "
        "Specify a valid task role in your task definition or as a task override and try again."
    )
    definition = aws.task_definition({"command": ["python", "-c", "pass"]})
    end = refused(aws, aws.parameters(definition, EnableExecuteCommand=True))
    assert end["error"] == "ECS.InvalidParameterException"
    assert re.fullmatch(CAUSE.format(re.escape(said), 400, "InvalidParameterException"), str(end["cause"]))
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


def test_b30_overrides_have_at_most_8192_characters(aws: Aws) -> None:
    definition = aws.task_definition({})
    end = refused(aws, aws.parameters(definition, "python", "-c", "#" * 8192))
    assert end["error"] == "ECS.InvalidParameterException"
    assert "Container Overrides length must be at most 8192" in str(end["cause"])


def test_b30_started_by_and_stop_reason(aws: Aws) -> None:
    definition = aws.task_definition({})
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    with pytest.raises(ClientError, match="InvalidParameterException"):
        aws.ecs.run_task(
            cluster=aws.cluster,
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration=network,  # type: ignore[arg-type]
            startedBy="x" * 129,
        )
    with pytest.raises(ClientError, match="InvalidParameterException"):
        aws.ecs.stop_task(cluster=aws.cluster, task="any", reason="x" * 256)


def waiting(aws: Aws) -> tuple[str, str]:
    """An execution that waits for its token, and the token."""
    environment = [{"Name": "TASK_TOKEN", "Value.$": "$$.Task.Token"}]
    command = ["python", "-c", "import time; time.sleep(600)"]
    overrides = {"ContainerOverrides": [{"Name": "main", "Command": command, "Environment": environment}]}
    machine = state(RUN_TASK + ".waitForTaskToken", aws.parameters(aws.task_definition({}), Overrides=overrides))
    execution = aws.start(machine)
    task = aws.until_status(aws.running_task(execution), "RUNNING")
    shown = task["overrides"]
    assert isinstance(shown, dict)
    return execution, str(shown["containerOverrides"][0]["environment"][0]["value"])


def test_b30_what_is_too_long_for_a_token_is_refused_and_the_token_stays_open(aws: Aws) -> None:
    execution, token = waiting(aws)
    for arguments in ({"error": "x" * 257}, {"cause": "x" * 32_769}):
        with pytest.raises(ClientError, match="ValidationException"):
            aws.sfn.send_task_failure(taskToken=token, **arguments)
    with pytest.raises(ClientError, match="InvalidOutput"):
        aws.sfn.send_task_success(taskToken=token, output="{")
    with pytest.raises(ClientError, match="ValidationException"):
        aws.sfn.send_task_success(taskToken=token, output=json.dumps("x" * 262_144))
    aws.sfn.send_task_heartbeat(taskToken=token)
    aws.sfn.send_task_failure(taskToken=token, error="x" * 256, cause="y" * 32_768)
    end = aws.ended(execution)
    assert (end["error"], end["cause"]) == ("x" * 256, "y" * 32_768)


def test_b29_a_token_of_nobody_is_invalid(aws: Aws) -> None:
    with pytest.raises(ClientError, match="InvalidToken"):
        aws.sfn.send_task_success(taskToken="nobodys", output="{}")


def test_b29_stopping_the_execution_closes_the_token(aws: Aws) -> None:
    execution, token = waiting(aws)
    aws.sfn.stop_execution(executionArn=execution)
    aws.ended(execution)
    with pytest.raises(ClientError, match="Provided task does not exist anymore"):
        aws.sfn.send_task_heartbeat(taskToken=token)


def test_b32_the_same_name_and_input_is_the_same_execution_while_it_runs(aws: Aws) -> None:
    machine = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    name = f"contract-{uuid.uuid4().hex[:8]}"
    arn = aws.sfn.create_state_machine(name=name, definition=json.dumps(machine), roleArn=ROLE)["stateMachineArn"]
    first = aws.sfn.start_execution(stateMachineArn=arn, name="once", input="{}")
    again = aws.sfn.start_execution(stateMachineArn=arn, name="once", input="{}")
    assert again["executionArn"] == first["executionArn"]
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        aws.sfn.start_execution(stateMachineArn=arn, name="once", input='{"other": 1}')
    aws.sfn.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        aws.sfn.start_execution(stateMachineArn=arn, name="once", input="{}")


@pytest.mark.parametrize(
    ("name", "data", "code"), [("x" * 81, "{}", "InvalidName"), ("y", "{", "InvalidExecutionInput")]
)
def test_b30_a_name_or_an_input_that_is_refused(aws: Aws, name: str, data: str, code: str) -> None:
    machine = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
    arn = aws.sfn.create_state_machine(name=uuid.uuid4().hex, definition=json.dumps(machine), roleArn=ROLE)
    with pytest.raises(ClientError, match=code):
        aws.sfn.start_execution(stateMachineArn=arn["stateMachineArn"], name=name, input=data)


def test_a_result_that_is_too_large_is_a_data_limit(aws: Aws) -> None:
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Large",
        "States": {"Large": {"Type": "Pass", "Output": "{% $pad('', 262145, 'x') %}", "End": True}},
    }
    assert aws.run(machine)["error"] == "States.DataLimitExceeded"


PASS = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(
    ("definition", "named"),
    [
        ("{nope", "not valid JSON"),
        ("[]", "must be an object"),
        (json.dumps({"StartAt": "A", "States": {}}), "'States' is required"),
        (json.dumps({"StartAt": "B", "States": {"A": PASS}}), "Missing 'StartAt' target: B"),
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
