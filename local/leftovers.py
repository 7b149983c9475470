"""What a runtime that was killed may have left in a container engine."""

from __future__ import annotations

from local.state import Containers, RuntimeState


def remove_containers(state: RuntimeState) -> None:
    """Remove the containers of a runtime that has ended; nothing to do where they were processes."""
    if state.containers != Containers.DOCKER:
        return
    # Docker's SDK is slow to import, and only those who use Docker need it.
    from local.ecs.docker_engine import remove_labelled  # noqa: PLC0415

    remove_labelled(state.runtime_id)
