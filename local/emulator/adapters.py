"""The ports of `local.ecs` and `local.stepfunctions` on MiniStack's services."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from ministack.services import cloudwatch_logs, ecs, eventbridge, stepfunctions

from local.clock import Clock
from local.ecs.model import Json
from local.ecs.ports import Catalog, ClusterInfo, Events, LogGroupMissingError, Logs, SecretError
from local.stepfunctions.errors import StateError
from local.stepfunctions.ports import ExecutionEvents, Services
from local.stepfunctions.redrive import redrive_view

LONGEST_IN_EVENT_BYTES: Final = 248 * 1024  # "Automating event delivery" of the developer guide


class EmulatorCatalog(Catalog):
    """Clusters and task definitions as CloudFormation made them."""

    def cluster(self, reference: str) -> ClusterInfo | None:
        """See `Catalog.cluster`."""
        stored = ecs._clusters.get(ecs._resolve_cluster_name(reference))
        if stored is None or stored.get("status") != "ACTIVE":
            return None
        return ClusterInfo(stored["clusterArn"], stored["clusterName"], tuple(stored.get("capacityProviders", ())))

    def task_definition(self, reference: str) -> Json | None:
        """See `Catalog.task_definition`."""
        stored: Json | None = ecs._task_defs.get(ecs._resolve_td_key(reference))
        return stored

    def secrets(self, container_definition: Json) -> dict[str, str]:
        """See `Catalog.secrets`."""
        try:
            values: dict[str, str] = ecs._resolve_container_secrets(container_definition)
        except ecs._SecretResolutionError as error:
            raise SecretError(str(error)) from error
        return values


class EmulatorEvents(Events):
    """Puts events of AWS services on the default bus; only an emulator may."""

    def publish(self, *, source: str, detail_type: str, resources: Sequence[str], detail: Json) -> None:
        """See `Events.publish`."""
        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": list(resources),
        }
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


class EmulatorLogs(Logs):
    """CloudWatch Logs."""

    def create_group(self, group: str) -> None:
        """See `Logs.create_group`."""
        cloudwatch_logs._create_log_group({"logGroupName": group})

    def create_stream(self, group: str, stream: str) -> None:
        """See `Logs.create_stream`."""
        if group not in cloudwatch_logs._log_groups:
            raise LogGroupMissingError(group)
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})

    def put(self, group: str, stream: str, messages: Sequence[tuple[int, str]]) -> None:
        """See `Logs.put`."""
        events = [{"timestamp": at, "message": text} for at, text in messages]
        cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})


class EmulatorExecutionEvents(ExecutionEvents):
    """ "Step Functions Execution Status Change"."""

    def __init__(self, events: Events, clock: Clock) -> None:
        self._events = events
        self._clock = clock

    def status_changed(self, record: Json) -> None:
        """See `ExecutionEvents.status_changed`."""
        given, made = _included(record["input"]), _included(record.get("output"))
        redrive = redrive_view(record, self._clock.now())
        detail = {
            "executionArn": record["executionArn"],
            "stateMachineArn": record["stateMachineArn"],
            "name": record["name"],
            "status": record["status"],
            "startDate": stepfunctions._iso_to_epoch_ms(record["startDate"]),
            "stopDate": stepfunctions._iso_to_epoch_ms(record.get("stopDate")),
            "input": record["input"] if given else None,
            "inputDetails": {"included": given},
            "output": record.get("output") if made else None,
            "outputDetails": None if record.get("output") is None else {"included": made},
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            **redrive,
            "redriveDate": stepfunctions._iso_to_epoch_ms(redrive["redriveDate"]),
            "error": record.get("error"),
            "cause": record.get("cause"),
        }
        self._events.publish(
            source="aws.states",
            detail_type="Step Functions Execution Status Change",
            resources=[str(record["executionArn"])],
            detail=detail,
        )


def _included(value: object) -> bool:
    """Whether an input or output is in the event: as it is escaped there, it has at most 248 KiB."""
    return isinstance(value, str) and len(json.dumps(value).encode()) <= LONGEST_IN_EVENT_BYTES


class EmulatorServices(Services):
    """Every integration that MiniStack has, each call in a thread of its own: it may call back into this process."""

    async def call(self, resource: str, arguments: object) -> object:
        """See `Services.call`."""
        return await in_thread(_invoke, resource.replace(".waitForTaskToken", ""), arguments)


def _invoke(resource: str, arguments: object) -> object:
    try:
        result: object = stepfunctions._invoke_resource(resource, arguments)
    except stepfunctions._ExecutionError as error:
        raise StateError(error.error, error.cause) from error
    return result


async def in_thread(function: Callable[..., Any], *arguments: object) -> Any:
    """Run a blocking function in a daemon thread with the caller's account and Region."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: object, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def work() -> None:
        try:
            result, error = context.run(function, *arguments), None
        except Exception as failure:  # noqa: BLE001  handed on to the caller
            result, error = None, failure
        loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, daemon=True, name="services").start()
    return await future
