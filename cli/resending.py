"""Send dead letters through again.

Harmless to repeat: the functions decide by task and version, so that a second delivery changes nothing (fault F24),
and a start of the same letter has the same execution name, so that Step Functions starts one (fact B32). A message is
deleted only after its effect is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.dead_letters import Invocation, Kind, Letter, Stack, Start, UnreadableLetterError, read, sent_at

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef
    from mypy_boto3_stepfunctions.client import SFNClient

    from cli.message_queue import Queue
    from cli.target import Target

QUEUE_OUTPUT: Final = "DeadLetterQueueUrl"
SCHEDULE_QUEUE_OUTPUT: Final = "ScheduleDeadLetterQueueUrl"
TIMER_QUEUE_OUTPUT: Final = "TimerDeadLetterQueueUrl"
# What the functions raise for an event that no repetition makes usable.
REFUSALS: Final = frozenset({"MalformedEventError", "ForeignEventError"})


class Fate(StrEnum):
    """What became of a dead letter."""

    SENT = "sent"
    STARTED = "started"
    DISCARDED = "discarded"
    STAYS = "stays"
    UNREADABLE = "unreadable"
    FOUND = "found"
    """Looked at only."""


GONE: Final = frozenset({Fate.SENT, Fate.STARTED, Fate.DISCARDED})


@dataclass(frozen=True, slots=True)
class Settled:
    """One message and what became of it; nothing of the event but names and the error's own words."""

    fate: Fate
    kind: Kind
    target: str
    reason: str
    details: str
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    details: str


class Resending:
    """The way of a message out of the queue."""

    def __init__(
        self, functions: LambdaClient, machines: SFNClient, stack: Stack, *, discard_refused: bool, dry_run: bool
    ) -> None:
        self._functions = functions
        self._machines = machines
        self._stack = stack
        self._discard_refused = discard_refused
        self._dry_run = dry_run

    @classmethod
    def of(cls, target: Target, *, discard_refused: bool, dry_run: bool) -> Resending:
        """For the stack of `target`."""
        stack = Stack.from_outputs(target.outputs)
        clients = target.functions(), target.stepfunctions()
        return cls(*clients, stack, discard_refused=discard_refused, dry_run=dry_run)

    def run(self, queue: Queue, most: int | None) -> Generator[Settled]:
        """Settle each message of the queue, at most `most`. Raises UnavailableError when the queue cannot be used."""
        settled: list[Settled] = []

        def settle(message: MessageTypeDef) -> bool:
            settled.append(self._settle(message))
            return settled[-1].fate in GONE

        for _ in queue.take(settle, most):
            yield settled.pop()

    def _settle(self, message: MessageTypeDef) -> Settled:
        sent = sent_at(message)
        try:
            letter = read(message, self._stack)
        except UnreadableLetterError as error:
            return Settled(Fate.UNREADABLE, Kind.UNREADABLE, "", str(error), "", sent)
        if self._dry_run:
            return _settled(Fate.FOUND, letter, letter, sent)
        failure = self._send(letter.way)
        if failure is None:
            done = Fate.STARTED if isinstance(letter.way, Start) else Fate.SENT
            return _settled(done, letter, letter, sent)
        refused = failure.reason in REFUSALS and self._discard_refused
        return _settled(Fate.DISCARDED if refused else Fate.STAYS, letter, failure, sent)

    def _send(self, way: Invocation | Start) -> _Failure | None:
        try:
            if isinstance(way, Invocation):
                return self._invoke(way)
            self._start(way)
        except ClientError as error:
            said = error.response["Error"]
            return _Failure(said.get("Code", "ClientError"), said.get("Message", ""))
        except BotoCoreError as error:
            return _Failure(type(error).__name__, str(error))
        return None

    def _invoke(self, way: Invocation) -> _Failure | None:
        answer = self._functions.invoke(FunctionName=way.function, Payload=way.event.encode())
        how = answer.get("FunctionError")
        return _function_error(how, answer["Payload"].read()) if how else None

    def _start(self, way: Start) -> None:
        # Existing already: this letter has started it before, and it has ended since.
        with suppress(self._machines.exceptions.ExecutionAlreadyExists):
            self._machines.start_execution(stateMachineArn=way.machine_arn, name=way.name, input=way.input)


def _function_error(how: str, payload: bytes) -> _Failure:
    """Type and message only: the payload may hold a stack trace, and the log has more."""
    try:
        document = json.loads(payload)
    except ValueError:
        document = None
    said = document if isinstance(document, Mapping) else {}
    return _Failure(str(said.get("errorType") or how), str(said.get("errorMessage") or ""))


def _settled(fate: Fate, letter: Letter, why: Letter | _Failure, sent: datetime | None) -> Settled:
    return Settled(fate, letter.kind, letter.way.target, why.reason, why.details, sent)
