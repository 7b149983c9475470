"""Every ending is provoked and arrives by its name: in the execution's error, in a user's own Catch, in the record.

Not provoked here: `Task.Lost`, which only the sweep can find (test_lost_tasks.py). The local runtime has no services
and no words that mean nothing, so `Task.StoppedByScheduler` and `Task.Unknown` come from an event made by hand, with
the token of a real task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mypy_boto3_ecs.type_defs import ContainerDefinitionTypeDef

from cli.errors import CliError
from fargate_runs.outcomes.kinds import KINDS, ErrorName
from local import faults_client
from tests.e2e.conftest import Json, Stack
from tests.e2e.test_machines_of_users import callback, started
from tests.programs import ends, once, tells
from tests.waiting import eventually

PATTERNS = ("callback", "sync", "request-response")
WAITS = ("callback", "sync")
SLEEP = ("python", "-c", "import time; print('at work', flush=True); time.sleep(600)")  # until it is ended
QUICK = ("python", "-c", "print('done')")


@dataclass(frozen=True)
class Ending:
    """How an ending is provoked: a fault that is armed before, a command, a task definition."""

    error: ErrorName
    fault: str | None = None
    options: faults_client.Options = field(default_factory=faults_client.Options)
    command: tuple[str, ...] = SLEEP
    asked: Mapping[str, object] = field(default_factory=dict)


#: The texts are AWS's; where a fault has another one of its own, the row says it.
ENDINGS: dict[str, Ending] = {
    "an exit code": Ending(ErrorName.EXITED_NON_ZERO, command=("python", "-c", "raise SystemExit(3)")),
    "memory": Ending(ErrorName.OUT_OF_MEMORY, "out-of-memory"),
    "a sidecar": Ending(ErrorName.SIDECAR_FAILED, asked={"taskDefinition": "two-essential"}),
    "no image": Ending(ErrorName.IMAGE_NOT_FOUND, "image-not-found"),
    "a slow registry": Ending(ErrorName.IMAGE_PULL_FAILED, "image-pull-timeout"),
    "a secret": Ending(ErrorName.RESOURCE_INITIALIZATION_FAILED, "secrets-error"),
    "no network interface": Ending(ErrorName.PROVISIONING_FAILED, "eni-timeout"),
    "no storage": Ending(
        ErrorName.PROVISIONING_FAILED,
        "secrets-error",
        {"reason": "Timeout waiting for EphemeralStorage provisioning to complete."},
    ),
    "no capacity for a started task": Ending(
        ErrorName.CAPACITY_UNAVAILABLE, "eni-timeout", {"reason": "TaskFailedToStart: RESOURCE:FARGATE"}
    ),
    "Spot": Ending(ErrorName.SPOT_INTERRUPTED, "spot-interruption", {"seconds": 1}, asked={"capacity": "spot"}),
    "the host": Ending(ErrorName.INFRASTRUCTURE_FAILED, "infrastructure"),
    "a notice": Ending(ErrorName.INFRASTRUCTURE_FAILED, "termination-notice"),
    "a health check": Ending(
        ErrorName.HEALTH_CHECK_FAILED, "infrastructure", {"reason": "Task failed container health checks"}
    ),
    "somebody": Ending(ErrorName.STOPPED_BY_USER, "stopped-by-user"),
    "no such command": Ending(ErrorName.FAILED_TO_START, command=("no-such-command",)),
}
BY_HAND: dict[ErrorName, dict[str, str]] = {
    ErrorName.STOPPED_BY_SCHEDULER: {
        "stopCode": "ServiceSchedulerInitiated",
        "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1234567890123456789)",
    },
    ErrorName.UNKNOWN: {"stopCode": "SomethingNew", "stoppedReason": "Nobody has seen this text before"},
}
ELSEWHERE = {ErrorName.STOPPED_BY_STEP_FUNCTIONS, ErrorName.LOST, ErrorName.TIMED_OUT}


@pytest.fixture(scope="module")
def sidecars_end(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the second container makes when it fails."""
    return tmp_path_factory.mktemp("sidecars") / "fails"


@pytest.fixture(scope="module", autouse=True)
def _task_definitions(stack: Stack, sidecars_end: Path) -> None:
    """Of users: a second container that takes the task with it, and one that does not."""
    failing = ends(sidecars_end, 2)
    for family, essential in (("two-essential", True), ("with-sidecar", False)):
        sidecar: ContainerDefinitionTypeDef = {
            "name": "proxy",
            "image": "python:3.13-slim",
            "essential": essential,
            "command": failing,
        }
        stack.ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "image": "python:3.13-slim", "essential": True}, sidecar],
        )


def arm(stack: Stack, ending: Ending) -> None:
    if ending.fault:
        faults_client.arm(stack.status.endpoint, ending.fault, **ending.options)


def told(execution: Json) -> Json:
    """The cause of a failed execution."""
    cause: Json = json.loads(str(execution["cause"]))
    return cause


def test_every_ending_is_provoked_or_said_not_to_be() -> None:
    assert {ending.error for ending in ENDINGS.values()} | set(BY_HAND) | ELSEWHERE == set(ErrorName)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("case", ENDINGS)
def test_an_ending_has_the_same_name_everywhere(stack: Stack, case: str, pattern: str) -> None:
    ending = ENDINGS[case]
    arm(stack, ending)
    run, execution = stack.run(pattern, *ending.command, retries=0, **ending.asked)
    kind = KINDS[ending.error]
    assert (run["status"], run["error"], run["transient"]) == (kind.status, ending.error, kind.transient)
    if pattern == "request-response":
        assert execution["status"] == "SUCCEEDED"
        return
    assert (execution["status"], execution.get("error")) == ("FAILED", ending.error)
    cause, (attempt,) = told(execution), list(run["attempts"])  # type: ignore[call-overload]
    for name in ("summary", "advice", "status", "transient", "exitCode"):
        assert cause[name] == run[name], name
    for name in ("taskArn", "taskUrl", "container", "stopCode", "stoppedReason", "log", "durations", "usage"):
        assert cause[name] == attempt[name], name


@pytest.mark.parametrize("case", ENDINGS)
def test_an_ending_arrives_in_the_catch_of_a_users_machine(stack: Stack, case: str) -> None:
    ending = ENDINGS[case]
    arm(stack, ending)
    execution = stack.ended_execution(started(stack, catching(stack, ending), {}))
    assert execution["status"] == "SUCCEEDED", execution
    caught = json.loads(str(execution["output"]))["caught"]
    assert caught["Error"] == ending.error
    assert json.loads(caught["Cause"])["summary"]


def catching(stack: Stack, ending: Ending) -> Json:
    """The callback machine of AWS's page with a Catch for one name."""
    machine = callback(stack, *ending.command)
    states: dict[str, Json] = machine["States"]  # type: ignore[assignment]
    (task,) = states.values()
    parameters: Json = task["Parameters"]  # type: ignore[assignment]
    if "capacity" in ending.asked:
        del parameters["LaunchType"]
        parameters["CapacityProviderStrategy"] = [{"CapacityProvider": "FARGATE_SPOT"}]
    parameters["TaskDefinition"] = ending.asked.get("taskDefinition", parameters["TaskDefinition"])
    task["Catch"] = [{"ErrorEquals": [ending.error], "ResultPath": "$.caught", "Next": "Caught"}]
    states["Caught"] = {"Type": "Pass", "End": True}
    return machine


@pytest.mark.parametrize("pattern", PATTERNS)
def test_stop_task_is_a_stop_whatever_the_exit_code(stack: Stack, tmp_path: Path, pattern: str) -> None:
    """By the real API, of a container that ends well when it is told to stop."""
    polite = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
    is_polite = tmp_path / "polite"
    run_id = stack.start(pattern, *tells(is_polite, "time.sleep(600)", first=polite), retries=3)
    task = eventually(lambda: running(stack, run_id), "the task")
    eventually(is_polite.exists, "the container's handler of the signal")
    stack.ecs.stop_task(cluster=stack.status.outputs["ClusterArn"], task=task, reason="not needed any more")
    run = stack.ended_run(run_id)
    assert (run["status"], run["error"], run["exitCode"]) == ("STOPPED", "Task.StoppedByUser", 0)
    execution = stack.ended_execution(str(run["executionArn"]))
    if pattern == "callback":
        assert execution["error"] == "Task.StoppedByUser"
    assert len(stack.api.get_run(run_id)["attempts"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["aborted", "timed out"])
def test_step_functions_stops_a_sync_task(stack: Stack, how: str) -> None:
    """No Catch sees this one: the execution itself is over, or has States.Timeout."""
    more = {"timeoutSeconds": 5} if how == "timed out" else {}
    run_id = stack.start("sync", *SLEEP, retries=3, **more)
    execution_arn = str(stack.api.get_run(run_id)["executionArn"])
    if how == "aborted":
        eventually(lambda: running(stack, run_id), "the task")
        stack.sfn.stop_execution(executionArn=execution_arn)
    run, execution = stack.ended_run(run_id), stack.ended_execution(execution_arn)
    task = run["attempts"][-1]  # type: ignore[index]
    assert (task["status"], task["error"]) == ("STOPPED", "Task.StoppedByStepFunctions")
    if how == "aborted":
        assert (execution["status"], execution.get("error")) == ("ABORTED", None)
        assert (run["status"], run["error"]) == ("STOPPED", "Task.StoppedByStepFunctions")
    else:
        assert (execution["status"], execution["error"]) == ("FAILED", "States.Timeout")
        assert (run["status"], run["error"]) == ("FAILED", "States.Timeout")


def test_a_callback_that_times_out_is_not_tried_again(stack: Stack) -> None:
    execution = stack.execute("callback", {"commands": [*SLEEP[:2], "import time; time.sleep(6)"], "timeoutSeconds": 3})
    assert execution["error"] == "States.Timeout"
    assert len(stack.ended_run(str(execution["name"]))["attempts"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("error", BY_HAND)
def test_what_the_local_runtime_cannot_say_is_told_by_hand(stack: Stack, error: ErrorName) -> None:
    run_id = stack.start("callback", *SLEEP, retries=3)
    task = eventually(lambda: running(stack, run_id), "the task")
    stop(stack, task, BY_HAND[error])
    run = stack.ended_run(run_id)
    execution = stack.ended_execution(str(run["executionArn"]))
    stack.ecs.stop_task(cluster=stack.status.outputs["ClusterArn"], task=task)
    assert (run["error"], execution.get("error")) == (error, error)
    assert told(execution)["stoppedReason"] == BY_HAND[error]["stoppedReason"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("fault", ["no-capacity", "capacity-error", "vcpu-limit"])
def test_a_call_that_finds_no_capacity_has_the_same_name_and_no_task(stack: Stack, fault: str, pattern: str) -> None:
    faults_client.arm(stack.status.endpoint, fault, count=2)
    execution = stack.execute(pattern, {"commands": list(QUICK), "retries": 1})
    assert (execution["status"], execution["error"]) == ("FAILED", "Task.CapacityUnavailable")
    cause = told(execution)
    assert (cause["runId"], cause["taskArn"]) == (execution["name"], None)
    assert faults_client.armed(stack.status.endpoint) == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_call_that_is_refused_for_good_keeps_the_name_of_aws(stack: Stack, pattern: str) -> None:
    faults_client.arm(stack.status.endpoint, "parameter-throttle", count=2)
    execution = stack.execute(pattern, {"commands": list(QUICK), "retries": 1})
    assert (execution["status"], execution["error"]) == ("FAILED", "ECS.InvalidParameterException")
    assert "Rate exceeded (ErrorCode: Throttling) (Service: AmazonECS; " in str(execution["cause"])
    assert faults_client.armed(stack.status.endpoint) == []


class TestSidecars:
    """Fact B22: for `.sync` every container's exit code counts, for the outcome only the main one's."""

    @pytest.fixture
    def work(self, sidecars_end: Path) -> list[str]:
        """A command that ends well after the sidecar has failed."""
        sidecars_end.unlink(missing_ok=True)
        return once(sidecars_end, "print('{\"rows\": 3}')")

    def test_callback_and_record_have_a_success(self, stack: Stack, work: list[str]) -> None:
        run, execution = stack.run("callback", *work, taskDefinition="with-sidecar")
        assert (run["status"], run["exitCode"], execution["status"]) == ("SUCCEEDED", 0, "SUCCEEDED")

    def test_sync_fails_and_says_that_the_work_is_done(self, stack: Stack, work: list[str]) -> None:
        run, execution = stack.run("sync", *work, taskDefinition="with-sidecar")
        assert (run["status"], run["exitCode"]) == ("SUCCEEDED", 0)
        assert (execution["status"], execution["error"]) == ("FAILED", "Task.SidecarFailed")
        cause = told(execution)
        assert "proxy exited with code 2" in str(cause["summary"])
        assert cause["exitCode"] == 0

    def test_a_users_task_without_a_log_says_so(self, stack: Stack, work: list[str]) -> None:
        run, _ = stack.run("callback", *work, taskDefinition="with-sidecar")
        (attempt,) = list(run["attempts"])  # type: ignore[call-overload]
        assert (attempt["log"], run["result"]) == (None, None)
        assert attempt["resultNote"] == "container main has no log configuration"


def test_a_judge_that_is_broken_hides_nothing(stack: Stack) -> None:
    functions = stack.functions.list_functions()["Functions"]
    (name,) = (each["FunctionName"] for each in functions if "JudgeTask" in each["FunctionName"])
    stack.functions.update_function_configuration(FunctionName=name, Handler="judge_task.handler.nothing")
    try:
        run, execution = stack.run("sync", "python", "-c", "raise SystemExit(3)")
        faults_client.arm(stack.status.endpoint, "no-capacity")
        refused = stack.execute("request-response", {"commands": list(QUICK), "retries": 3})
    finally:
        stack.functions.update_function_configuration(FunctionName=name, Handler="judge_task.handler.handler")
    assert (run["error"], execution["error"]) == ("Container.ExitedNonZero", "States.TaskFailed")
    (attempt,) = list(run["attempts"])  # type: ignore[call-overload]
    assert told(execution)["TaskArn"] == attempt["taskArn"]
    assert (refused["error"], "RESOURCE:" in str(refused["cause"])) == ("AmazonECS.Unknown", True)


def running(stack: Stack, run_id: str) -> str | None:
    """The ARN of the run's task once it is RUNNING."""
    try:
        attempts = stack.api.get_run(run_id)["attempts"]
    except CliError:
        return None
    found = [each for each in attempts if each["lastStatus"] == "RUNNING"]  # type: ignore[attr-defined]
    return str(found[0]["taskArn"]) if found else None


def stop(stack: Stack, task_arn: str, said: Mapping[str, str]) -> None:
    """Tell the function that the task has stopped in these words, under a version that nothing overtakes."""
    cluster = stack.status.outputs["ClusterArn"]
    (task,) = stack.ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
    event = {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000001",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "detail": {**task, "containers": [{"name": "main"}], "lastStatus": "STOPPED", "version": 99, **said},
    }
    stack.functions.invoke(
        FunctionName=stack.status.outputs["TaskStateChangeFunctionName"], Payload=json.dumps(event, default=str)
    )
