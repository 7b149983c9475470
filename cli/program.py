"""How to type `runs` here: what a hint prints has to work when it is copied."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path


def program() -> str:
    """`runs` where the shell finds it, else the path under which it was started (`.venv/bin/runs`)."""
    started_as = Path(sys.argv[0])
    if started_as.name != "runs" or shutil.which("runs"):
        return "runs"
    shortest = min((str(started_as), os.path.relpath(started_as)), key=len)
    return shlex.quote(shortest)


def has_local_runtime() -> bool:
    """Whether the local runtime is beside the command line: in a checkout it is, in an installed wheel it is not."""
    return (Path(__file__).parents[1] / "local").is_dir()


def version() -> str:
    """The version of the installed application; `unknown` in a tree that was never installed."""
    try:
        return metadata.version("fargate-runs")
    except metadata.PackageNotFoundError:
        return "unknown"
