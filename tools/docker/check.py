"""The checks that need Docker: `python -m tools.docker.check` (`make docker-test`).

Starts an engine where none answers, builds the images, runs the tests of Docker containers and the contract tests with
containers in Docker, then `sam local invoke` with the samples, and stops what it started. Where this machine cannot do
that it says why and ends well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

from local.paths import PROJECT
from tools.docker import engine, images, invoke
from tools.docker.skip import SkippedError

TESTS = ("tests/docker", "tests/contract")
_LOOKS_FOR_A_FILE = "a container looks for a file of this machine"
NOT_IN_DOCKER = {
    "tests/contract/test_document.py": "starts no container",
    "tests/contract/test_load.py": "is about processes: an engine takes longer for a hundred containers",
    "tests/contract/test_containers.py::test_b18_the_tasks_memory_is_shared_by_its_containers": (
        "an engine has a limit for each container, and none for a task"
    ),
    "tests/contract/test_containers.py::test_b18_more_than_the_containers_memory_is_killed[in a child]": (
        "the kernel kills the child alone, and the container ends as it likes"
    ),
    "tests/contract/test_names.py::test_a_container_has_an_empty_directory_that_goes_with_it": _LOOKS_FOR_A_FILE,
    "tests/contract/test_redrive.py::test_b32_a_redriven_execution_goes_on_from_the_state_that_failed": (
        _LOOKS_FOR_A_FILE
    ),
    "tests/contract/test_redrive.py::test_b32_a_map_or_parallel_state_that_failed_is_redriven": _LOOKS_FOR_A_FILE,
}
TEST_SECONDS = 900
END_SECONDS = 60


def main() -> int:
    """Runs everything and returns the exit code."""
    # So that whatever ends this also ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    try:
        with engine.running():
            code = _checks()
    except SkippedError as why:
        print(f"Docker checks skipped: {why}")
        return 0
    except subprocess.TimeoutExpired as late:
        print(f"not within {late.timeout:.0f} s: {late.cmd}")
        code = 1
    print(f"Docker checks {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - begun:.0f} s")
    return code


def _checks() -> int:
    import docker  # type: ignore[import-untyped]  # noqa: PLC0415

    client = docker.from_env(timeout=images.BUILD_SECONDS)
    try:
        with images.test_image(client) as image:
            return _tests() or _invocations(client, image)
    finally:
        client.close()


def _tests() -> int:
    print("tests with containers in Docker", flush=True)
    environment = {**os.environ, "FARGATE_RUNS_CONTAINERS": "docker"}
    left_out = [option for test in NOT_IN_DOCKER for option in ("--deselect", test)]
    command = [sys.executable, "-m", "pytest", *TESTS, *left_out]
    tests = subprocess.Popen(command, cwd=PROJECT, env=environment)
    try:
        return tests.wait(TEST_SECONDS)
    finally:
        _interrupt(tests)


def _interrupt(tests: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that tests that take too long stop the runtimes that they started."""
    if tests.poll() is None:
        tests.send_signal(signal.SIGINT)
        try:
            tests.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            tests.kill()


def _invocations(client: Any, image: str) -> int:
    print("sam local invoke with the samples", flush=True)
    try:
        invoke.check(client, image, images.make_lambda_image(client))
    except SkippedError as why:
        print(f"sam local invoke skipped: {why}")
    except AssertionError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
