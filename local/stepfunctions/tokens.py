"""Task tokens: one for each attempt, answered once (facts B28 to B30)."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from typing import Final

from local.stepfunctions.errors import LONGEST_OUTPUT_BYTES, StateError

TOKEN_PREFIX: Final = "AQCEAAAAKgAAAAMAAAAA"  # noqa: S105  what real tokens begin with
TOKEN_RANDOM_BYTES: Final = 480  # real tokens are some 650 characters long, of at most 2,048
LONGEST_CAUSE_CHARACTERS: Final = 32_768
LONGEST_ERROR_CHARACTERS: Final = 256


class TokenError(Exception):
    """SendTask* or StopExecution was refused: `code` is the API's error name."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class TokenWait:
    """One attempt that waits for its token to be answered."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.heartbeat = asyncio.Event()


class Tokens:
    """The tokens of this runtime. A closed one is remembered, so that answering it says what AWS says (fact B29)."""

    def __init__(self) -> None:
        self._waiting: dict[str, TokenWait] = {}
        self._closed: set[str] = set()

    def open(self) -> TokenWait:
        """A new token, for one attempt."""
        random = base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_RANDOM_BYTES)).decode()
        wait = TokenWait(TOKEN_PREFIX + random)
        self._waiting[wait.token] = wait
        return wait

    def close(self, wait: TokenWait) -> None:
        """The attempt is over: answered, timed out, or its execution stopped."""
        self._waiting.pop(wait.token, None)
        self._closed.add(wait.token)

    def knows(self, token: str) -> bool:
        """Whether the token was made here."""
        return token in self._waiting or token in self._closed

    def succeed(self, token: str, output: str) -> None:
        """SendTaskSuccess: `output` is JSON of at most 262,144 bytes."""
        wait = self._open_wait(token)
        try:
            value = json.loads(output)
        except ValueError as error:
            raise TokenError("InvalidOutput", "Invalid Output: 'Could not parse output as JSON'") from error
        if len(output.encode()) > LONGEST_OUTPUT_BYTES:
            raise TokenError(
                "ValidationException",
                "1 validation error detected: Value at 'output' failed to satisfy constraint: "
                f"Member must have length less than or equal to {LONGEST_OUTPUT_BYTES}",
            )
        self.close(wait)
        wait.answer.set_result(value)

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """SendTaskFailure: `error` of at most 256 and `cause` of at most 32,768 characters."""
        wait = self._open_wait(token)
        check_reason(error, cause)
        self.close(wait)
        wait.answer.set_exception(StateError(error, cause))

    def beat(self, token: str) -> None:
        """SendTaskHeartbeat."""
        self._open_wait(token).heartbeat.set()

    def _open_wait(self, token: str) -> TokenWait:
        wait = self._waiting.get(token)
        if wait is not None:
            return wait
        if token in self._closed:
            raise TokenError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        raise TokenError("InvalidToken", "Invalid Token: 'Invalid token'")


def check_reason(error: str | None, cause: str | None) -> None:
    """Refuse an error or a cause that is too long (fact B30), with TokenError."""
    _check_length("error", error, LONGEST_ERROR_CHARACTERS)
    _check_length("cause", cause, LONGEST_CAUSE_CHARACTERS)


def _check_length(name: str, value: str | None, longest: int) -> None:
    if value is not None and len(value) > longest:
        raise TokenError(
            "ValidationException",
            f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {longest}",
        )
