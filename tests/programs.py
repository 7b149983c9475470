"""Programs of containers that wait for each other by a file, so that no test depends on how fast one starts."""

from __future__ import annotations

from pathlib import Path

_ENDS = """
import os
with open({written!r}, "w") as file: file.write(str(os.getpid()))
os.replace({written!r}, {mark!r})
raise SystemExit({exit_code})
"""
_WAITS = """
import os, time

def lives(pid):
    try: os.kill(pid, 0)
    except ProcessLookupError: return False
    except PermissionError: pass  # it lives; a container may not send a signal to another one
    return True

while not os.path.exists({mark!r}): time.sleep(0.02)
with open({mark!r}) as file: pid = int(file.read() or 0)
while pid and lives(pid): time.sleep(0.02)
"""


def tells(mark: Path, then: str, *, first: str = "") -> list[str]:
    """A command that makes the file `mark` after `first` and before `then`."""
    return ["python", "-c", f"{first}\nopen({str(mark)!r}, 'w').close()\n{then}"]


def ends(mark: Path, exit_code: int) -> list[str]:
    """A command that ends with an exit code, and whose end `once` waits for: the file `mark` has its process id."""
    return ["python", "-c", _ENDS.format(mark=str(mark), written=f"{mark}.written", exit_code=exit_code)]


def once(mark: Path, then: str) -> list[str]:
    """A command that goes on with `then` when the file `mark` is there.

    Where `ends` made it, when that process is gone: whoever started it has been told of its exit code by then.
    """
    return ["python", "-c", f"{_WAITS.format(mark=str(mark))}\n{then}"]
