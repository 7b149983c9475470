"""A process that dies, or a call that fails, at any one call of a port."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from fargate_runs.errors import PortError
from fargate_runs.ports import (
    CallbacksUnavailableError,
    ClusterUnavailableError,
    ExecutionsUnavailableError,
    StoreUnavailableError,
)
from tests.fakes.settling import World

PORTS: Final = {
    "store": (
        "find_task",
        "write_task",
        "write_lost",
        "mark_delivery",
        "mark_missing",
        "live_tasks",
        "find_run",
        "write_run",
        "tasks_of",
        "open_items",
        "sweep_mark",
        "write_sweep_mark",
    ),
    "callbacks": ("send_success", "send_failure", "is_closed"),
    "logs": ("last_lines",),
    "cluster": ("listed", "describe", "stop"),
    "executions": ("describe", "running", "newest"),
}
# A log that cannot be read changes what is said of it, and is tested elsewhere.
FAILURES: Final[dict[str, type[PortError]]] = {
    "store": StoreUnavailableError,
    "callbacks": CallbacksUnavailableError,
    "cluster": ClusterUnavailableError,
    "executions": ExecutionsUnavailableError,
}


class CrashError(BaseException):
    """The process is gone: nothing catches it."""


class Trap:
    """Counts the calls of all ports, a page of a list as one, and raises at the one with this number."""

    def __init__(self, world: World, at: int = -1, *, before: bool = True, fails: bool = False) -> None:
        self.at = at
        self.before = before
        self.fails = fails
        self.names: list[str] = []
        self.is_armed = True
        for port, names in PORTS.items():
            for name in names:
                method = getattr(getattr(world, port), name)
                setattr(getattr(world, port), name, self._wrapped(method, port))

    def _wrapped(self, method: Callable[..., Any], port: str) -> Callable[..., Any]:
        def call(*args: object) -> Any:
            number = self._enter(port, method.__name__)
            result = method(*args)
            self._leave(number, port)
            return self._pages(result, port) if isinstance(result, Iterator) else result

        return call

    def _pages(self, pages: Iterator[Any], port: str) -> Iterator[Any]:
        for page in pages:
            number = self._enter(port, "next page")
            yield page
            self._leave(number, port)

    def _enter(self, port: str, name: str) -> int:
        number = len(self.names)
        self.names.append(f"{port}.{name}")
        if self.before:
            self._raise_at(number, port)
        return number

    def _leave(self, number: int, port: str) -> None:
        if not self.before:
            self._raise_at(number, port)

    def _raise_at(self, number: int, port: str) -> None:
        if number != self.at or not self.is_armed:
            return
        if not self.fails:
            raise CrashError
        if port in FAILURES:
            raise FAILURES[port]("an error at a bad moment")
