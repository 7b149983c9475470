"""What the tests of Docker containers need: an engine, and an image `any` with `python` in it.

Both are there when `make docker-test` runs them; without, only the tests that need no engine run.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.contract.conftest import aws

__all__ = ["aws"]

# The name that all contract tests give: a process container has no image, so any name does there.
IMAGE = "any"
needs_docker = pytest.mark.skipif(
    os.environ.get("FARGATE_RUNS_CONTAINERS") != "docker", reason="needs a Docker engine and an image: make docker-test"
)
MakeImage = Callable[..., str]


@pytest.fixture(scope="session")
def make_image() -> Iterator[MakeImage]:
    """Makes an image of Dockerfile lines on top of the test image; removed after the tests."""
    import docker  # type: ignore[import-untyped]  # noqa: PLC0415

    client = docker.from_env()
    names: list[str] = []

    def make(*lines: str) -> str:
        name = f"fargate-runs/made-{uuid.uuid4().hex[:8]}"
        text = "\n".join([f"FROM {IMAGE}", *lines])
        client.images.build(fileobj=io.BytesIO(text.encode()), tag=name, rm=True)
        names.append(name)
        return name

    yield make
    for name in names:
        client.images.remove(name, force=True)
    client.close()
