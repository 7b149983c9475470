"""How long the local runtime takes to its first deployed stack, as a multiple of what this machine needs for less.

Machines are noisy, so nothing here is in seconds: the yardstick is measured in the same run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from local import control
from local.paths import PROJECT
from tests.runtimes import deployed_runtime, free_port

MOST_TIMES = 3


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


def validate() -> None:
    """What SAM needs to start and to read the template once."""
    sam = Path(sys.executable).parent / "sam"
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    command = [str(sam), "validate", "--lint", "--template-file", str(PROJECT / "template.yaml")]
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_boot_to_the_first_deployed_stack(tmp_path: Path) -> None:
    with deployed_runtime(tmp_path):
        control.down()
        # In turns: what else the machine does meanwhile weighs on both.
        rounds = [(seconds(validate), seconds(_again)) for _ in range(3)]
    yardstick, taken = (min(each) for each in zip(*rounds, strict=True))
    print(f"\nboot to first deployed stack: {taken:.1f} s, {taken / yardstick:.1f} times {yardstick:.1f} s")
    assert taken < MOST_TIMES * yardstick


def _again() -> None:
    control.up(port=free_port())
    control.down()
