"""The machinery of the simulation: virtual time, processes, faults of calls, and that a seed is a world."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from tests.simulation.faults import CallFault, FaultPlan, Weather
from tests.simulation.network import Client, Network, Sleep
from tests.simulation.scheduler import Ended, Process, Scheduler, current_process
from tests.simulation.story import tell
from tests.simulation.world import Settings


class Counted:
    """A twin of logs that counts."""

    def __init__(self) -> None:
        self.calls = 0

    def get_log_events(self, **_parameters: Any) -> dict[str, int]:
        self.calls += 1
        return {"call": self.calls}


class Stage:
    """One process that makes one call, with a fault."""

    def __init__(self, fault: CallFault) -> None:
        self.scheduler = Scheduler()
        plan = FaultPlan(Random(0), Weather.WILD, (fault,))
        plan.for_call = lambda function: fault  # type: ignore[method-assign]  # noqa: ARG005
        self.network = Network(self.scheduler, plan)
        self.twin = Counted()
        self.client = Client("logs", self.twin)
        self.ends: list[Ended] = []
        self.went_on = 0

    def work(self) -> object:
        answer = self.client.get_log_events(logGroupName="group", logStreamName="stream")
        self.went_on += 1
        return answer

    def run(self, work: Callable[[], object] | None = None, until: float = 100.0) -> Ended:
        process = Process("p", work or self.work, self.network.on_wait, lambda _process, end: self.ends.append(end))
        process.start()
        self.scheduler.run(until)
        (end,) = self.ends
        return end


def test_things_happen_in_the_order_of_time_and_of_asking() -> None:
    scheduler = Scheduler()
    done: list[str] = []
    scheduler.after(2, done.append, "late")
    scheduler.after(1, done.append, "first")
    scheduler.after(1, done.append, "second")
    scheduler.run(1.5)
    assert (done, scheduler.now) == (["first", "second"], 1.5)
    scheduler.run(10)
    assert (done, scheduler.now) == (["first", "second", "late"], 10)


@pytest.mark.parametrize(
    ("fault", "calls", "sees"),
    [
        (CallFault.NONE, 1, None),
        (CallFault.SLOW, 1, None),
        (CallFault.NOT_SENT, 0, BotoCoreError),
        (CallFault.ANSWER_LOST, 1, ReadTimeoutError),
        (CallFault.TRIED_TWICE, 2, None),
        (CallFault.THROTTLED, 0, ClientError),
        (CallFault.BROKEN_BEFORE, 0, ClientError),
        (CallFault.BROKEN_AFTER, 1, ClientError),
    ],
)
def test_what_a_fault_does_and_what_the_caller_sees(fault: CallFault, calls: int, sees: type[Exception] | None) -> None:
    stage = Stage(fault)
    end = stage.run()
    assert stage.twin.calls == calls
    if sees is None:
        assert end.value == {"call": calls}
    else:
        assert isinstance(end.error, sees)
        assert stage.went_on == 0


@pytest.mark.parametrize(("fault", "calls"), [(CallFault.DIES_BEFORE, 0), (CallFault.DIES_AFTER, 1)])
def test_a_process_that_dies_goes_no_further(fault: CallFault, calls: int) -> None:
    stage = Stage(fault)
    end = stage.run()
    assert (end.died, end.well) == (True, False)
    assert (stage.twin.calls, stage.went_on) == (calls, 0)


def test_nothing_that_a_handler_catches_keeps_a_process_alive() -> None:
    stage = Stage(CallFault.DIES_BEFORE)

    def stubborn() -> object:
        try:
            return stage.work()
        except Exception:  # noqa: BLE001 - what a handler might do
            return "alive"

    assert stage.run(stubborn).died


def test_what_a_dying_process_does_on_its_way_out_does_not_count() -> None:
    stage = Stage(CallFault.DIES_BEFORE)

    def tidy() -> object:
        try:
            return stage.work()
        finally:
            stage.work()

    assert stage.run(tidy).died
    assert (stage.twin.calls, len(stage.ends)) == (0, 1)


def test_a_process_sleeps_in_virtual_time_and_knows_its_own_clock() -> None:
    stage = Stage(CallFault.NONE)
    seen: list[float] = []

    def work() -> object:
        process = current_process()
        assert process
        process.wait(Sleep(30))
        seen.append(stage.scheduler.now)
        return None

    assert stage.run(work).well
    assert seen == [30]
    assert current_process() is None


def test_calls_that_boto3_would_not_take_are_refused() -> None:
    client = Client("logs", Counted())
    with pytest.raises(AssertionError, match="logStreamNome"):
        client.get_log_events(logGroupName="group", logStreamNome="stream")


@pytest.mark.parametrize("seed", [3, 11, 27])
def test_a_seed_is_a_world(seed: int) -> None:
    first, second = (tell(seed, tail=-1) for _ in range(2))
    assert first.steps > 100
    assert first.digest == second.digest
    assert first.count == second.count


def test_another_seed_is_another_world() -> None:
    assert len({tell(seed, tail=-1).digest for seed in range(4)}) == 4


def test_a_calm_world_has_no_faults_of_calls() -> None:
    count: Counter[str] = Counter()
    for seed in range(5):
        count += tell(seed, Settings(weather=Weather.CALM)).count
    assert not {fault for fault in CallFault if count[fault]}
