"""The optimized ECS integration: `arn:aws:states:::ecs:runTask` in its three patterns (facts B19 to B26)."""

from __future__ import annotations

import json
import uuid
from typing import Final

from local.ecs.errors import EcsApiError
from local.ecs.fargate import LocalFargate
from local.ecs.life import StopRequest, TaskLife
from local.ecs.model import Json, camel_case, pascal_case
from local.stepfunctions.errors import TASK_FAILED, StateError
from local.stepfunctions.execution import as_json
from local.stepfunctions.tasks import Call, Integration, Pattern, Submitted

RESOURCE: Final = "arn:aws:states:::ecs:runTask"
STARTED_BY: Final = "AWS Step Functions"
PARAMETERS: Final = frozenset(
    {
        "CapacityProviderStrategy",
        "Cluster",
        "Count",
        "EnableExecuteCommand",
        "Group",
        "LaunchType",
        "NetworkConfiguration",
        "Overrides",
        "PlacementConstraints",
        "PlacementStrategy",
        "PlatformVersion",
        "PropagateTags",
        "Tags",
        "TaskDefinition",
    }
)  # fact B25
# The SDK of Step Functions raises its base class for what the API calls ClientException (fact B24).
ERROR_NAMES: Final = {"ClientException": "AmazonECSException"}


class RunTask(Integration):
    """Runs tasks on the local Fargate."""

    def __init__(self, fargate: LocalFargate) -> None:
        self._fargate = fargate

    async def submit(self, call: Call) -> Submitted:
        """RunTask. `Failures` fail `.sync` and `.waitForTaskToken`, and nothing else (fact B23)."""
        parameters = _api_parameters(call)
        if call.pattern is Pattern.SYNC:
            parameters["startedBy"] = STARTED_BY
        try:
            request = self._fargate.read(parameters)
            lives = self._fargate.launch(request)
        except EcsApiError as error:
            raise _state_error(error) from error
        failures = [] if lives else self._fargate.faults.failures(request.cluster.arn)
        submitted = SubmittedTasks(lives, failures, call)
        if failures and call.pattern is not Pattern.REQUEST_RESPONSE:
            raise StateError("AmazonECS.Unknown", as_json(submitted.response))
        return submitted


class SubmittedTasks(Submitted):
    """Tasks that RunTask started."""

    def __init__(self, lives: list[TaskLife], failures: list[Json], call: Call) -> None:
        self._lives = lives
        self._call = call
        # As it was at the answer: the tasks move on at once.
        self._response = _response([life.task.pascal() for life in lives], failures)

    @property
    def response(self) -> object:
        """`{Failures, Tasks, SdkHttpMetadata, SdkResponseMetadata}` (fact B19)."""
        return self._response

    async def finished(self) -> object:
        """One Task as output (fact B20); any container's non-zero exit fails it, the Task as Cause (facts B21, B22)."""
        for life in self._lives:
            await life.over.wait()
        failed = [life for life in self._lives if not _succeeded(life)]
        shown = (failed or self._lives)[0].task.pascal()
        if failed:
            raise StateError(TASK_FAILED, as_json(shown))
        return shown

    def abort(self) -> None:
        """StopTask, with the reason that Step Functions gives (facts B17, B26)."""
        reason = (
            f"The Task state in AWS Step Functions execution [{self._call.execution_arn}] "
            "which was managing this resource was aborted"
        )
        for life in self._lives:
            life.stop(StopRequest("UserInitiated", reason))


def _succeeded(life: TaskLife) -> bool:
    """Every container exited with 0: one that never started has no exit code and counts as a failure (B21, B22)."""
    return all(container.exit_code == 0 for container in life.task.containers)


def _api_parameters(call: Call) -> Json:
    if not isinstance(call.arguments, dict):
        raise StateError("States.Runtime", "The parameters of ecs:runTask must be an object")
    unknown = sorted(set(call.arguments) - PARAMETERS)
    if unknown:
        raise StateError(
            "States.Runtime",
            f"The field '{unknown[0]}' is not supported by Step Functions: known are {', '.join(sorted(PARAMETERS))}",
        )
    # A copy: the state's own data must not change with the task.
    copied: Json = json.loads(json.dumps(camel_case(call.arguments)))
    return copied


def _response(tasks: list[Json], failures: list[Json]) -> Json:
    request_id = str(uuid.uuid4())
    return {
        "Failures": pascal_case(failures),
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"x-amzn-RequestId": [request_id], "Content-Type": ["application/x-amz-json-1.1"]},
            "HttpHeaders": {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": request_id},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
        "Tasks": tasks,
    }


def _state_error(error: EcsApiError) -> StateError:
    cause = (
        f"{error} (Service: AmazonECS; Status Code: {error.status}; Error Code: {error.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return StateError(f"ECS.{ERROR_NAMES.get(error.code, error.code)}", cause)
