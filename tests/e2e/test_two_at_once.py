"""Two `up` of one state directory at the same moment: one starts the runtime, the other waits and uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import PROJECT
from tests.runtimes import free_port

UP = "import sys; from local import control; print(control.up(port=int(sys.argv[1])).pid)"
DOWN = "from local import control; control.down()"


@pytest.mark.timeout(900)  # a build and a deployment, which have no limit of their own
def test_both_get_the_same_runtime(tmp_path: Path) -> None:
    environment = {**os.environ, "FARGATE_RUNS_LOCAL_DIR": str(tmp_path)}
    command = [sys.executable, "-c", UP, str(free_port())]
    try:
        both = [
            subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        answers = [process.communicate()[0].strip() for process in both]
    finally:
        subprocess.run([sys.executable, "-c", DOWN], cwd=PROJECT, env=environment, check=True)
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1]
