"""Any use case as a machine of steps: what it does next is found by running it again with the results so far.

A use case is code, not data, so it cannot be stopped half-way and copied. But it is a function of what its ports give
it. So a point in it is (what it was started with, the results of its calls until now): it is run from the beginning,
the ports give those results, and the call after the last of them is its next step. Every point is run once and kept.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Program = Callable[["Ports"], object]


class Call(NamedTuple):
    """A call of a port."""

    port: str
    method: str
    arguments: tuple[Any, ...]


class Raised(NamedTuple):
    """A result that is an error."""

    error: Exception


class _NextCallError(BaseException):
    """The use case has used up the results: this is its next call. Nothing catches it."""

    def __init__(self, call: Call) -> None:
        self.call = call


@dataclass
class Point:
    """A point of a run of a use case: before its next `call`, or (None) at its end, good or `failed`."""

    number: int
    trigger: int
    history: tuple[object, ...]
    call: Call | None = None
    failed: Exception | None = None
    following: dict[Hashable, int] = field(default_factory=dict)


class Ports:
    """Every port of a use case; those in `instant` answer at once and are no step."""

    def __init__(self, history: tuple[object, ...], instant: dict[str, object]) -> None:
        self._results = iter(history)
        self._instant = instant

    def __getattr__(self, name: str) -> Any:
        return self._instant[name] if name in self._instant else _Port(name, self._results)


class _Port:
    def __init__(self, name: str, results: Any) -> None:
        self._name = name
        self._results = results

    def __getattr__(self, method: str) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            for result in self._results:
                if isinstance(result, Raised):
                    raise type(result.error)(*result.error.args)
                return result
            raise _NextCallError(Call(self._name, method, (*arguments, *named.values())))

        return call


class Machine:
    """All points of some programs, by number. `expected` are the errors with which a program may end."""

    def __init__(
        self, programs: list[Program], *, instant: dict[str, object], expected: tuple[type[Exception], ...]
    ) -> None:
        self._programs = programs
        self._instant = instant
        self._expected = expected
        self.points: list[Point] = []
        self._starts: dict[int, int] = {}

    def start(self, trigger: int) -> Point:
        """The first point of a program."""
        if trigger not in self._starts:
            self._starts[trigger] = self._run(trigger, ()).number
        return self.points[self._starts[trigger]]

    def after(self, point: Point, key: Hashable, result: object) -> Point:
        """The point after the call of this one has given a result; equal results have equal keys."""
        number = point.following.get(key)
        if number is None:
            number = point.following[key] = self._run(point.trigger, (*point.history, result)).number
        return self.points[number]

    def _run(self, trigger: int, history: tuple[object, ...]) -> Point:
        point = Point(len(self.points), trigger, history)
        self.points.append(point)
        try:
            self._programs[trigger](Ports(history, self._instant))
        except _NextCallError as stopped:
            point.call = stopped.call
        except self._expected as error:
            point.failed = error
        return point
