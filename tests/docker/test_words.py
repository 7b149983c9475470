"""What engines of several versions say, in Fargate's words (fact B16). These tests need no engine."""

from __future__ import annotations

import pytest

from local.ecs.docker_words import cannot_pull, cannot_start, full_reference

OCI = "OCI runtime create failed: runc create failed: unable to start container process: "


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("python", "docker.io/library/python:latest"),
        ("python:3.13", "docker.io/library/python:3.13"),
        ("me/app", "docker.io/me/app:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
        ("public.ecr.aws/docker/library/python:3.13", "public.ecr.aws/docker/library/python:3.13"),
        ("me/app@sha256:00", "docker.io/me/app@sha256:00"),
    ],
)
def test_an_images_full_name(image: str, reference: str) -> None:
    assert full_reference(image) == reference


RESOLVE = "failed to resolve ref docker.io/library/x:1: "
REFUSED = (
    f"retried 1 time(s): {RESOLVE}pull access denied, repository does not exist or may require authorization: "
    "server message: insufficient_scope: authorization failed"
)
NOT_RESOLVED = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("pull access denied for x, repository does not exist or may require 'docker login': denied", REFUSED),
        ('Head "https://0.dkr.ecr.us-east-1.amazonaws.com/v2/x/manifests/1": no basic auth credentials', REFUSED),
        ("unauthorized: authentication required", REFUSED),
        (
            "manifest for x:1 not found: manifest unknown: Requested image not found",
            f"retried 1 time(s): {RESOLVE}docker.io/library/x:1: not found",
        ),
        (NOT_RESOLVED, f"retried 5 time(s): {RESOLVE}failed to do request: {NOT_RESOLVED}"),
    ],
)
def test_b16_a_pull_that_failed(text: str, why: str) -> None:
    assert str(cannot_pull("x:1", text)) == f"CannotPullContainerError: pull image manifest has been {why}"


@pytest.mark.parametrize(
    "around",
    [
        f"failed to create shim task: {OCI}{{}}: unknown",
        f"failed to create task for container: failed to create shim task: {OCI}{{}}: unknown",
        f"{OCI}error during container init: {{}}",
    ],
)
def test_b16_a_command_that_cannot_be_executed(around: str) -> None:
    said = 'exec: "x": executable file not found in $PATH'
    assert str(cannot_start(around.format(said))) == (
        "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: "
        f"failed to create shim task: {OCI}{said}: unknown"
    )


def test_b16_any_other_failed_start_keeps_the_engines_text() -> None:
    said = "unable to find user nobody-knows: no matching entries in passwd file"
    assert str(cannot_start(said)).endswith(f"failed to create new container runtime task: {said}")
