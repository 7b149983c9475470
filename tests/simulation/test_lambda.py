"""Asynchronous invocations: tried again, given up with a reason, ended by their time-out, held back when too many."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.simulation import lambda_
from tests.simulation.faults import FaultPlan, Weather
from tests.simulation.lambda_ import DeadLetter, Lambda
from tests.simulation.network import Network, Sleep
from tests.simulation.scheduler import Ended, Scheduler, current_process
from tests.simulation.template import Function

Handler = Callable[[Any, Any], object]
FUNCTION = Function(
    "Any",
    "any.handler.handler",
    timeout=30,
    retries=2,
    environment={},
    pattern=None,
    keeps_undelivered=False,
    schedule=None,
)


class Stage:
    """One function whose handler is the test's."""

    def __init__(self, weather: Weather = Weather.CALM) -> None:
        self.scheduler = Scheduler()
        plan = FaultPlan(Random(3), weather)
        self.began: list[float] = []
        self.acknowledged: list[Any] = []
        self.cold_starts = 0
        self.handler: Handler = lambda _event, _context: None
        self.lambda_ = Lambda(self.scheduler, plan, Network(self.scheduler, plan), {"any": FUNCTION})
        self.lambda_.on_success = lambda _function, event: self.acknowledged.append(event)
        self.lambda_.on_cold_start = self._cold

    def _cold(self, _function: Function) -> None:
        self.cold_starts += 1

    def handle(self, event: Any, context: Any) -> object:
        self.began.append(self.scheduler.now)
        return self.handler(event, context)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    class Module:
        @staticmethod
        def handler(event: Any, context: Any) -> object:
            return made.handle(event, context)

    monkeypatch.setattr(lambda_, "import_module", lambda _name: Module)
    made = Stage()
    return made


def sleep(seconds: float) -> None:
    process = current_process()
    assert process
    process.wait(Sleep(seconds))


def fails(_event: Any, _context: Any) -> object:
    raise ValueError("no")


def test_what_returns_is_acknowledged(stage: Stage) -> None:
    stage.lambda_.invoke("any", {"a": 1})
    stage.scheduler.run(1_000)
    assert (stage.acknowledged, len(stage.began), stage.lambda_.dead_letters) == ([{"a": 1}], 1, [])


def test_what_fails_is_tried_three_times_and_then_given_up_with_its_reason(stage: Stage) -> None:
    stage.handler = fails
    stage.lambda_.invoke("any", "event")
    stage.scheduler.run(1_000)
    assert len(stage.began) == 3
    assert 60 <= stage.began[1] <= 65
    assert 180 <= stage.began[2] <= 195
    assert stage.lambda_.dead_letters == [DeadLetter("any", "event", "ValueError")]
    assert stage.acknowledged == []


def test_dead_letters_are_sent_through_again(stage: Stage) -> None:
    stage.handler = fails
    stage.lambda_.invoke("any", "event")
    stage.scheduler.run(1_000)
    stage.handler = lambda _event, _context: None
    assert stage.lambda_.redrive() == 1
    stage.scheduler.run(2_000)
    assert (stage.acknowledged, stage.lambda_.dead_letters) == (["event"], [])


def test_a_dead_letter_that_fails_again_stays_with_its_new_reason_after_one_try(stage: Stage) -> None:
    stage.handler = fails
    stage.lambda_.bury("any", "event")
    assert stage.lambda_.dead_letters == [DeadLetter("any", "event", "undelivered")]
    stage.lambda_.redrive()
    stage.scheduler.run(1_000)
    assert len(stage.began) == 1
    assert stage.lambda_.dead_letters == [DeadLetter("any", "event", "ValueError")]


def test_a_function_that_takes_too_long_is_ended_and_begins_anew(stage: Stage) -> None:
    stage.handler = lambda _event, _context: sleep(31)
    stage.lambda_.invoke("any", "event")
    stage.scheduler.run(1_000)
    assert stage.lambda_.dead_letters == [DeadLetter("any", "event", "died")]
    assert stage.cold_starts == 3


def test_a_process_that_lives_is_used_again(stage: Stage) -> None:
    for _ in range(3):
        stage.lambda_.invoke("any", "event")
        stage.scheduler.run(stage.scheduler.now + 10)
    assert (len(stage.acknowledged), stage.cold_starts) == (3, 1)


def test_the_context_says_how_much_time_is_left(stage: Stage) -> None:
    left: list[int] = []

    def handler(_event: Any, context: Any) -> object:
        left.append(context.get_remaining_time_in_millis())
        sleep(10)
        left.append(context.get_remaining_time_in_millis())
        return None

    stage.handler = handler
    stage.lambda_.invoke("any", "event")
    stage.scheduler.run(100)
    assert left == [30_000, 20_000]


def test_no_more_at_once_than_the_concurrency_allows_and_none_is_lost(stage: Stage) -> None:
    stage.lambda_.concurrency = 2
    most = []

    def handler(_event: Any, _context: Any) -> object:
        most.append(stage.lambda_.running["any"])
        sleep(5)
        return None

    stage.handler = handler
    for n in range(10):
        stage.lambda_.invoke("any", n)
    stage.scheduler.run(1_000)
    assert sorted(stage.acknowledged) == list(range(10))
    assert max(most) == 2


def test_a_call_that_waits_is_told_the_end_and_not_tried_again(stage: Stage) -> None:
    ends: list[Ended] = []
    stage.handler = fails
    stage.lambda_.call("any", "event", ends.append)
    stage.scheduler.run(1_000)
    (end,) = ends
    assert isinstance(end.error, ValueError)
    assert (len(stage.began), stage.lambda_.dead_letters) == (1, [])
