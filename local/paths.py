"""Where the local runtime keeps what it makes: `.local/` in the project, which git ignores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

PROJECT: Final = Path(__file__).resolve().parent.parent
STACK_NAME: Final = "fargate-runs"
REGION: Final = "us-east-1"


OWN: Final = PROJECT / ".local"
PRIVATE_UMASK: Final = 0o077
OWNER_DIRECTORY: Final = 0o700
OWNER_FILE: Final = 0o600


def state_directory() -> Path:
    """`.local/`, or what FARGATE_RUNS_LOCAL_DIR names (a test gives each runtime its own); an absolute path."""
    return Path(os.environ.get("FARGATE_RUNS_LOCAL_DIR") or OWN).absolute()


def make_state_directory() -> Path:
    """Returns the same directory, and makes it if it is missing. Only its owner may read it.

    A directory that exists and is named in FARGATE_RUNS_LOCAL_DIR keeps its mode: it may be a home directory.
    """
    directory = state_directory()
    is_ours = not directory.exists() or directory == OWN
    directory.mkdir(parents=True, exist_ok=True)
    if is_ours:
        directory.chmod(OWNER_DIRECTORY)
    return directory


def private_stream(path: Path) -> BinaryIO:
    """A file to write into, from its beginning, that its owner alone may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_FILE)
    os.fchmod(descriptor, OWNER_FILE)
    return os.fdopen(descriptor, "wb")


def make_private(directory: Path) -> None:
    """Lets only its owner read a file or a tree. Links are left alone. Does nothing if there is no such file."""
    for path in (directory, *directory.rglob("*")):
        if path.exists() and not path.is_symlink():
            path.chmod(path.stat().st_mode & OWNER_DIRECTORY)


def private_file(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, in one step."""
    new = path.with_suffix(f".{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE), "w") as file:
        file.write(text)
    new.replace(path)
