"""Where the local runtime keeps what it makes: `.local/` in the project, which git ignores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
STACK_NAME: Final = "fargate-runs"
REGION: Final = "us-east-1"


def state_directory() -> Path:
    """`.local/`, or what FARGATE_RUNS_LOCAL_DIR names (a test gives each runtime its own); an absolute path."""
    return Path(os.environ.get("FARGATE_RUNS_LOCAL_DIR") or PROJECT / ".local").absolute()
