"""Local runtimes for tests: each in a directory and on a port of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from local import control, deploy
from local.access import ACCESS_KEY_ID, secret_of
from local.fingerprint import of_sources
from local.paths import PROJECT, REGION

#: Below the ports that Linux and macOS give away by themselves, to outgoing connections and to servers on port 0: of
#: those, one that is free now may be taken before a runtime, which takes seconds to start, listens on it.
PORTS = range(15_000, 32_000)
_directories: dict[str, Path] = {}
_RANDOM = random.SystemRandom()  # not the shared generator, which two test processes may have in the same state


@contextlib.contextmanager
def bare_runtime(directory: Path, *, time_scale: float = 1.0) -> Iterator[str]:
    """A runtime with nothing deployed in it; gives its endpoint."""
    with _settings(directory, time_scale):
        try:
            endpoint = control.start(free_port()).endpoint
            _directories[endpoint] = directory
            yield endpoint
        finally:
            control.down()


@contextlib.contextmanager
def deployed_runtime(
    directory: Path, parameters: Mapping[str, str] | None = None, builds: Path | None = None
) -> Iterator[control.RuntimeStatus]:
    """A runtime with the stack deployed in it by `sam build` and `sam deploy`; see `take_build` for `builds`."""
    with _settings(directory, 1.0):
        try:
            if builds is not None:
                take_build(directory, builds)
            status = control.up(port=free_port(), parameters=parameters)
            _directories[status.endpoint] = directory
            yield status
        finally:
            control.down()


def take_build(directory: Path, builds: Path) -> None:
    """Copy what `sam build` makes into a state directory.

    It is made by the first that asks for it; `builds` is shared by the test processes of a session. What it is made of
    decides whether it is used (`local.deploy.build`).
    """
    with (builds / "lock").open("w") as lock, _settings(builds / "built", 1.0):
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = deploy.build(of_sources(), lambda _: None)
        taken = Path(shutil.copytree(built, directory / built.name))
        # SAM names the state machines by their way from where it built.
        template = (built / "template.yaml").read_text()
        (taken / "template.yaml").write_text(template.replace(os.path.relpath(PROJECT, built), str(PROJECT)))


class ClientSettings(TypedDict):
    """Keywords of `boto3.client`."""

    endpoint_url: str
    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


def client_settings(endpoint: str) -> ClientSettings:
    """What every boto3 client of a test is made with."""
    return {
        "endpoint_url": endpoint,
        "region_name": REGION,
        "aws_access_key_id": ACCESS_KEY_ID,
        "aws_secret_access_key": secret_of(endpoint),
    }


def directory_of(endpoint: str) -> Path:
    """The state directory of a runtime that a test started.

    FARGATE_RUNS_LOCAL_DIR names that of the last one: where two run in one process, it may be another one's.
    """
    return _directories[endpoint]


def free_port() -> int:
    """A port that nothing listens on, and that nobody is given who has not asked for that very port."""
    while True:
        port = _RANDOM.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def _settings(directory: Path, time_scale: float) -> Iterator[None]:
    values = {"FARGATE_RUNS_LOCAL_DIR": str(directory), "FARGATE_RUNS_TIME_SCALE": str(time_scale)}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
