"""A second stack in one account and Region: made, changed while a run is under way, and deleted, beside the first."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from cli.api_client import ApiClient
from cli.target import local_target
from local.control import API_URL, RuntimeStatus
from local.deploy import BUCKET, SAM_SETTINGS, aws_environment
from tests.e2e.conftest import MACHINES, Stack
from tests.programs import once
from tests.runtimes import client_settings, directory_of
from tests.waiting import eventually

#: As long as CloudFormation takes them.
NAME = "a-second-stack-" + "s" * 113
CHANGED = {"TaskCpu": "512", "TaskMemory": "1024"}

pytestmark = pytest.mark.timeout(900)  # builds and deployments, which have no limit of their own


def deploy(endpoint: str, parameters: Mapping[str, str]) -> None:
    """Make or update the second stack, from what was built for the first."""
    directory = directory_of(endpoint)
    given = {**parameters, "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}"}
    arguments = ["--template-file", str(directory / "build" / "template.yaml"), "--stack-name", NAME]
    arguments += ["--s3-bucket", BUCKET, "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
    arguments += ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("sam"), "deploy", *arguments],
        cwd=directory,
        env={**environment, **SAM_SETTINGS, **aws_environment(endpoint)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def outputs_of(endpoint: str) -> dict[str, str]:
    cloudformation = boto3.client("cloudformation", **client_settings(endpoint))
    (stack,) = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="module")
def second(stack: Stack) -> Iterator[Stack]:
    """Deleted by the last test, or else here."""
    endpoint = stack.status.endpoint
    deploy(endpoint, {"RetryIntervalSeconds": "1"})
    outputs = outputs_of(endpoint)
    outputs["ApiUrl"] = API_URL.sub(rf"{endpoint}/_aws/execute-api/\1", outputs["ApiUrl"])
    status = RuntimeStatus(
        endpoint, stack.status.region, NAME, outputs, stack.status.pid, stack.status.secret_access_key
    )
    api = ApiClient(local_target(status), sleep=time.sleep)
    yield Stack(status, api, stack.sfn, stack.ecs, stack.sqs, stack.functions, stack.events)
    delete(endpoint)


def delete(endpoint: str) -> None:
    cloudformation = boto3.client("cloudformation", **client_settings(endpoint))
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})


def machines(stack: Stack) -> set[str]:
    return {stack.status.outputs[name] for name in MACHINES.values()}


def test_nothing_of_two_stacks_is_the_same(stack: Stack, second: Stack) -> None:
    one, two = stack.status.outputs, second.status.outputs
    same = {name for name, value in one.items() if two.get(name) == value}
    assert same == {"ContainerName"}
    schedules = boto3.client("scheduler", **client_settings(stack.status.endpoint)).list_schedules()["Schedules"]
    assert {schedule["Target"]["Arn"].rpartition(":")[2] for schedule in schedules} == {
        one["SweepFunctionName"],
        two["SweepFunctionName"],
    }


@pytest.mark.parametrize("pattern", MACHINES)
def test_each_settles_its_own_runs(stack: Stack, second: Stack, pattern: str) -> None:
    for each in (stack, second):
        run, execution = each.run(pattern, "python", "-c", "print('hello')")
        assert (run["status"], execution["status"]) == ("SUCCEEDED", "SUCCEEDED")
        assert execution["stateMachineArn"] in machines(each)


def test_an_update_leaves_a_retry_the_revision_that_its_run_began_with(second: Stack, tmp_path: Path) -> None:
    go = tmp_path / "go"
    program = "import os; raise SystemExit(0 if os.environ['RUN_ATTEMPT'] == '2' else 75)"
    run_id = second.start("callback", *once(go, program), retries=1, retryOnExitCodes=[75])
    second.task_of(run_id)

    deploy(second.status.endpoint, CHANGED)
    go.touch()

    run = second.ended_run(run_id)
    assert (run["status"], run["error"]) == ("SUCCEEDED", None)
    definitions = {task["taskDefinitionArn"] for task in second.described_tasks(run_id)}
    assert definitions == {second.status.outputs["TaskDefinitionArn"]}
    assert outputs_of(second.status.endpoint)["TaskDefinitionArn"] not in definitions


def test_one_is_deleted_as_the_documentation_says_and_the_other_works_on(stack: Stack, second: Stack) -> None:
    executions = {
        pattern: second.start(pattern, "python", "-c", "import time; time.sleep(600)") for pattern in MACHINES
    }
    tasks = [second.task_of(run_id) for run_id in executions.values()]

    for arn in machines(second):
        for execution in second.sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            second.sfn.stop_execution(executionArn=execution["executionArn"])
    # The one that nobody waits for has an execution that has ended well: its task is told to stop by itself.
    cluster = second.status.outputs["ClusterArn"]
    second.ecs.stop_task(cluster=cluster, task=second.task_of(executions["request-response"]))
    for arn in tasks:
        second.ended_task(arn)
    delete(second.status.endpoint)

    run, _ = stack.run("callback", "python", "-c", "print('still there')")
    assert run["status"] == "SUCCEEDED"
    kept = boto3.client("dynamodb", **client_settings(stack.status.endpoint)).list_tables()["TableNames"]
    assert second.status.outputs["RunsTableName"] in kept
    assert eventually(lambda: stack.sweep()["failures"] == 0, "a sweep that leaves nothing")
