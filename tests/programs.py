"""Programs of containers that wait for each other by a file, so that no test depends on how fast one starts."""

from __future__ import annotations

from pathlib import Path

#: Long enough for an interpreter that has come to its last statement to be gone.
A_MOMENT_SECONDS = 1


def tells(mark: Path, then: str, *, first: str = "") -> list[str]:
    """A command that makes the file `mark` after `first` and before `then`."""
    return ["python", "-c", f"{first}\nopen({str(mark)!r}, 'w').close()\n{then}"]


def once(mark: Path, then: str) -> list[str]:
    """A command that goes on with `then` when the file `mark` is there, and a moment later."""
    waits = f"import os, time\nwhile not os.path.exists({str(mark)!r}): time.sleep(0.02)"
    return ["python", "-c", f"{waits}\ntime.sleep({A_MOMENT_SECONDS})\n{then}"]
