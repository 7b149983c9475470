"""The faults of one task, decided when it is launched."""

from __future__ import annotations

from dataclasses import dataclass

from local.ecs.faults.reading import FaultOrder


@dataclass(frozen=True)
class StartFailure:
    """The task cannot start: it fails while it is `status`, for `reason`."""

    status: str
    reason: str


@dataclass(frozen=True)
class Strike:
    """What happens to the task `after` virtual seconds of RUNNING.

    `stop_code` None: a container is killed for lack of memory. `warning_seconds`: the longest time from SIGTERM to
    SIGKILL, None where only stopTimeout counts. `forgets`: it is gone, with its containers, and nothing tells so.
    """

    after: float
    stop_code: str | None
    reason: str
    warning_seconds: float | None = None
    forgets: bool = False


@dataclass(frozen=True)
class TaskPlan:
    """Nothing goes wrong unless told."""

    slow_seconds: float = 0.0
    failure: StartFailure | None = None
    strike: Strike | None = None


def failure_of(order: FaultOrder, image: str) -> StartFailure:
    """The failed start that an order asks for; `image` as the task definition names it."""
    return StartFailure(order.kind.fails_in, order.reason or order.kind.text.format_map(image_words(image)))


def strike_of(order: FaultOrder) -> Strike:
    """Returns the effect of an order on a running task."""
    warning = order.effective_seconds if order.kind.seconds is not None else None
    reason = order.reason or order.kind.text
    return Strike(order.after, order.kind.stop_code, reason, warning, order.kind.forgets)


def image_words(image: str) -> dict[str, str]:
    """The words of an image's full reference: `nginx` is `docker.io/library/nginx:latest`."""
    first, slash, _ = image.partition("/")
    has_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
    reference = image if has_registry else f"docker.io/{image if slash else f'library/{image}'}"
    if ":" not in reference.rsplit("/", 1)[-1]:
        reference = f"{reference}:latest"
    registry, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    return {"image": reference, "registry": registry, "repository": repository, "tag": tag}
