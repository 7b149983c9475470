"""The awslogs driver: a container's output, line by line, into CloudWatch Logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local.clock import Clock
from local.ecs.model import Json
from local.ecs.ports import Logs

# A log event is at most 262,144 bytes with 26 bytes of overhead (CloudWatch Logs quotas); the driver cuts longer lines.
LARGEST_MESSAGE_BYTES: Final = 262_144 - 26


@dataclass(frozen=True)
class LogTarget:
    """Where a container's lines go."""

    group: str
    stream: str
    creates_group: bool = False

    @staticmethod
    def of(container_definition: Json, task_id: str) -> LogTarget | None:
        """`<prefix>/<container>/<task id>` of a container with the awslogs driver; None for any other driver."""
        configuration = container_definition.get("logConfiguration")
        if not isinstance(configuration, dict) or configuration.get("logDriver") != "awslogs":
            return None
        options = configuration.get("options") or {}
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if not isinstance(group, str) or not isinstance(prefix, str):
            return None
        creates_group = options.get("awslogs-create-group") == "true"
        return LogTarget(group, f"{prefix}/{container_definition['name']}/{task_id}", creates_group)


class LineWriter:
    """Cuts pieces of output into lines and writes them; `close` writes a last line that has no end."""

    def __init__(self, logs: Logs, target: LogTarget | None, clock: Clock) -> None:
        self._logs = logs
        self._target = target
        self._clock = clock
        self._rest = b""

    def write(self, piece: bytes) -> None:
        """Take the next piece of output."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        while len(self._rest) > LARGEST_MESSAGE_BYTES:
            lines.append(self._rest[:LARGEST_MESSAGE_BYTES])
            self._rest = self._rest[LARGEST_MESSAGE_BYTES:]
        self._put(lines)

    def close(self) -> None:
        """Writes the rest of the output."""
        self._put([self._rest])
        self._rest = b""

    def _put(self, lines: list[bytes]) -> None:
        if self._target is None:
            return
        at = int(self._clock.epoch_seconds() * 1000)
        # The driver drops empty lines: CloudWatch Logs takes no empty message.
        messages = [
            (at, line[start : start + LARGEST_MESSAGE_BYTES].decode("utf-8", "replace"))
            for line in (raw.rstrip(b"\r") for raw in lines)
            for start in range(0, len(line), LARGEST_MESSAGE_BYTES)
        ]
        if messages:
            self._logs.put(self._target.group, self._target.stream, messages)
