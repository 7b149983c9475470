"""What only a container has: an image with a command of its own, a hard limit, a process 1 (facts B16, B18)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.contract.conftest import Aws, Json
from tests.docker import registry
from tests.docker.conftest import MakeImage, needs_docker
from tests.docker.running import output, run, start

pytestmark = needs_docker

SAY = ["python", "-c", "import sys; print(sys.argv[1:])"]


@pytest.fixture(scope="module")
def images() -> Iterator[str]:
    """A registry's `host:port`."""
    import docker  # type: ignore[import-untyped]  # noqa: PLC0415

    client = docker.from_env()
    with registry.serving() as host:
        yield host
        with contextlib.suppress(docker.errors.ImageNotFound):  # where the test that pulls it was not chosen
            client.images.remove(f"{host}/there:1", force=True)
    client.close()


def test_the_images_own_command_runs_where_the_definition_has_none(aws: Aws, make_image: MakeImage) -> None:
    image = make_image('CMD ["python", "-c", "print(42)"]')
    assert output(aws, run(aws, {"image": image})) == ["42"]


@pytest.mark.parametrize(
    ("container", "override", "said"),
    [
        ({}, {}, "['from', 'the image']"),
        ({"command": ["of the definition"]}, {}, "['of the definition']"),
        ({"command": ["of the definition"]}, {"command": ["of", "the override"]}, "['of', 'the override']"),
    ],
)
def test_a_command_replaces_the_images_and_keeps_its_entry_point(
    aws: Aws, make_image: MakeImage, container: Json, override: Json, said: str
) -> None:
    entry_point = ", ".join(f'"{word}"' for word in SAY)
    image = make_image(f"ENTRYPOINT [{entry_point}]", 'CMD ["from", "the image"]')
    assert output(aws, run(aws, {"image": image, **container}, **override)) == [said]


def test_an_entry_point_of_the_definition_comes_before_its_command(aws: Aws) -> None:
    assert output(aws, run(aws, {"entryPoint": SAY, "command": ["a b", "c"]})) == ["['a b', 'c']"]


def test_an_entry_point_of_the_definition_replaces_the_images_and_its_command(aws: Aws, make_image: MakeImage) -> None:
    image = make_image('ENTRYPOINT ["/no/such/program"]', 'CMD ["of the image"]')
    assert output(aws, run(aws, {"image": image, "entryPoint": SAY})) == ["[]"]


def test_user(aws: Aws) -> None:
    say = "import os; print(os.getuid(), os.getgid())"
    assert output(aws, run(aws, {"user": "65534:1234", "command": ["python", "-c", say]})) == ["65534 1234"]


def test_environment_and_working_directory(aws: Aws, make_image: MakeImage) -> None:
    """The image's own variables are there, and lose against the definition's."""
    image = make_image("ENV OF_IMAGE=kept BOTH=lost", "WORKDIR /tmp")
    say = "import os; print(os.getcwd(), os.environ['OF_IMAGE'], os.environ['BOTH'], os.environ['AWS_EXECUTION_ENV'])"
    container: Json = {
        "image": image,
        "command": ["python", "-c", say],
        "environment": [{"name": "BOTH", "value": "won"}],
    }
    assert output(aws, run(aws, container)) == ["/tmp kept won AWS_ECS_FARGATE"]
    assert output(aws, run(aws, {**container, "workingDirectory": "/usr"})) == ["/usr kept won AWS_ECS_FARGATE"]


def test_a_container_reaches_this_runtime_by_its_endpoint(aws: Aws) -> None:
    ask = (
        "import os, urllib.error as e, urllib.request as r\n"
        "try: r.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_local/status', timeout=5)\n"
        "except e.HTTPError as error: print(error.read().decode())"
    )
    # It has no role, and so no key.
    assert output(aws, run(aws, {"command": ["python", "-c", ask]})) == ['{"message": "Missing Authentication Token"}']


def test_no_line_of_the_output_is_lost(aws: Aws) -> None:
    """From the first word, which is there before anybody can listen, to a last line without an end."""
    many = "import sys; print('first'); [print(n) for n in range(5000)]; sys.stdout.write('last')"
    ended = run(aws, {"command": ["python", "-c", many]})
    assert ended.container["exitCode"] == 0
    lines = output(aws, ended, 5002)
    assert (lines[0], lines[-1], len(lines)) == ("first", "last", 5002)


def test_b18_whoever_uses_more_memory_than_the_limit_is_killed(aws: Aws) -> None:
    take = "x = bytearray(300 * 1024 * 1024)"
    ended = run(aws, {"memory": 64, "command": ["python3", "-c", take]})
    assert ended.container["exitCode"] == 137
    assert ended.container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert ended.detail["stoppedReason"] == "Essential container in task exited"


def test_b18_process_1_that_does_not_handle_sigterm_is_killed_after_the_stop_timeout(aws: Aws) -> None:
    """`python3` is process 1 itself here; the image's `python` is below an init, and would end with 143."""
    task = start(aws, {"command": ["python3", "-c", "import time; time.sleep(600)"], "stopTimeout": 2})
    aws.until_status(task, "RUNNING")
    aws.ecs.stop_task(cluster=aws.cluster, task=task)
    assert aws.until_status(task, "STOPPED")["containers"][0]["exitCode"] == 137  # type: ignore[index]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["no-such-program"], 'exec: "no-such-program": executable file not found in $PATH'),
        (["/no/such/program"], 'exec: "/no/such/program": stat /no/such/program: no such file or directory'),
        (["/etc/passwd"], 'exec: "/etc/passwd": permission denied'),
    ],
)
def test_b16_a_command_that_cannot_be_executed_is_a_failed_start(aws: Aws, command: list[str], why: str) -> None:
    ended = run(aws, {"command": command})
    assert ended.detail["stopCode"] == "TaskFailedToStart"
    reason = str(ended.detail["stoppedReason"])
    assert reason.startswith("CannotStartContainerError: ResourceInitializationError: failed to create new container")
    assert reason.endswith(f"{why}: unknown")
    assert "exitCode" not in ended.container


def test_an_image_that_is_not_here_is_pulled(aws: Aws, images: str) -> None:
    ended = run(aws, {"image": f"{images}/there:1"})
    assert f"stat {registry.MISSING}: no such file or directory" in str(ended.detail["stoppedReason"])


REFUSED = (
    "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope"
)


@pytest.mark.parametrize(
    ("image", "reference", "why"),
    [
        ("refused:1", "refused:1", f"{REFUSED}: authorization failed"),
        ("missing", "missing:latest", "{host}/missing:latest: not found"),
    ],
)
def test_b16_an_image_that_cannot_be_pulled_is_a_failed_start(
    aws: Aws, images: str, image: str, reference: str, why: str
) -> None:
    ended = run(aws, {"image": f"{images}/{image}"})
    assert ended.detail["stopCode"] == "TaskFailedToStart"
    assert ended.detail["stoppedReason"] == (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {images}/{reference}: {why.format(host=images)}"
    )
    assert ended.container["reason"] == ended.detail["stoppedReason"]
    assert not {"exitCode", "runtimeId"} & set(ended.container)


def test_b16_a_registry_that_does_not_answer(aws: Aws) -> None:
    with socket.socket() as closed:  # bound, so that no other server comes to this port
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        reason = str(run(aws, {"image": f"{host}/any:1"}).detail["stoppedReason"])
    assert reason.startswith(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
        f"failed to resolve ref {host}/any:1: failed to do request: "
    )
    assert "connection refused" in reason
