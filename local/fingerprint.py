"""Whether something changed since the last time."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from local.paths import PROJECT


def of_sources() -> str:
    """Of everything that `sam build` and `sam deploy` read, and of the interpreter that the functions run in."""
    own = [PROJECT / "local/deploy.py", PROJECT / "local/bytecode.py"]
    return _of([PROJECT / "template.yaml", *_files("functions"), *_files("statemachines"), *own])


def of_runtime() -> str:
    """Of the local runtime's own code."""
    return _of([*_files("local"), PROJECT / "requirements/dev.txt"])


def _files(folder: str) -> list[Path]:
    return sorted(path for path in (PROJECT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _of(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        digest.update(str(path.relative_to(PROJECT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
