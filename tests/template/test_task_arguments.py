"""What RunTask is asked for, and what becomes of its answer."""

import json

import pytest

from tests.template.evaluating import CONTEXT, NAME, Evaluate, choose, evaluated
from tests.template.loading import Node, Object

RUN_ID = {"Name": "RUN_ID", "Value": NAME}
EXECUTION = {"Name": "RUN_EXECUTION_ARN", "Value": CONTEXT["Execution"]["Id"]}
TOKEN = {"Name": "TASK_TOKEN", "Value": "AQC-token"}
TASK_ARN = "arn:aws:ecs:us-east-1:123456789012:task/fargate-runs/0a1b"
NO_CAPACITY = {
    "Failures": [{"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/fargate-runs", "Reason": "RESOURCE:FARGATE"}]
}


def arguments(machine: Object, given: Object, evaluate: Evaluate, *, again: bool = False) -> Object:
    states = {"input": given, "context": CONTEXT}
    name, variables = choose(machine["States"]["Check the input"], evaluate, states)
    if again:
        name = machine["States"][name]["Catch"][0]["Next"]
    found: Object = evaluated(machine["States"][name]["Arguments"], evaluate, states, variables)
    return found


def own_environment(machine: Object) -> list[Node]:
    callback = machine["States"]["Check the input"]["Choices"][-1]["Next"]
    waits = machine["States"][callback]["Resource"].endswith(".waitForTaskToken")
    return [RUN_ID, EXECUTION, *([TOKEN] if waits else [])]


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
    ("capacity", "first", "then"),
    [
        ({}, "FARGATE", "FARGATE"),
        ({"capacity": "on-demand"}, "FARGATE", "FARGATE"),
        ({"capacity": "spot"}, "FARGATE_SPOT", "FARGATE_SPOT"),
        ({"capacity": "spot-first"}, "FARGATE_SPOT", "FARGATE"),
    ],
)
def test_where_a_task_runs_first_and_after_a_lack_of_capacity(
    capacity: Object, first: str, then: str, deployed: Object, evaluate: Evaluate
) -> None:
    providers = [
        arguments(deployed, capacity, evaluate, again=again)["CapacityProviderStrategy"][0]["CapacityProvider"]
        for again in (False, True)
    ]
    assert providers == [first, then]


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
            ({"TaskArn": TASK_ARN, "Containers": []}, {"runId": NAME, "taskArn": TASK_ARN, "stoppedReason": ""}),
        ],
    )
    def test_output(self, answer: Object, output: Object, sync: Object, evaluate: Evaluate) -> None:
        assert evaluated(sync["States"]["Run the task"]["Output"], evaluate, {"result": answer}) == output

    @pytest.mark.parametrize(
        ("error", "cause", "after"),
        [
            ("States.TaskFailed", {"StopCode": "SpotInterruption", "StoppedReason": "x"}, "Run it again"),
            ("States.TaskFailed", {"StoppedReason": "Your Spot Task was interrupted."}, "Run it again"),
            ("States.TaskFailed", {"StoppedReason": "Capacity is unavailable at this time."}, "Run it again"),
            ("States.TaskFailed", {"StopCode": "EssentialContainerExited", "StoppedReason": "x"}, "The run failed"),
            ("States.TaskFailed", {}, "The run failed"),
            ("States.TaskFailed", "no JSON at all", "The run failed"),
            ("ECS.AccessDeniedException", "User is not authorized", "The run failed"),
            ("ECS.ClusterNotFoundException", None, "The run failed"),
        ],
    )
    def test_only_a_lack_of_capacity_runs_it_again(
        self, error: str, cause: Node, after: str, sync: Object, evaluate: Evaluate
    ) -> None:
        text = cause if cause is None or isinstance(cause, str) else json.dumps(cause)
        failure = {"Error": error} | ({} if text is None else {"Cause": text})
        assert choose(sync["States"]["Was it a lack of capacity?"], evaluate, {}, {"failure": failure})[0] == after
        failed = {key: sync["States"]["The run failed"][key] for key in ("Error", "Cause")}
        assert evaluated(failed, evaluate, {}, {"failure": failure}) == {"Error": error, "Cause": text or ""}


class TestRequestResponse:
    @pytest.mark.parametrize(
        ("answer", "again", "after"),
        [
            ({"Failures": [], "Tasks": [{"TaskArn": TASK_ARN}]}, False, "Started"),
            ({"Failures": [], "Tasks": [{"TaskArn": TASK_ARN}]}, True, "Started"),
            (NO_CAPACITY, False, "Start it again"),
            (NO_CAPACITY, True, "Not started"),
            ({"Failures": [{"Reason": "Capacity is unavailable at this time."}]}, False, "Start it again"),
            ({"Failures": [{"Reason": "MISSING"}]}, False, "Not started"),
            ({"Failures": [{"Arn": "no reason given"}]}, False, "Not started"),
        ],
    )
    def test_failures_are_looked_at(
        self, answer: Object, again: bool, after: str, request_response: Object, evaluate: Evaluate
    ) -> None:
        state = request_response["States"]["Did it start?"]
        assert choose(state, evaluate, {}, {"started": answer, "again": again})[0] == after

    def test_output(self, request_response: Object, evaluate: Evaluate) -> None:
        variables = {"started": {"Failures": [], "Tasks": [{"TaskArn": TASK_ARN}]}}
        output = evaluated(request_response["States"]["Started"]["Output"], evaluate, {}, variables)
        assert output == {"runId": NAME, "taskArn": TASK_ARN}

    @pytest.mark.parametrize(
        ("failures", "error"),
        [
            (NO_CAPACITY["Failures"], "Task.CapacityUnavailable"),
            ([{"Reason": "MISSING"}], "Task.FailedToStart"),
            ([{"Reason": "MISSING"}, {"Reason": "RESOURCE:ENI"}], "Task.CapacityUnavailable"),
            ([{"Arn": "no reason given"}], "Task.FailedToStart"),
        ],
    )
    def test_a_task_that_did_not_start(
        self, failures: list[Node], error: str, request_response: Object, evaluate: Evaluate
    ) -> None:
        failed = {key: request_response["States"]["Not started"][key] for key in ("Error", "Cause")}
        found = evaluated(failed, evaluate, {}, {"started": {"Failures": failures}})
        assert found["Error"] == error
        cause = json.loads(found["Cause"])
        assert cause["runId"] == NAME
        assert cause["failures"] == failures
        assert cause["summary"].startswith("ECS placed no task")
