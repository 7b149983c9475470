"""What a runtime leaves behind, above all one that was killed: files. `local.ecs.runtimes` removes containers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from local.paths import OWN, OWNER_DIRECTORY, OWNER_FILE, state_directory

MADE: Final = ".made-by-a-local-runtime"


def scratch_directory() -> Path:
    """Where containers have their directories."""
    return state_directory() / "containers"


def temporary_directory() -> Path:
    """The TMPDIR of the runtime, its functions and SAM."""
    return state_directory() / "tmp"


def remove_files() -> None:
    """Remove what only a runtime that is up needs: directories that a runtime has made, and no others."""
    for directory in (scratch_directory(), temporary_directory()):
        if (directory / MADE).exists() or directory.parent == OWN:
            shutil.rmtree(directory, ignore_errors=True)


def make_directories() -> None:
    """Empty ones, for a runtime that is about to start."""
    remove_files()
    for directory in (scratch_directory(), temporary_directory()):
        if not directory.exists():
            directory.mkdir(parents=True, mode=OWNER_DIRECTORY)
            (directory / MADE).touch(mode=OWNER_FILE)
