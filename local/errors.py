"""Errors of the local runtime.

LocalRuntimeError
├── PortInUseError
├── NoPortError
├── NoStateDirectoryError
├── WouldReplaceError
├── OtherVersionError
├── StartFailedError
├── MissingInterpreterError
├── DeployFailedError
├── UnknownContainersError
├── BadParametersError
└── NoContainerEngineError

Every message is one line that says what is wrong and what to do about it.
"""

import sys
from pathlib import Path


class LocalRuntimeError(Exception):
    """Base of all errors that users see when the local runtime cannot do what they asked for."""


class PortInUseError(LocalRuntimeError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} of 127.0.0.1 is in use by another program: choose another with `runs local up --port N` "
            f"or `make run PORT=N`"
        )


class NoPortError(LocalRuntimeError):
    """The environment names a port that there is not."""

    def __init__(self, given: str) -> None:
        super().__init__(f"FARGATE_RUNS_PORT must be a number from 1 to 65535, not {given!r}")


class NoStateDirectoryError(LocalRuntimeError):
    """What the runtime keeps cannot be kept there."""

    def __init__(self, directory: Path, why: str) -> None:
        super().__init__(
            f"cannot write into {directory} ({why}): make it writable, or name another place in FARGATE_RUNS_LOCAL_DIR"
        )


class WouldReplaceError(LocalRuntimeError):
    """A runtime is up, and another one was asked for."""

    def __init__(self, stands: str, asked: str, tasks: int | None) -> None:
        running = {None: "", 0: "", 1: "a task that runs in it, "}.get(tasks, f"{tasks} tasks that run in it, ")
        super().__init__(
            f"the local runtime is up {stands}; {asked} it would be a new one, and {running}its records, logs and "
            "whatever else was deployed into it would be gone: say --replace if they may go"
        )


class OtherVersionError(LocalRuntimeError):
    """The runtime that is up has no key: a version without keys started it."""

    def __init__(self) -> None:
        super().__init__(
            "the local runtime that is up was started by another version: run `runs local up --replace`, which starts "
            "a new one without its runs and records"
        )


class StartFailedError(LocalRuntimeError):
    """The runtime's process ended, or did not answer, before it was ready."""

    def __init__(self, why: str, log: str) -> None:
        super().__init__(f"the local runtime did not start ({why}): see {log}")


class MissingInterpreterError(LocalRuntimeError):
    """A program that the deployment needs is not there."""

    def __init__(self, program: str) -> None:
        super().__init__(f"`{program}` was not found beside {program_home()}: run `make setup`, which installs it")


class DeployFailedError(LocalRuntimeError):
    """`sam build` or `sam deploy` ended with an error."""

    def __init__(self, command: str, last_line: str, log: str) -> None:
        super().__init__(f"`{command}` failed: {last_line}: the whole output is in {log}")


class UnknownContainersError(LocalRuntimeError):
    """Containers were to run in what does not exist."""

    def __init__(self, given: str, known: str) -> None:
        super().__init__(f"FARGATE_RUNS_CONTAINERS must be one of {known}, not {given!r}")


class BadParametersError(LocalRuntimeError):
    """Parameters that the template does not have, or that cannot have these values; one line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))


class NoContainerEngineError(LocalRuntimeError):
    """Containers were to run in Docker, and no engine answers."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"no Docker engine answers ({why}): start Docker, or name its socket in DOCKER_HOST, "
            "or run containers as processes with `runs local up --containers process`"
        )


def program_home() -> str:
    """The directory in which the virtual environment's programs are."""
    return str(Path(sys.executable).parent)
