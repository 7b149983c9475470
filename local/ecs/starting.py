"""The start of one container: its environment, its log stream, its process."""

from __future__ import annotations

from local.denial import denied
from local.ecs.awslogs import LineWriter, LogTarget
from local.ecs.containers import CannotStartContainerError, RunningContainer
from local.ecs.model import Json, LocalTask
from local.ecs.ports import LogGroupMissingError, SecretError
from local.ecs.requests import RunTaskRequest
from local.ecs.specs import container_spec
from local.ecs.surroundings import Surroundings


class FailedStartError(Exception):
    """The task cannot start; the message is its stoppedReason, `container_reason` that of the container at fault."""

    def __init__(self, reason: str, container_reason: str | None = None) -> None:
        super().__init__(reason)
        self.container_reason = container_reason


async def start_container(
    task: LocalTask, definition: Json, request: RunTaskRequest, around: Surroundings
) -> RunningContainer:
    """Start a container of a task; its output goes to its log. FailedStartError in ECS's words (fact B16)."""
    try:
        spec = container_spec(task, definition, request, around.catalog, around.identity)
    except SecretError as error:
        raise FailedStartError(
            f"ResourceInitializationError: unable to pull secrets or registry auth: {error}"
        ) from error
    writer = LineWriter(around.logs, _log_target(task, definition, request, around), around.clock)
    try:
        running = await around.runtime.start(spec, writer.write)
    except CannotStartContainerError as error:
        raise FailedStartError(str(error), str(error)) from error
    running.ended.add_done_callback(lambda _: writer.close())
    return running


def _log_target(task: LocalTask, definition: Json, request: RunTaskRequest, around: Surroundings) -> LogTarget | None:
    target = LogTarget.of(definition, task.task_id)
    if target is None:
        return None
    try:
        around.logs.create_stream(target.group, target.stream)
    except LogGroupMissingError as error:
        if not target.creates_group:
            raise _failed_logger(
                "failed to create Cloudwatch log stream: ResourceNotFoundException: "
                "The specified log group does not exist."
            ) from error
        _create_group(task, target.group, request, around)
        around.logs.create_stream(target.group, target.stream)
    return target


def _create_group(task: LocalTask, group: str, request: RunTaskRequest, around: Surroundings) -> None:
    """`awslogs-create-group`, with the execution role's permission. Without such a role nothing is checked."""
    role, place = request.execution_role, around.identity.place()
    action, arn = "logs:CreateLogGroup", f"arn:aws:logs:{place.region}:{place.account}:log-group:{group}"
    # Policies name a group with what is in it, or without.
    named = (f"{arn}:log-stream:", arn)
    if role and not any(around.identity.allows(role, action, resource) for resource in named):
        said = denied(role, action, named[0], session=task.task_id)
        raise _failed_logger(f"failed to create Cloudwatch log group: AccessDeniedException: {said} ")
    around.logs.create_group(group)


def _failed_logger(why: str) -> FailedStartError:
    return FailedStartError(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        f"{why}: exit status 1"
    )
