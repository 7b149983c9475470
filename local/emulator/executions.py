"""Executions by this runtime's engine behind MiniStack's API of Step Functions, which keeps their records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Final

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

from local.clock import Clock
from local.ecs.model import Json
from local.stepfunctions.definitions import problem_of
from local.stepfunctions.engine import Engine
from local.stepfunctions.ports import ExecutionEvents
from local.stepfunctions.redrive import redrive_count, redrive_view, refusal_of
from local.stepfunctions.tokens import TokenError, Tokens, check_reason

LONGEST_NAME: Final = 80
DEFAULT_PAGE: Final = 100
LARGEST_PAGE: Final = 1_000
KEPT_CLIENT_TOKENS: Final = 10
Response = tuple[int, dict[str, str], bytes]
Operation = Callable[[Json], Response]
Handler = Callable[[str, str, dict[str, str], bytes, Json], Awaitable[Response]]


def install_executions(engine: Engine, events: ExecutionEvents, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
    """Let executions be started, shown, listed, stopped and redriven by the engine. Called once."""

    def run_execution(arn: str) -> None:
        asyncio.run_coroutine_threadsafe(_run(engine, stepfunctions._executions[arn]), loop).result()

    def status_changed(record: Json) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # A schedule starts executions in a thread. The record as it is now: it goes on while the loop is busy.
            loop.call_soon_threadsafe(events.status_changed, dict(record))
        else:
            events.status_changed(record)

    for name in ("_create_state_machine", "_update_state_machine"):
        setattr(stepfunctions, name, _defined(getattr(stepfunctions, name)))
    stepfunctions._emit_execution_status_event = status_changed
    stepfunctions._start_execution = _starting(stepfunctions._start_execution)
    stepfunctions._run_execution = run_execution
    stepfunctions._stop_execution = _of_record(lambda record, parameters: _stopped(engine, record, parameters))
    stepfunctions._describe_execution = _describing(stepfunctions._describe_execution, clock)
    stepfunctions._list_executions = _listing(stepfunctions._list_executions)
    redrive = _of_record(lambda record, parameters: _redriven(engine, clock, record, parameters))
    stepfunctions.handle_request = _with_redrive(stepfunctions.handle_request, redrive)


def _with_redrive(handle: Handler, redrive: Operation) -> Handler:
    """The one action that MiniStack does not know."""

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Json) -> Response:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            response: Response = stepfunctions._finalize_response(redrive(json.loads(body or b"{}")))
            return response
        return await handle(method, path, headers, body, query)

    return handle_request


def _of_record(operation: Callable[[Json, Json], Response]) -> Operation:
    """An operation on an execution that exists."""

    def checked(parameters: Json) -> Response:
        arn = str(parameters.get("executionArn"))
        if not arn.startswith("arn:"):
            return refusal("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        record = stepfunctions._executions.get(arn)
        if record is None:
            return refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return operation(record, parameters)

    return checked


def _defined(operation: Operation) -> Operation:
    """Refuse a definition that cannot run before it is kept."""

    def checked(parameters: Json) -> Response:
        problem = problem_of(parameters["definition"]) if "definition" in parameters else None
        if problem is not None:
            return refusal("InvalidDefinition", f"Invalid State Machine Definition: '{problem}'")
        return operation(parameters)

    return checked


def _starting(make_execution: Operation) -> Operation:
    def start_execution(parameters: Json) -> Response:
        answer = _taken(parameters) or _refused(parameters)
        if answer is not None:
            return answer
        answer = make_execution(parameters)
        _complete_history(answer)
        return answer

    return start_execution


def _complete_history(answer: Response) -> None:
    """Every event names the one before it; the first two name none (as recorded, fact B49)."""
    record = stepfunctions._executions.get(json.loads(answer[2]).get("executionArn"))
    if record is not None:
        record["events"][0].setdefault("previousEventId", 0)


async def _run(engine: Engine, record: Json) -> None:
    machine = stepfunctions._state_machines.get(record["stateMachineArn"])
    if machine is None:
        return
    record["roleArn"] = machine["roleArn"]
    engine.start(record, json.loads(machine["definition"]))


def _taken(parameters: Json) -> Response | None:
    """A name that was used: the same execution for the same input while it runs, else ExecutionAlreadyExists (B32)."""
    base = stepfunctions._resolve_state_machine_arn(parameters.get("stateMachineArn", ""))
    name = parameters.get("name")
    if base is None or not name:
        return None
    arn = f"{base.replace(':stateMachine:', ':execution:')}:{name}"
    record = stepfunctions._executions.get(arn)
    if record is None:
        return None
    if record["status"] == "RUNNING" and record["input"] == parameters.get("input", "{}"):
        response: Response = json_response({"executionArn": arn, "startDate": record["startDate"]})
        return response
    return refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")


def _refused(parameters: Json) -> Response | None:
    """A machine, a name or an input that Step Functions would not take (fact B30)."""
    machine, name = str(parameters.get("stateMachineArn", "")), parameters.get("name")
    if stepfunctions._resolve_state_machine_arn(machine.split("#", 1)[0]) is None:
        return refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'")
    if isinstance(name, str) and not 0 < len(name) <= LONGEST_NAME:
        return refusal("InvalidName", f"Invalid Name: '{name}'")
    try:
        json.loads(str(parameters.get("input", "{}")))
    except ValueError as error:
        return refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'")
    return None


def _stopped(engine: Engine, record: Json, parameters: Json) -> Response:
    error, cause = text_of(parameters, "error"), text_of(parameters, "cause")
    try:
        check_reason(error, cause)
    except TokenError as refused:
        return refusal(refused.code, str(refused))
    if record["status"] == "RUNNING":
        engine.stop(record, error, cause)
    response: Response = json_response({"stopDate": record["stopDate"]})
    return response


def _redriven(engine: Engine, clock: Clock, record: Json, parameters: Json) -> Response:
    """RedriveExecution: a client token that was used before gets the answer that it got."""
    tokens: dict[str, object] = record.setdefault("clientTokens", {})  # type: ignore[assignment]
    client_token = text_of(parameters, "clientToken") or ""
    if client_token not in tokens:
        why = refusal_of(record, clock.now())
        if why is not None:
            return refusal("ExecutionNotRedrivable", f"Execution Not Redrivable: '{why}'")
        engine.redrive(record)
        tokens[client_token] = record["redriveDate"]
        for oldest in list(tokens)[:-KEPT_CLIENT_TOKENS]:
            del tokens[oldest]
    response: Response = json_response({"redriveDate": tokens[client_token]})
    return response


def _describing(describe: Operation, clock: Clock) -> Operation:
    def describe_execution(record: Json, parameters: Json) -> Response:
        shown = {**json.loads(describe(parameters)[2]), **redrive_view(record, clock.now())}
        shown.update(error=record.get("error"), cause=record.get("cause"))
        if shown["output"] is None:
            del shown["outputDetails"]  # fact B40
        response: Response = json_response({name: value for name, value in shown.items() if value is not None})
        return response

    return _of_record(describe_execution)


def _listing(list_executions: Operation) -> Operation:
    """ListExecutions of one machine or Map Run, a hundred on a page unless told."""

    def listed(parameters: Json) -> Response:
        answer = _refused_list(parameters)
        if answer is not None:
            return answer
        size = parameters.get("maxResults") or DEFAULT_PAGE
        status, headers, body = list_executions({**parameters, "maxResults": size})
        shown = json.loads(body)
        for item in shown.get("executions", []):
            record = stepfunctions._executions[item["executionArn"]]
            item["redriveCount"] = redrive_count(record)
            if record.get("redriveDate"):
                item["redriveDate"] = record["redriveDate"]
            if "mapRunArn" not in parameters:
                item.pop("mapRunArn", None)
        return status, headers, json.dumps(shown).encode()

    return listed


def _refused_list(parameters: Json) -> Response | None:
    machine, size = text_of(parameters, "stateMachineArn"), parameters.get("maxResults") or 0
    if (machine is None) == (text_of(parameters, "mapRunArn") is None):
        return refusal("ValidationException", "Exactly one of stateMachineArn and mapRunArn must be given")
    if not isinstance(size, int) or not 0 <= size <= LARGEST_PAGE:
        return refusal(
            "ValidationException",
            "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: "
            f"Member must have value less than or equal to {LARGEST_PAGE}",
        )
    if machine is not None and stepfunctions._resolve_state_machine_arn(machine.split("/")[0]) is None:
        return refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'")
    return None


def install_tokens(tokens: Tokens) -> None:
    """Let SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat answer the engine's tokens. Called once."""
    answers: dict[str, Callable[[str, Json], None]] = {
        "_send_task_success": lambda token, p: tokens.succeed(token, str(p.get("output", "{}"))),
        "_send_task_failure": lambda token, p: tokens.fail(token, text_of(p, "error"), text_of(p, "cause")),
        "_send_task_heartbeat": lambda token, _: tokens.beat(token),
    }
    for name, answer in answers.items():
        setattr(stepfunctions, name, _token_operation(answer, getattr(stepfunctions, name), tokens))


def _token_operation(answer: Callable[[str, Json], None], original: Operation, tokens: Tokens) -> Operation:
    def operation(parameters: Json) -> Response:
        token = str(parameters.get("taskToken", ""))
        if not tokens.knows(token) and token in stepfunctions._task_tokens:
            return original(parameters)  # an activity's token
        try:
            answer(token, parameters)
        except TokenError as error:
            return refusal(error.code, str(error))
        response: Response = json_response({})
        return response

    return operation


def text_of(parameters: Json, name: str) -> str | None:
    """Returns a parameter that is a text; None if it is missing or no text."""
    value = parameters.get(name)
    return value if isinstance(value, str) else None


def refusal(code: str, message: str) -> Response:
    """An error as the JSON protocols carry it: HTTP 400."""
    response: Response = error_response_json(code, message, 400)
    return response
