"""RunTask, StopTask, DescribeTasks and ListTasks over the tasks that live here."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from dataclasses import replace
from typing import Final

from local.ecs.dependencies import read_dependencies
from local.ecs.errors import ClusterNotFoundError, InvalidParameterError
from local.ecs.faults import Faults
from local.ecs.faults.events import FaultyEvents
from local.ecs.faults.registry import Subject
from local.ecs.health import HealthCheck
from local.ecs.life import StopRequest, Surroundings, TaskLife
from local.ecs.model import Json, LocalContainer, LocalTask
from local.ecs.pages import page_of
from local.ecs.ports import ClusterInfo, Events
from local.ecs.requests import RunTaskRequest, read_run_task

LONGEST_STOP_REASON_CHARACTERS: Final = 255  # fact B30
MOST_DESCRIBED: Final = 100  # fact B34
DESIRED_STATUSES: Final = ("RUNNING", "PENDING", "STOPPED")  # ListTasks of the API reference
KEPT_STOPPED_SECONDS: Final = 3_600  # fact B12: at least one hour


class LocalFargate:
    """The ECS API of this runtime, in the API's own names and shapes (camelCase dicts in, camelCase dicts out).

    Every method must be called on the runtime's event loop. Errors are `local.ecs.errors.EcsApiError`.
    """

    def __init__(self, around: Surroundings, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._around = replace(around, events=FaultyEvents(around.events, self.faults, around.clock))
        self._lives: dict[str, TaskLife] = {}
        self._coroutines: set[asyncio.Task[None]] = set()

    @property
    def events(self) -> Events:
        """The bus with its faults, for the other parts that publish events of AWS."""
        return self._around.events

    def run_task(self, parameters: Json) -> Json:
        """RunTask: `{tasks: [...], failures: [...]}`."""
        request = self.read(parameters)
        lives = self.launch(request)
        failures = [] if lives else self.faults.failures(request.cluster.arn)
        return {"tasks": [life.task.api() for life in lives], "failures": failures}

    def launch(self, request: RunTaskRequest) -> list[TaskLife]:
        """Start the tasks of a request; none where a fault takes the capacity away, EcsApiError where one refuses.

        One fault raises although the tasks were started: the answer is lost (fact B43).
        """
        if request.enable_execute_command and request.task_role is None:
            raise InvalidParameterError(
                "The execute command failed because a valid task role is not being used. "
                "Specify a valid task role in your task definition or as a task override and try again."
            )
        fault = self.faults.take_call(_subject(request), request.subnet_id)
        lives = [self._launch_one(request) for _ in range(request.count)] if fault is None or fault.carried_out else []
        if fault is not None and fault.error is not None:
            raise fault.error
        return lives

    def read(self, parameters: Json) -> RunTaskRequest:
        """Checks RunTask's parameters, and the task definition, as ECS would at its registration."""
        request = read_run_task(parameters, self._around.catalog)
        read_dependencies(request.container_definitions)
        return request

    def stop_task(self, parameters: Json) -> Json:
        """StopTask: `{task: {...}}`. A stopped task is answered as it is."""
        cluster = self._cluster(parameters)
        reason = str(parameters.get("reason") or "Task stopped by user")
        if len(reason) > LONGEST_STOP_REASON_CHARACTERS:
            raise InvalidParameterError(f"Stop reason must be at most {LONGEST_STOP_REASON_CHARACTERS} characters.")
        life = self._find(cluster, str(parameters.get("task") or ""))
        if life is None:
            raise InvalidParameterError("The referenced task was not found.")
        life.stop(StopRequest("UserInitiated", reason))
        return {"task": life.task.api()}

    def describe_tasks(self, parameters: Json) -> Json:
        """DescribeTasks: unknown tasks are failures with reason MISSING (fact B12)."""
        cluster = self._cluster(parameters)
        references = parameters.get("tasks")
        if not isinstance(references, list) or not references:
            raise InvalidParameterError("Tasks cannot be empty.")
        if len(references) > MOST_DESCRIBED:
            raise InvalidParameterError(f"Tasks cannot have more than {MOST_DESCRIBED} elements.")
        found = [(str(reference), self._find(cluster, str(reference))) for reference in references]
        return {
            "tasks": [life.task.api() for _, life in found if life],
            "failures": [
                {"arn": _task_arn(cluster, reference), "reason": "MISSING"} for reference, life in found if not life
            ],
        }

    def list_tasks(self, parameters: Json) -> Json:
        """ListTasks by cluster, desiredStatus (RUNNING unless told), family and startedBy, in pages."""
        cluster = self._cluster(parameters)
        status = parameters.get("desiredStatus") or "RUNNING"
        if status not in DESIRED_STATUSES:
            raise InvalidParameterError(f"Invalid desiredStatus {status}: one of {', '.join(DESIRED_STATUSES)}.")
        wanted = {
            "desired_status": status,
            "family": parameters.get("family"),
            "started_by": parameters.get("startedBy"),
        }
        tasks = (
            life.task
            for life in self._lives.values()
            if life.task.cluster_arn == cluster.arn
            and all(value is None or getattr(life.task, name) == value for name, value in wanted.items())
        )
        return page_of(tasks, parameters)

    async def shutdown(self) -> None:
        """Kill every container; no events follow."""
        for coroutine in list(self._coroutines):
            coroutine.cancel()
        await asyncio.gather(*self._coroutines, return_exceptions=True)

    def _launch_one(self, request: RunTaskRequest) -> TaskLife:
        image = str(request.container_definitions[0].get("image", ""))
        plan = self.faults.plan(_subject(request), image)
        life = TaskLife(self._new_task(request), request, self._around, plan)
        self._forget_old()
        self._lives[life.task.arn] = life
        coroutine = asyncio.get_running_loop().create_task(life.live())
        self._coroutines.add(coroutine)
        coroutine.add_done_callback(lambda ended: self._end(life, ended))
        return life

    def _end(self, life: TaskLife, coroutine: asyncio.Task[None]) -> None:
        self._coroutines.discard(coroutine)
        life.release()
        self._around.identity.end_sessions(life.task.task_id)
        if life.is_forgotten:
            self._lives.pop(life.task.arn, None)

    def _new_task(self, request: RunTaskRequest) -> LocalTask:
        task_id = secrets.token_hex(16)
        base = request.cluster.arn.rsplit(":", 1)[0]
        arn = f"{base}:task/{request.cluster.name}/{task_id}"
        region = request.cluster.arn.split(":")[3]
        task = LocalTask(
            arn=arn,
            cluster_arn=request.cluster.arn,
            definition_arn=str(request.definition["taskDefinitionArn"]),
            family=str(request.definition["family"]),
            containers=[
                _container(definition, f"{base}:container/{request.cluster.name}/{task_id}/{uuid.uuid4()}")
                for definition in request.container_definitions
            ],
            cpu=str(request.overrides.get("cpu") or request.definition.get("cpu") or "256"),
            memory=str(request.overrides.get("memory") or request.definition.get("memory") or "512"),
            overrides=_shown_overrides(request),
            availability_zone=f"{region}{'ab'[int(task_id, 16) % 2]}",
            subnet_id=request.subnet_id,
            launch_type=request.launch_type,
            capacity_provider=request.capacity_provider,
            platform_version=request.platform_version,
            started_by=request.started_by,
            group=request.group,
            enable_execute_command=request.enable_execute_command,
            tags=list(request.tags),
        )
        task.times["createdAt"] = self._around.clock.now()
        return task

    def _forget_old(self) -> None:
        """Stopped tasks are described for an hour; after it they are MISSING (fact B12)."""
        oldest = self._around.clock.epoch_seconds() - KEPT_STOPPED_SECONDS
        for arn, life in list(self._lives.items()):
            stopped_at = life.task.times.get("stoppedAt")
            if stopped_at is not None and stopped_at.timestamp() < oldest:
                del self._lives[arn]

    def _cluster(self, parameters: Json) -> ClusterInfo:
        cluster = self._around.catalog.cluster(str(parameters.get("cluster") or "default"))
        if cluster is None:
            raise ClusterNotFoundError
        return cluster

    def _find(self, cluster: ClusterInfo, reference: str) -> TaskLife | None:
        life = self._lives.get(_task_arn(cluster, reference))
        return life if life and life.task.cluster_arn == cluster.arn else None


def _task_arn(cluster: ClusterInfo, reference: str) -> str:
    if reference.startswith("arn:"):
        return reference
    return f"{cluster.arn.rsplit(':', 1)[0]}:task/{cluster.name}/{reference}"


def _subject(request: RunTaskRequest) -> Subject:
    return Subject(request.capacity_provider or request.launch_type, str(request.definition["family"]))


def _container(definition: Json, arn: str) -> LocalContainer:
    memory = definition.get("memory")
    return LocalContainer(
        name=str(definition["name"]),
        image=str(definition.get("image", "")),
        arn=arn,
        cpu=str(definition.get("cpu", 0)),
        memory=str(memory) if memory is not None else None,
        essential=bool(definition.get("essential", True)),
        has_health_check=HealthCheck.of(definition) is not None,
    )


def _shown_overrides(request: RunTaskRequest) -> Json:
    """As events show them: one entry per container, often only its name (fact B7)."""
    entries = [
        {"name": definition["name"], **request.override_of(str(definition["name"]))}
        for definition in request.container_definitions
    ]
    # A copy: what is shown must not change when the caller's own objects do.
    copied: Json = json.loads(json.dumps({**request.overrides, "containerOverrides": entries}))
    return copied
