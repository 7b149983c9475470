"""An engine's errors in Fargate's words (fact B16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from local.ecs.containers import CannotStartContainerError, cannot_execute

DEFAULT_REGISTRY: Final = "docker.io"
# `exec: "program": why`, then perhaps `: unknown`, in whatever a version of the OCI runtime puts around it.
NOT_EXECUTABLE: Final = re.compile(r'exec: "(?P<program>[^"]*)": (?P<why>.+?)(: unknown)?$')
SERVER_MESSAGE: Final = "server message: insufficient_scope: authorization failed"


def cannot_start(text: str) -> CannotStartContainerError:
    """The error of a container that the engine did not start."""
    found = NOT_EXECUTABLE.search(text)
    if found:
        return cannot_execute(found["program"], found["why"])
    return CannotStartContainerError(
        f"CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: {text}"
    )


def cannot_pull(image: str, text: str) -> CannotStartContainerError:
    """The error of an image that the engine did not get: refused, not there, or its registry not reached."""
    reference = full_reference(image)
    tries, why = next(
        (say(reference, text) for pattern, say in _KINDS if pattern.search(text)), _not_reached(reference, text)
    )
    return CannotStartContainerError(
        f"CannotPullContainerError: pull image manifest has been retried {tries} time(s): "
        f"failed to resolve ref {reference}: {why}"
    )


def full_reference(image: str) -> str:
    """An image's name with its registry and tag, as containerd resolves it."""
    first, slash, _ = image.partition("/")
    if not slash:
        image = f"{DEFAULT_REGISTRY}/library/{image}"
    elif not ("." in first or ":" in first or first == "localhost"):
        image = f"{DEFAULT_REGISTRY}/{image}"
    tagged = "@" in image or ":" in image.rsplit("/", 1)[-1]
    return image if tagged else f"{image}:latest"


def _refused(_: str, __: str) -> tuple[int, str]:
    return 1, f"pull access denied, repository does not exist or may require authorization: {SERVER_MESSAGE}"


def _not_there(reference: str, _: str) -> tuple[int, str]:
    return 1, f"{reference}: not found"


def _not_reached(_: str, text: str) -> tuple[int, str]:
    return 5, f"failed to do request: {text}"


_KINDS: Final[tuple[tuple[re.Pattern[str], Callable[[str, str], tuple[int, str]]], ...]] = (
    (re.compile("denied|unauthori[sz]ed|authoriz|authentic|no basic auth", re.IGNORECASE), _refused),
    (
        re.compile("manifest unknown|name unknown|manifest for .* not found|not found: manifest", re.IGNORECASE),
        _not_there,
    ),
)
