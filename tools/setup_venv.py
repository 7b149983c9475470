"""Make `.venv` from the locked requirements: `python3 tools/setup_venv.py`. Standard library only.

Does nothing when nothing changed since the last time. Says every few seconds how far it is: the first time takes a
minute or two.
Whatever interrupts it, the next call mends it: `.venv` without the mark of a finished setup is made anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
LOCK = PROJECT / "requirements/dev.txt"
STAMP = VENV / "fargate-runs-setup"
OLDEST = (3, 11)
COLLECTED = ("Collecting ", "Processing ")
TICK_SECONDS = 4.0
BAD_MACHINE = 2
INTERRUPTED = 130  # what shells report for Ctrl-C


class SetupError(Exception):
    """What a person has to do before `.venv` can be made, in a sentence."""


def main() -> int:
    """Sets up what is missing and returns the exit code."""
    try:
        check_python()
        with alone() as lock:
            return set_up(lock)
    except SetupError as error:
        print(error)
        return BAD_MACHINE
    except OSError as error:
        print(f".venv cannot be made: {error.strerror or error}: {error.filename or PROJECT}")
        return BAD_MACHINE
    except KeyboardInterrupt:
        print("\ninterrupted: the next make begins anew")
        return INTERRUPTED


def check_python() -> None:
    """Raises SetupError where this Python cannot make a virtual environment with pip."""
    version = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info < OLDEST:
        raise SetupError(f"Python 3.11 or later is needed, this is {version}: run `make PYTHON=/path/to/python3.11 …`")
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            f"Python {version} has no {' and no '.join(missing)}, which makes .venv: install it (Debian, Ubuntu: "
            f"apt install python{version}-venv) and run make again, or run `make PYTHON=/path/to/another/python3 …`"
        )


@contextlib.contextmanager
def alone() -> Iterator[int]:
    """One setup of this checkout at a time; another waits its turn. Gives what holds the turn."""
    lock = os.open(PROJECT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another make that sets up .venv", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def set_up(lock: int) -> int:
    """Brings `.venv` to the state of the lock files and returns the exit code."""
    wanted = fingerprint()
    stands = STAMP.read_text() if STAMP.exists() else None
    if stands == wanted:
        return 0
    # A package that pip was interrupted in looks installed to pip, so only what was finished once is built upon.
    if stands is None or not same_python():
        again = " anew, the last setup did not come to its end" if VENV.exists() and stands is None else ""
        print(f"setting up .venv{again} (a minute or two the first time)", flush=True)
        with ticking(lambda: "  making .venv"):
            make(lock)
    else:
        print("bringing .venv up to date", flush=True)
        STAMP.unlink()
    code = install(lock)
    if code == 0:
        STAMP.write_text(wanted)
    return code


def fingerprint() -> str:
    """Of what decides the content of `.venv`."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, PROJECT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def same_python() -> bool:
    """Whether `.venv` was made with this Python."""
    try:
        answer = subprocess.run(
            [str(VENV / "bin/python"), "-c", "import sys; print(sys.version)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return answer.stdout.strip() == sys.version


def make(lock: int) -> None:
    """An empty virtual environment with pip, in the place of whatever is there."""
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=(lock,))
    if done.returncode != 0:
        raise SetupError(f"python -m venv could not make .venv: {(done.stdout + done.stderr).strip()}")


def install(lock: int) -> int:
    """Install the locked requirements, then put the project itself on the path."""
    packages = len(re.findall(r"^[a-z0-9].*==", LOCK.read_text(), flags=re.MULTILINE | re.IGNORECASE))
    code = pip(["--require-hashes", "--no-deps", "-r", str(LOCK)], packages, lock)
    return code or pip(["--no-build-isolation", "--no-deps", "-e", str(PROJECT)], 0, lock)


def pip(arguments: list[str], packages: int, lock: int) -> int:
    """Run `pip install`, showing how far it is; its output only when it fails.

    It holds the turn as well: where this process is killed it works on, and the next setup must wait for it.
    """
    command = [str(VENV / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    lines: list[str] = []
    with (
        ticking(lambda: how_far(lines, packages)),
        subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=(lock,)
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101  PIPE was asked for
        lines.extend(process.stdout)  # as they come: `how_far` looks at them meanwhile
    if process.returncode != 0:
        sys.stdout.write("".join(lines[-20:]))
        print("pip could not install the requirements: is a package registry reachable? The next make begins anew.")
    return process.returncode


def how_far(lines: list[str], packages: int) -> str:
    """Returns pip's current step, from its output so far."""
    if any(line.startswith("Installing collected") for line in lines):
        installed = sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))
        return f"  installing, {min(installed, packages)} of {packages} packages" if packages else "  installing"
    collected = sum(1 for line in lines if line.startswith(COLLECTED))
    return f"  downloading, {collected} of {packages} packages" if packages else "  preparing the project itself"


@contextlib.contextmanager
def ticking(what: Callable[[], str]) -> Iterator[None]:
    """Prints, at once and every few seconds, the current step and its time."""
    done, began = threading.Event(), time.monotonic()
    print(what(), flush=True)

    def tick() -> None:
        while not done.wait(TICK_SECONDS):
            print(f"{what()} ({time.monotonic() - began:.0f} s)", flush=True)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
