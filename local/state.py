"""What is known of the runtime that was started last: one small file."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final

import psutil

from local.ecs.runtimes import DEFAULT
from local.marks import carriers
from local.paths import make_state_directory, private_file, state_directory

FILE: Final = "runtime.json"
MARK: Final = "FARGATE_RUNS_LOCAL_ID"


@dataclass(frozen=True)
class RuntimeState:
    """A started runtime. `started_at` tells its process from a later one with the same id."""

    runtime_id: str
    guard_pid: int
    started_at: float
    port: int
    code: str
    containers: str = DEFAULT
    secret_access_key: str = field(default="", repr=False)

    @property
    def endpoint(self) -> str:
        """The URL that serves every AWS API."""
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Whether its guard still lives."""
        try:
            process = psutil.Process(self.guard_pid)
            return abs(process.create_time() - self.started_at) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def read_state() -> RuntimeState | None:
    """Returns the file's content; None if there is no file, or it cannot be read.

    Fields of another version are ignored: its runtime is up all the same.
    """
    try:
        said = json.loads(_file().read_text())
        state = RuntimeState(**{each.name: said[each.name] for each in fields(RuntimeState) if each.name in said})
    except (OSError, ValueError, TypeError):
        return None
    return state if _is_sound(state) else None


def _is_sound(state: RuntimeState) -> bool:
    texts = (state.runtime_id, state.code, state.containers, state.secret_access_key)
    numbers = (state.guard_pid, state.port)
    return (
        all(isinstance(each, str) for each in texts)
        and all(isinstance(each, int) and each > 0 for each in numbers)
        and isinstance(state.started_at, int | float)
    )


def write_state(state: RuntimeState) -> None:
    """Replace the file in one step. It has the secret access key, so its owner alone may read it."""
    private_file(make_state_directory() / FILE, json.dumps(asdict(state)))


def forget_state() -> None:
    """Remove the file."""
    with contextlib.suppress(FileNotFoundError):
        _file().unlink()


def kill_marked(runtime_id: str) -> int:
    """Kills every process that carries the runtime's mark, but this one and its parent. Returns how many.

    Containers and functions inherit the mark, so this finds those that escaped every other way of ending them.
    """
    others = set(psutil.pids()) - {os.getpid(), os.getppid()}
    # The runtime's own two processes hide their environment, and say so in their arguments.
    marked = carriers(others, MARK, runtime_id) | {pid for pid in others if _is_of_runtime(pid, runtime_id)}
    for pid in marked:
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()
    return len(marked)


def _is_of_runtime(pid: int, runtime_id: str) -> bool:
    try:
        arguments = psutil.Process(pid).cmdline()
    except (psutil.Error, OSError):
        return False
    return any(name in arguments for name in ("local.guard", "local.server")) and runtime_id in arguments


def _file() -> Path:
    return state_directory() / FILE
