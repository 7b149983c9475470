"""One attempt of a Task state: its call, its token, its time-outs and its events."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from local.clock import Clock
from local.ecs.model import Json
from local.stepfunctions.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StateError
from local.stepfunctions.execution import Frame, as_json
from local.stepfunctions.fields import Fields
from local.stepfunctions.ports import Services
from local.stepfunctions.tokens import Tokens, TokenWait

DEFAULT_TIMEOUT_SECONDS: Final = 99_999_999  # fact B27
SYNC_AS_JSON_SUFFIX: Final = ".sync:2"
SYNC_SUFFIXES: Final = (".sync", SYNC_AS_JSON_SUFFIX)
TOKEN_SUFFIX: Final = ".waitForTaskToken"  # noqa: S105
_RESOURCE_PARTS: Final = 7


class Pattern(StrEnum):
    """The three integration patterns."""

    REQUEST_RESPONSE = "request-response"
    SYNC = "sync"
    CALLBACK = "callback"


@dataclass(frozen=True)
class Call:
    """What one attempt asks of an integration."""

    resource: str
    pattern: Pattern
    arguments: object
    execution_arn: str
    role_arn: str


class Integration(ABC):
    """An optimized integration of this runtime's own."""

    @abstractmethod
    async def submit(self, call: Call) -> Submitted:
        """Carry out the request; `StateError` where the service refuses it."""


class Submitted(ABC):
    """A request that was accepted."""

    @property
    @abstractmethod
    def response(self) -> object:
        """The request's answer: the result of request-response, the `output` of TaskSubmitted."""

    @abstractmethod
    async def finished(self) -> object:
        """`.sync`: wait for the job's end; its result, or `StateError`."""

    @abstractmethod
    def abort(self) -> None:
        """`.sync`: stop the job, because the state was aborted or timed out."""


class TaskRunner:
    """Runs attempts of Task states."""

    def __init__(self, integrations: dict[str, Integration], services: Services, tokens: Tokens, clock: Clock) -> None:
        self._integrations = integrations
        self._others = _Others(services)
        self._tokens = tokens
        self._clock = clock

    async def run(self, state: Json, fields: Fields, frame: Frame) -> object:
        """One attempt; its result, or `StateError`. Cancelling it stops what `.sync` started (fact B26)."""
        resource = str(state.get("Resource", ""))
        wait = self._tokens.open() if resource.endswith(TOKEN_SUFFIX) else None
        if wait is not None:
            frame.context["Task"] = {"Token": wait.token}
        try:
            return await self._attempt(resource, fields, frame, wait)
        finally:
            frame.context.pop("Task", None)
            if wait is not None:
                self._tokens.close(wait)

    async def _attempt(self, resource: str, fields: Fields, frame: Frame, wait: TokenWait | None) -> object:
        kind, action = _names(resource)
        limits = {
            "timeoutInSeconds": fields.number("TimeoutSeconds"),
            "heartbeatInSeconds": fields.number("HeartbeatSeconds"),
        }
        arguments = fields.arguments()
        about = {"resourceType": kind, "resource": action}
        frame.note(
            "TaskScheduled", {**about, **_whole(limits), "region": _region(frame), "parameters": as_json(arguments)}
        )
        frame.note("TaskStarted", about)
        call = Call(resource, _pattern(resource), arguments, frame.execution.arn, _role_arn(frame))
        try:
            async with asyncio.timeout(self._clock.real_seconds(limits["timeoutInSeconds"] or DEFAULT_TIMEOUT_SECONDS)):
                result = await self._perform(call, frame, wait, limits["heartbeatInSeconds"], about)
        except TimeoutError:
            frame.note("TaskTimedOut", {**about, "error": TIMEOUT})
            raise StateError(TIMEOUT) from None
        except StateError as failure:
            event = "TaskTimedOut" if failure.error == HEARTBEAT_TIMEOUT else "TaskFailed"
            frame.note(event, {**about, "error": failure.shown, "cause": failure.cause})
            raise
        frame.note("TaskSucceeded", {**about, "output": as_json(result)})
        return result

    async def _perform(
        self, call: Call, frame: Frame, wait: TokenWait | None, heartbeat_seconds: float | None, about: dict[str, str]
    ) -> object:
        integration = self._integrations.get(_operation(call.resource), self._others)
        beats = asyncio.ensure_future(self._answered(wait, heartbeat_seconds)) if wait is not None else None
        try:
            submitted = await integration.submit(call)
            if call.pattern is Pattern.REQUEST_RESPONSE:
                return submitted.response
            frame.note("TaskSubmitted", {**about, "output": as_json(submitted.response)})
            return await (beats if beats is not None else _finished(submitted))
        finally:
            if beats is not None:
                beats.cancel()

    async def _answered(self, wait: TokenWait, heartbeat_seconds: float | None) -> object:
        """The token's answer. The heartbeat counts from the state's entry, provisioning included (fact B27)."""
        if heartbeat_seconds is None:
            return await asyncio.shield(wait.answer)
        while True:
            beat = asyncio.ensure_future(wait.heartbeat.wait())
            waits: list[asyncio.Future[object]] = [wait.answer, beat]  # type: ignore[list-item]
            timeout = self._clock.real_seconds(heartbeat_seconds)
            done, _ = await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            beat.cancel()
            if wait.answer in done:
                return wait.answer.result()
            if not done:
                raise StateError(HEARTBEAT_TIMEOUT)
            wait.heartbeat.clear()


class _Others(Integration):
    """Every integration that is not this runtime's own: their answer is all there is to them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def submit(self, call: Call) -> Submitted:
        """See `Integration.submit`."""
        return _Answered(await self._services.call(call.resource, call.arguments))


class _Answered(Submitted):
    """A request that is over once it is answered."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    @property
    def response(self) -> object:
        """See `Submitted.response`."""
        return self._answer

    async def finished(self) -> object:
        """See `Submitted.finished`."""
        return self._answer

    def abort(self) -> None:
        """Nothing goes on."""


async def _finished(submitted: Submitted) -> object:
    try:
        return await submitted.finished()
    except asyncio.CancelledError:
        submitted.abort()
        raise


def _pattern(resource: str) -> Pattern:
    if resource.endswith(TOKEN_SUFFIX):
        return Pattern.CALLBACK
    return Pattern.SYNC if resource.endswith(SYNC_SUFFIXES) else Pattern.REQUEST_RESPONSE


def _operation(resource: str) -> str:
    """The resource without its pattern."""
    for suffix in (TOKEN_SUFFIX, *SYNC_SUFFIXES):
        resource = resource.removesuffix(suffix)
    return resource


def _names(resource: str) -> tuple[str, str]:
    """`resourceType` and `resource` of the history's details (fact B20)."""
    parts = resource.split(":")
    if resource.startswith("arn:aws:states:::") and len(parts) >= _RESOURCE_PARTS:
        action = 2 if resource.endswith(SYNC_AS_JSON_SUFFIX) else 1
        return ":".join(parts[5:-action]), ":".join(parts[-action:])
    return (parts[2] if len(parts) > 2 else "states"), resource  # noqa: PLR2004


def _role_arn(frame: Frame) -> str:
    execution = frame.context["Execution"]
    return str(execution["RoleArn"]) if isinstance(execution, dict) else ""


def _region(frame: Frame) -> str:
    return frame.execution.arn.split(":")[3]


def _whole(limits: dict[str, float | None]) -> Json:
    return {name: int(value) for name, value in limits.items() if value is not None}
