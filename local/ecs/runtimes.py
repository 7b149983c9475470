"""The container runtimes of this machine. A new one is a row of `RUNTIMES`: everything else asks this table.

Programs import this module to print their choices, so it imports a runtime's own modules when that runtime is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.errors import UnknownContainersError

if TYPE_CHECKING:
    from local.ecs.containers import ContainerRuntime

DEFAULT: Final = "process"
# The name under which Docker Desktop's containers reach the machine that they run on.
DOCKER_DESKTOP_HOST: Final = "host.docker.internal"


def _nothing() -> None:
    """A runtime that needs nothing is always usable."""


def _nothing_left(_: str) -> None:
    """Processes that carry a runtime's mark are killed anyway (`local.state.kill_marked`)."""


@dataclass(frozen=True)
class RuntimeKind:
    """What the rest of the program must know about one container runtime."""

    make: Callable[[Path, str], ContainerRuntime]
    """Makes it. Takes the directory for what containers write, and the mark of all that the local runtime starts."""
    require: Callable[[], None] = _nothing
    """Raises LocalRuntimeError if this machine cannot run it."""
    remove_left: Callable[[str], None] = _nothing_left
    """Removes the containers with a mark, after the local runtime that made them was killed."""
    hosts: tuple[str, ...] = ()
    """The names, beside those of the loopback interface, under which containers call the local runtime."""
    variables: tuple[str, ...] = ()
    """The variables of the user's environment that it reads."""


def kind_of(name: str) -> RuntimeKind:
    """Returns the runtime of that name. Raises UnknownContainersError."""
    try:
        return RUNTIMES[name]
    except KeyError:
        raise UnknownContainersError(name, ", ".join(RUNTIMES)) from None


def remove_left(name: str, mark: str) -> None:
    """Removes the containers of a local runtime that has ended. Does nothing if `name` is unknown to this version."""
    if name in RUNTIMES:
        RUNTIMES[name].remove_left(mark)


def variables() -> frozenset[str]:
    """Returns the variables of the user's environment that container runtimes read."""
    return frozenset(name for kind in RUNTIMES.values() for name in kind.variables)


def _make_processes(scratch: Path, mark: str) -> ContainerRuntime:
    from local.ecs.processes import ProcessRuntime  # noqa: PLC0415
    from local.state import MARK  # noqa: PLC0415

    return ProcessRuntime(scratch, {MARK: mark} if mark else {})


def _make_docker(_: Path, mark: str) -> ContainerRuntime:
    from local.ecs.docker_engine import Engine  # noqa: PLC0415
    from local.ecs.docker_runtime import DockerRuntime  # noqa: PLC0415

    return DockerRuntime(Engine.connect(), mark)


def _require_docker() -> None:
    from local.ecs.docker_engine import Engine  # noqa: PLC0415

    Engine.connect().close()


def _remove_left_in_docker(mark: str) -> None:
    from local.ecs.docker_engine import remove_labelled  # noqa: PLC0415

    remove_labelled(mark)


RUNTIMES: Final[dict[str, RuntimeKind]] = {
    DEFAULT: RuntimeKind(make=_make_processes),
    "docker": RuntimeKind(
        make=_make_docker,
        require=_require_docker,
        remove_left=_remove_left_in_docker,
        hosts=(DOCKER_DESKTOP_HOST,),
        variables=("DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "DOCKER_TLS_VERIFY"),
    ),
}
