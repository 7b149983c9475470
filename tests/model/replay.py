"""Any use case as a machine of steps: what it does next is found by running it again with the results so far.

A use case is code, not data, so it cannot be stopped half-way and copied. But it is a function of what its ports give
it. So a point in it is (what it was started with, the results of its calls until now): it is run from the beginning,
the ports give those results, and the call after the last of them is its next step. Every point is run once and kept.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.model.values import frozen

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
        self._instant = dict(instant)

    def also(self, **instant: object) -> None:
        """More that answers at once."""
        self._instant.update(instant)

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


Results = Sequence[tuple[Hashable, object]]


class Machine:
    """All points of some programs, by number. `expected` are the errors with which a program may end.

    Points that go on alike are one point. That is known where the next call has `answers`: all (key, result) that it
    can have. Two points of a program with the same such call, and the same points after each answer, are the same.
    `end` is what is known of a program's end from outside.
    """

    def __init__(
        self,
        programs: list[Program],
        *,
        instant: dict[str, object],
        expected: tuple[type[Exception], ...],
        answers: Callable[[Call], Results | None],
        end: Callable[[Exception | None], Hashable] = lambda failed: failed is None,
    ) -> None:
        self._programs = programs
        self._instant = instant
        self._expected = expected
        self._answers = answers
        self._end = end
        self.points: list[Point] = []
        self._starts: dict[int, int] = {}
        self._alike: dict[Hashable, int] = {}

    def start(self, trigger: int) -> Point:
        """The first point of a program."""
        if trigger not in self._starts:
            self._starts[trigger] = self._run(trigger, ()).number
        return self.points[self._starts[trigger]]

    def after(self, point: Point, key: Hashable, result: object) -> Point:
        """The point after the call of this one has given a result; equal results have equal keys."""
        number = point.following.get(key)
        if number is None:
            number = point.following[key] = self._same(self._run(point.trigger, (*point.history, result)))
        return self.points[number]

    def _same(self, point: Point) -> int:
        """The first point that goes on as this one does."""
        answers = self._answers(point.call) if point.call else ()
        if answers is None:
            return point.number
        ways = tuple(self.after(point, key, result).number for key, result in answers)
        what = (point.trigger, frozen(point.call), self._end(point.failed), ways)
        return self._alike.setdefault(what, point.number)

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
