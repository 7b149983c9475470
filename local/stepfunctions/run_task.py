"""The optimized ECS integration: `arn:aws:states:::ecs:runTask` in its three patterns (facts B19 to B26)."""

from __future__ import annotations

import json
import uuid
from typing import Final

from local.denial import denied
from local.ecs.errors import AccessDeniedError, EcsApiError
from local.ecs.fargate import LocalFargate
from local.ecs.life import StopRequest, TaskLife
from local.ecs.model import Json, camel_case, pascal_case
from local.ecs.requests import RunTaskRequest
from local.stepfunctions.errors import TASK_FAILED, StateError
from local.stepfunctions.execution import as_json
from local.stepfunctions.ports import Permissions
from local.stepfunctions.sdk import sdk_metadata
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
# What RunTask models; Step Functions' SDK raises its base class for everything else, throttling above all (fact B24).
MODELLED: Final = frozenset(
    {
        "AccessDeniedException",
        "BlockedException",
        "ClientException",
        "ClusterNotFoundException",
        "ConflictException",
        "InvalidParameterException",
        "PlatformTaskDefinitionIncompatibilityException",
        "PlatformUnknownException",
        "ServerException",
        "UnsupportedFeatureException",
    }
)
BASE_ERROR: Final = "AmazonECSException"


class RunTask(Integration):
    """Runs tasks on the local Fargate, with the permissions of the machine's role (fact B31)."""

    def __init__(self, fargate: LocalFargate, permissions: Permissions) -> None:
        self._fargate = fargate
        self._permissions = permissions

    async def submit(self, call: Call) -> Submitted:
        """RunTask. `Failures` fail `.sync` and `.waitForTaskToken`, and nothing else (fact B23)."""
        parameters = _api_parameters(call)
        if call.pattern is Pattern.SYNC:
            parameters["startedBy"] = STARTED_BY
        try:
            request = self._fargate.read(parameters)
            self._authorize(call, request)
            lives = self._fargate.launch(request)
        except EcsApiError as error:
            raise _state_error(error) from error
        failures = [] if lives else self._fargate.faults.failures(request.cluster.arn)
        submitted = SubmittedTasks(lives, failures, call, self._permissions)
        if failures and call.pattern is not Pattern.REQUEST_RESPONSE:
            raise StateError("AmazonECS.Unknown", as_json(submitted.response))
        return submitted

    def _authorize(self, call: Call, request: RunTaskRequest) -> None:
        """Checks the permissions to run the task definition, to tag the task, and to pass each of its roles."""
        definition = str(request.definition["taskDefinitionArn"])
        self._require(call, "ecs:RunTask", definition, {"ecs:cluster": request.cluster.arn})
        if request.tags:
            # There is no task yet: any of the cluster ("Tag resources during creation" of ECS's developer guide).
            tasks = f"{request.cluster.arn.rsplit(':', 1)[0]}:task/{request.cluster.name}/*"
            tags = {f"aws:RequestTag/{tag.get('key')}": str(tag.get("value", "")) for tag in request.tags}
            self._require(call, "ecs:TagResource", tasks, {"ecs:CreateAction": "RunTask", **tags})
        for role in sorted(_roles(request)):
            self._require(call, "iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})

    def _require(self, call: Call, action: str, resource: str, context: dict[str, str]) -> None:
        if not self._permissions.allows(call.role_arn, action, resource, context):
            raise AccessDeniedError(denied(call.role_arn, action, resource))


class SubmittedTasks(Submitted):
    """Tasks that RunTask started."""

    def __init__(self, lives: list[TaskLife], failures: list[Json], call: Call, permissions: Permissions) -> None:
        self._lives = lives
        self._call = call
        self._permissions = permissions
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
        """StopTask with Step Functions' reason; best effort, so a role that may not stop stops nothing (fact B26)."""
        reason = (
            f"The Task state in AWS Step Functions execution [{self._call.execution_arn}] "
            "which was managing this resource was aborted"
        )
        for life in self._lives:
            context = {"ecs:cluster": life.task.cluster_arn}
            if self._permissions.allows(self._call.role_arn, "ecs:StopTask", life.task.arn, context):
                life.stop(StopRequest("UserInitiated", reason))  # fact B17


def _succeeded(life: TaskLife) -> bool:
    """Every container exited with 0: one that never started has no exit code and counts as a failure (B21, B22)."""
    return all(container.exit_code == 0 for container in life.task.containers)


def _roles(request: RunTaskRequest) -> set[str]:
    """The roles of the task: those of the definition, unless an override names another."""
    return {role for role in (request.task_role, request.execution_role) if role}


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
    return {"Failures": pascal_case(failures), **sdk_metadata("application/x-amz-json-1.1"), "Tasks": tasks}


def _state_error(error: EcsApiError) -> StateError:
    cause = (
        f"{error} (Service: AmazonECS; Status Code: {error.status}; Error Code: {error.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return StateError(f"ECS.{error.code if error.code in MODELLED else BASE_ERROR}", cause)
