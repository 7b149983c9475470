"""What is replaced in MiniStack, each with its reason (fact B38).

| replaced | because |
| --- | --- |
| names of families, containers, clusters, tags | any text is taken there, and becomes part of paths |
| ECS RunTask, StopTask, DescribeTasks, ListTasks | without Docker its tasks run for ever, and it sends no events |
| the walk of an execution, StopExecution | `.sync` never fails, one token serves all attempts, time-outs are ignored |
| RedriveExecution | there is none |
| DescribeExecution, ListExecutions | nothing of redrives; lists of what does not exist; pages of a thousand |
| the clock of executions, events and schedules | it is the wall's; schedules are looked at every ten seconds |
| StartExecution with a name that is taken | the same name and input must give the same execution (fact B32) |
| CreateStateMachine, UpdateStateMachine | definitions that cannot run are taken there |
| SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat | closed tokens must answer TaskTimedOut (facts B29, B30) |
| EventBridge to Lambda | it neither retries nor sends failures to the on-failure destination (fact B11) |
| EventBridge to a function that is not there | it drops the event and not into the dead-letter queue (fact B11) |
| `AWS::Events::Archive`, the rules that a replay is for | the type is refused there, and replays go to every rule |
| the types of functions' errors | exceptions and dead processes are `Runtime.HandlerError` there |
| concurrent calls of a function | each starts a process, and a burst of them starves the machine |
| bodies that are no JSON object | they are errors of the emulator there, 400 in AWS |
| schedules with a time zone or an input that there is not | they are taken there |
| the resource that a schedule is authorized on | every group is the default one there |
| when schedules are due | every expression is of UTC there, rates wait at first, context attributes stay |
| conditions of templates with Join, Split or Sub in them | they compare the function's text there |
| policies with a condition on `ecs:cluster` | they allow nothing there |
| policies with a condition on `dynamodb:LeadingKeys` | with ForAllValues they allow everything there |
| queries of a table's index | each page sorts all of its partition: ten seconds at 100,000 items |
| paths and queries of REST APIs | the path is decoded before its resource is found; the first value counts |
| gateway responses of an OpenAPI document | they are left out there |
| HTTP APIs with the payload format 1.0 | their functions get version 2.0 there |
| GetLogEvents | a token holds for every stream, a page has any size, limits are not checked |
| the resource that reading a log stream is authorized on | it is the log group's there, the stream's in AWS |
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import error_response_json, json_response
from ministack.services import ecs, eventbridge, lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local.clock import Clock
from local.ecs.errors import EcsApiError
from local.ecs.fargate import LocalFargate
from local.ecs.model import Json
from local.ecs.names import check_cluster, check_tags, check_task_definition
from local.emulator.archives import install_archives
from local.emulator.cluster_condition import install_cluster_condition
from local.emulator.conditions import install_conditions
from local.emulator.executions import Response, install_executions, install_tokens, refusal
from local.emulator.function_errors import install_error_types
from local.emulator.functions import AsyncInvocations, install_folders
from local.emulator.http_apis import install_http_apis
from local.emulator.leading_keys import install_leading_keys
from local.emulator.log_pages import install_log_pages
from local.emulator.rest_apis import install_rest_apis
from local.emulator.schedules import install_schedules
from local.emulator.table_indexes import install_table_indexes
from local.emulator.timetable import install_timetable
from local.emulator.virtual_time import install_clock
from local.stepfunctions.engine import Engine
from local.stepfunctions.ports import ExecutionEvents
from local.stepfunctions.tokens import Tokens

STREAM_ACTIONS: Final = frozenset({"DeleteLogStream", "GetLogEvents", "PutLogEvents"})
CHECKED_SERVICES: Final = ("ecs", "states")
LONGEST_WAIT_SECONDS: Final = 20.0


def install(
    fargate: LocalFargate,
    engine: Engine,
    tokens: Tokens,
    invocations: AsyncInvocations,
    execution_events: ExecutionEvents,
    clock: Clock,
) -> None:
    """Put this runtime's parts in the place of MiniStack's. Called once, on the loop that serves requests."""
    loop = asyncio.get_running_loop()
    _install_ecs(fargate, loop)
    install_executions(engine, execution_events, clock, loop)
    install_tokens(tokens)
    install_clock(clock)
    eventbridge._dispatch_to_lambda = invocations.dispatch
    _install_dead_letters()
    _install_log_stream_permissions()
    install_cluster_condition()
    install_leading_keys()
    install_conditions()
    install_table_indexes()
    install_log_pages()
    install_rest_apis()
    install_http_apis()
    install_schedules()
    install_timetable(clock)
    _install_body_check()
    _install_worker_gate()
    install_error_types()
    install_folders()
    # A log of all events that nobody reads and that only grows.
    eventbridge._events_log_list = lambda: deque(maxlen=0)
    install_archives()


def _install_ecs(fargate: LocalFargate, loop: asyncio.AbstractEventLoop) -> None:
    operations: dict[str, Callable[[Json], Json]] = {
        "RunTask": fargate.run_task,
        "StopTask": fargate.stop_task,
        "DescribeTasks": fargate.describe_tasks,
        "ListTasks": fargate.list_tasks,
    }
    for action, operation in operations.items():
        ecs._ACTION_MAP[action] = _on_loop(operation, loop)
    checks = {
        "RegisterTaskDefinition": check_task_definition,
        "CreateCluster": check_cluster,
        "TagResource": check_tags,
    }
    for action, check in checks.items():
        ecs._ACTION_MAP[action] = _named_rightly(check, ecs._ACTION_MAP[action])
    for type_, check_resource in (("TaskDefinition", _check_task_definition), ("Cluster", _check_cluster)):
        handlers = provisioners._RESOURCE_HANDLERS[f"AWS::ECS::{type_}"]
        provisioners._RESOURCE_HANDLERS[f"AWS::ECS::{type_}"] = {
            **handlers,
            "create": _made_rightly(check_resource, handlers["create"]),
            "update": _made_rightly(check_resource, handlers["update"]),
        }


def _named_rightly(check: Callable[[Json], None], operation: Callable[[Json], Response]) -> Callable[[Json], Response]:
    """Refuse names that ECS would not take."""

    def handle(parameters: Json) -> Response:
        try:
            check(parameters)
        except EcsApiError as error:
            response: Response = error_response_json(error.code, str(error), error.status)
            return response
        return operation(parameters)

    return handle


def _made_rightly(check: Callable[[Json], None], make: Callable[..., Any]) -> Callable[..., Any]:
    """The same for CloudFormation, whose last properties are the new ones."""

    def handle(*arguments: Any, **keywords: Any) -> Any:
        check([argument for argument in arguments if isinstance(argument, dict)][-1])
        return make(*arguments, **keywords)

    return handle


def _check_task_definition(properties: Json) -> None:
    definitions: Any = properties.get("ContainerDefinitions") or []
    check_task_definition(
        {
            "family": properties.get("Family", "default"),
            "containerDefinitions": provisioners._normalize_container_defs(definitions),
        }
    )


def _check_cluster(properties: Json) -> None:
    check_cluster({"clusterName": properties.get("ClusterName", "default")})


def _on_loop(operation: Callable[[Json], Json], loop: asyncio.AbstractEventLoop) -> Callable[[Json], Response]:
    """MiniStack answers ECS calls in threads; tasks live on the loop."""

    async def answer(parameters: Json) -> Response:
        try:
            response: Response = json_response(operation(parameters))
        except EcsApiError as error:
            response = error_response_json(error.code, str(error), error.status)
        return response

    def handle(parameters: Json) -> Response:
        return asyncio.run_coroutine_threadsafe(answer(parameters), loop).result()

    return handle


def _install_dead_letters() -> None:
    """An event whose target function is not there goes to the target's dead-letter queue (fact B11)."""
    invoke: Callable[..., None] = eventbridge._invoke_target

    def invoke_target(target: Json, event: Json, rule: Json, view: Any = None) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")  # type: ignore[attr-defined]
        arn = str(target.get("Arn", ""))
        if not queue or not arn.startswith("arn:aws:lambda:") or lambda_svc._get_func_record_for_ref(arn)[0]:
            invoke(target, event, rule, view)
            return
        view = view or eventbridge._pattern_event_view(event)
        attributes = {
            "RULE_ARN": rule.get("Arn"),
            "TARGET_ARN": arn,
            "ERROR_CODE": "NO_RESOURCE",
            "ERROR_MESSAGE": f"Function not found: {arn}",
        }
        *_, region, account, name = queue.split(":")
        url = sqs._queue_name_to_url.get_scoped(account, region, name)
        sqs._act_send_message(
            {
                "QueueUrl": url,
                "MessageBody": json.dumps(view.event_with_detail()),
                "MessageAttributes": {
                    key: {"DataType": "String", "StringValue": str(value)} for key, value in attributes.items()
                },
            },
            url,
        )

    eventbridge._invoke_target = invoke_target


def _install_body_check() -> None:
    """A body that is no JSON object is refused before a service sees it."""
    for service in CHECKED_SERVICES:
        app.SERVICE_HANDLERS[service] = _checked(app.SERVICE_HANDLERS[service])


def _checked(handler: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Json) -> Response:
        if headers.get("x-amz-target") and not _is_object(body):
            return refusal("SerializationException", "The body of the request must be a JSON object")
        return await handler(method, path, headers, body, query)

    return handle


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body or b"{}"), dict)
    except (ValueError, RecursionError):
        return False


def _install_worker_gate() -> None:
    """A function's concurrent calls wait for a few processes: each takes a second of a core to start."""
    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    gates: dict[str, threading.BoundedSemaphore] = {}
    lock = threading.Lock()
    # A call takes and gives back on one thread. It gives back None where the process could not be started.
    entered_by = threading.local()

    def acquire_worker(name: str, *arguments: Any, **keywords: Any) -> Any:
        with lock:
            gate = gates.setdefault(name, threading.BoundedSemaphore(max(2, os.cpu_count() or 2)))
        # A function that calls itself would wait for itself: after a while it gets a process of its own.
        entered = gate.acquire(timeout=LONGEST_WAIT_SECONDS)
        worker, reason = acquire(name, *arguments, **keywords)
        if worker is not None:
            entered_by.gate = gate if entered else None
        elif entered:
            gate.release()
        return worker, reason

    def release_worker(worker: Any) -> None:
        release(worker)
        gate, entered_by.gate = getattr(entered_by, "gate", None), None
        if gate is not None:
            gate.release()

    lambda_svc.acquire_worker, lambda_svc.release_worker = acquire_worker, release_worker


def _install_log_stream_permissions() -> None:
    """Reading and writing a stream is authorized on the stream (service authorization reference of CloudWatch Logs)."""
    resource_arn: Callable[..., str] = iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: object) -> str:
        arn = resource_arn(service, method, path, headers, body, *rest)
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if service != "logs" or action not in STREAM_ACTIONS:
            return arn
        return f"{arn}:log-stream:{iam_actions._safe_json_field(body, 'logStreamName')}"

    iam_actions.extract_resource_arn = extract
