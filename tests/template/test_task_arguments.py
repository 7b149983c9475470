"""What RunTask is asked for, and what becomes of its answer."""

import json

import pytest

from tests.template.evaluating import CONTEXT, NAME, Evaluate, choose, evaluated
from tests.template.loading import Node, Object
from tests.template.test_retries import START
from tests.template.walking import walk

RUN_ID = {"Name": "RUN_ID", "Value": NAME}
EXECUTION = {"Name": "RUN_EXECUTION_ARN", "Value": CONTEXT["Execution"]["Id"]}
FIRST_ATTEMPT = {"Name": "RUN_ATTEMPT", "Value": "1"}
TIME_LIMIT = {"Name": "RUN_TIMEOUT_SECONDS", "Value": "3600"}
TOKEN = {"Name": "TASK_TOKEN", "Value": "AQC-token"}
TASK_ARN = "arn:aws:ecs:us-east-1:123456789012:task/fargate-runs/0a1b"


def arguments(machine: Object, given: Object, evaluate: Evaluate, context: Object = CONTEXT, **later: Node) -> Object:
    """`later`: what the plan says by the time of a further attempt."""
    variables = walk(machine, evaluate, given).variables
    variables["plan"] |= later
    found: Object = evaluated(machine["States"][START]["Arguments"], evaluate, {"context": context}, variables)
    return found


def own_environment(machine: Object) -> list[Node]:
    pattern = machine["States"][START]["Resource"].rpartition(":")[2]
    own = {"runTask": [TIME_LIMIT], "runTask.sync": [], "runTask.waitForTaskToken": [TOKEN]}[pattern]
    return [RUN_ID, EXECUTION, FIRST_ATTEMPT, *own]


def test_the_least_that_can_be_asked_for(deployed: Object, evaluate: Evaluate) -> None:
    assert arguments(deployed, {}, evaluate) == {
        "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/fargate-runs",
        "TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/fargate-runs:7",
        "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}],
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": ["subnet-1", "subnet-2"],
                "SecurityGroups": ["sg-1"],
                "AssignPublicIp": "ENABLED",
            }
        },
        "Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": own_environment(deployed)}]},
    }


def test_everything_that_can_be_asked_for(deployed: Object, evaluate: Evaluate) -> None:
    given = {
        "commands": ["python", "-V"],
        "environment": {"STAGE": "test", "EMPTY": ""},
        "cpu": "512",
        "memory": "1024",
        "taskDefinition": "report",
    }
    found = arguments(deployed, given, evaluate)
    assert found["TaskDefinition"].endswith("task-definition/report:3")
    users = [{"Name": "STAGE", "Value": "test"}, {"Name": "EMPTY", "Value": ""}]
    assert found["Overrides"] == {
        "Cpu": "512",
        "Memory": "1024",
        "ContainerOverrides": [
            {"Name": "main", "Command": ["python", "-V"], "Environment": [*own_environment(deployed), *users]}
        ],
    }


@pytest.mark.parametrize(
    ("capacity", "provider"),
    [
        ({}, "FARGATE"),
        ({"capacity": "on-demand"}, "FARGATE"),
        ({"capacity": "spot"}, "FARGATE_SPOT"),
        ({"capacity": "spot-first"}, "FARGATE_SPOT"),
    ],
)
def test_where_a_task_runs_first(capacity: Object, provider: str, deployed: Object, evaluate: Evaluate) -> None:
    strategy = arguments(deployed, capacity, evaluate)["CapacityProviderStrategy"]
    assert strategy == [{"CapacityProvider": provider, "Weight": 1}]


def test_a_further_attempt_says_which_one_it_is_and_where_it_runs(deployed: Object, evaluate: Evaluate) -> None:
    found = arguments(deployed, {"capacity": "spot-first"}, evaluate, attempt=12, provider="FARGATE")
    assert found["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE", "Weight": 1}]
    variables = found["Overrides"]["ContainerOverrides"][0]["Environment"]
    assert {"Name": "RUN_ATTEMPT", "Value": "12"} in variables


@pytest.mark.parametrize(("redrives", "attempt"), [(0, "2"), (1, "3"), (20, "22")])
def test_a_redrive_is_a_further_attempt(redrives: int, attempt: str, deployed: Object, evaluate: Evaluate) -> None:
    """It enters the state with the variables that stood, so that two tasks would say that they are the same attempt."""
    redriven = {**CONTEXT, "Execution": {**CONTEXT["Execution"], "RedriveCount": redrives}}
    found = arguments(deployed, {}, evaluate, context=redriven, attempt=2)
    variables = found["Overrides"]["ContainerOverrides"][0]["Environment"]
    assert {"Name": "RUN_ATTEMPT", "Value": attempt} in variables


def test_a_launch_type_is_never_given_together_with_a_strategy(deployed: Object) -> None:
    assert "LaunchType" not in json.dumps(deployed)


class TestSync:
    @pytest.mark.parametrize(
        ("answer", "output"),
        [
            (
                {
                    "TaskArn": TASK_ARN,
                    "StoppedReason": "Essential container in task exited",
                    "Containers": [{"Name": "sidecar", "ExitCode": 143}, {"Name": "main", "ExitCode": 0}],
                },
                {
                    "runId": NAME,
                    "taskArn": TASK_ARN,
                    "exitCode": 0,
                    "stoppedReason": "Essential container in task exited",
                },
            ),
            (
                {"TaskArn": TASK_ARN, "Containers": []},
                {"runId": NAME, "taskArn": TASK_ARN, "exitCode": None, "stoppedReason": ""},
            ),
        ],
    )
    def test_output(self, answer: Object, output: Object, sync: Object, evaluate: Evaluate) -> None:
        variables = {"run": {"container": "main"}}
        assert evaluated(sync["States"][START]["Output"], evaluate, {"result": answer}, variables) == output


class TestRequestResponse:
    @pytest.mark.parametrize(
        ("failures", "after"),
        [
            ([], "Started"),
            ([{"Reason": "RESOURCE:FARGATE"}], "Judge the failure"),
            ([{"Arn": "no reason given"}], "Judge the failure"),
        ],
    )
    def test_failures_are_looked_at(
        self, failures: list[Node], after: str, request_response: Object, evaluate: Evaluate
    ) -> None:
        state = request_response["States"]["Did it start?"]
        found, variables = choose(state, evaluate, {}, {"started": {"Failures": failures}})
        assert found == after
        if failures:
            assert variables["failure"]["error"] == "AmazonECS.Unknown"
            assert json.loads(variables["failure"]["cause"]) == {"Failures": failures}

    def test_output(self, request_response: Object, evaluate: Evaluate) -> None:
        variables = {"started": {"Failures": [], "Tasks": [{"TaskArn": TASK_ARN}]}}
        output = evaluated(request_response["States"]["Started"]["Output"], evaluate, {}, variables)
        assert output == {"runId": NAME, "taskArn": TASK_ARN}
