"""A Docker engine for the checks: the one that answers, or one that is started for as long as they take."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from local.ecs.docker_engine import Engine
from local.errors import NoContainerEngineError
from tools.docker.skip import SkippedError

# Whoever sets this lets the checks install Debian's packages: CI does, a person's machine is left as it is.
INSTALL = "FARGATE_RUNS_DOCKER_INSTALL"
PACKAGES = ("docker.io", "debootstrap")
INSTALL_SECONDS = 300
START_SECONDS = 30
STOP_SECONDS = 30
# From the best to what still works where the kernel gives a container little.
WAYS = (
    (),
    ("--storage-driver=vfs",),
    ("--storage-driver=vfs", "--bridge=none", "--iptables=false"),
)


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Inside it, DOCKER_HOST (or its absence) leads to an engine. Raises SkippedError if there can be none."""
    if os.environ.get(INSTALL) and shutil.which("dockerd") is None and not _answers():
        _install()
    # Debian's package may have started one.
    if _answers():
        print("an engine answers: it is used", flush=True)
        yield
        return
    daemon = _daemon()
    home = Path(tempfile.mkdtemp(prefix="fargate-runs-docker-"))
    try:
        with _started(daemon, home):
            yield
    finally:
        _unmount(home)
        shutil.rmtree(home, ignore_errors=True)


def _daemon() -> str:
    if not _is_root():
        raise SkippedError("no Docker engine answers, and only root on Linux can start one")
    daemon = shutil.which("dockerd")
    if daemon is None:
        raise SkippedError(
            f"no Docker engine answers and dockerd is not installed (set {INSTALL}=1 to have it installed)"
        )
    return daemon


def _install() -> None:
    if not _is_root() or shutil.which("apt-get") is None:
        raise SkippedError("no Docker engine answers, and only root on Debian or Ubuntu can install one")
    print(f"installing {' and '.join(PACKAGES)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]):
        try:
            subprocess.run(command, check=True, capture_output=True, env=environment, timeout=INSTALL_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise SkippedError(f"Docker could not be installed: {error}") from error


def _is_root() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0


@contextlib.contextmanager
def _started(daemon: str, home: Path) -> Iterator[None]:
    os.environ["DOCKER_HOST"] = f"unix://{home}/docker.sock"
    process = _first_that_answers(daemon, home)
    try:
        yield
    finally:
        _stop(process)
        del os.environ["DOCKER_HOST"]


def _first_that_answers(daemon: str, home: Path) -> subprocess.Popen[bytes]:
    for options in WAYS:
        process = _start(daemon, home, options)
        if _await_answer(process):
            print(f"started dockerd {' '.join(options)}".rstrip(), flush=True)
            return process
        _stop(process)
    last = (home / "dockerd.log").read_text(errors="replace").strip().splitlines()[-1:]
    raise SkippedError(f"dockerd does not start here: {''.join(last)}")


def _start(daemon: str, home: Path, options: tuple[str, ...]) -> subprocess.Popen[bytes]:
    own = ["--data-root", f"{home}/data", "--exec-root", f"{home}/exec", "--pidfile", f"{home}/docker.pid"]
    with (home / "dockerd.log").open("ab") as log:
        return subprocess.Popen(
            [daemon, "--host", os.environ["DOCKER_HOST"], *own, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _await_answer(process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _answers():
            return True
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unmount(home: Path) -> None:
    """An engine leaves the name space of its host network mounted."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed([place for place in places if place.startswith(f"{home}/")]):
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)  # noqa: S607


def _answers() -> bool:
    try:
        Engine.connect().close()
    except NoContainerEngineError:
        return False
    return True
