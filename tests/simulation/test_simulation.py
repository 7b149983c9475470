"""Nothing is lost, nothing hangs, nothing runs on: the real handlers in many worlds (faults F01 to F26)."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.audit import Audit
from tests.simulation.faults import CallFault, EventFault, Weather
from tests.simulation.story import tell
from tests.simulation.world import Settings
from tests.template.loading import ROOT

CHUNKS = 10
SEEDS_OF_A_CHUNK = 100
FAULTS = [f"F{number:02}" for number in range(1, 27)]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_everything_holds_in_every_world(chunk: int) -> None:
    audit = Audit()
    for seed in range(chunk * SEEDS_OF_A_CHUNK, (chunk + 1) * SEEDS_OF_A_CHUNK):
        audit.add(tell(seed))
    assert audit.is_clean, audit.progress
    assert (audit.lost, audit.unexpected, audit.duplicates) == (0, 0, 0)
    assert audit.tasks > SEEDS_OF_A_CHUNK
    assert audit.recovered > 0, "in so many worlds something must have gone wrong at first"


@pytest.mark.parametrize("weather", Weather)
def test_a_larger_world(weather: Weather) -> None:
    report = tell(7, Settings(runs=40, weather=weather))
    assert report.violation is None
    assert report.tasks >= 40


def test_every_fault_is_exercised_and_every_kind_of_it() -> None:
    """F01 to F26 and every fault of calls and events, over no more worlds than these."""
    wanted = {"queued", "skipped", *FAULTS, *EventFault, *(fault for fault in CallFault if fault is not CallFault.NONE)}
    count: Counter[str] = Counter()
    for seed in range(2_000, 2_250):
        count += tell(seed).count
        if wanted <= count.keys():
            return
    raise AssertionError(f"never exercised: {sorted(wanted - count.keys())}")


def test_without_faults_events_do_it_all() -> None:
    """The sweep has nothing to recover where nothing goes wrong, and where the events are not overtaken by it."""
    for seed in range(10):
        report = tell(seed, Settings(weather=Weather.CALM))
        assert report.violation is None
        assert not {fault for fault in EventFault if report.count[fault]}


def test_a_world_is_the_same_in_every_process() -> None:
    """Neither the order of sets nor anything else of one process is part of it."""
    program = (
        "import sys; sys.path[:0] = ['.', 'functions']; from tests.simulation.story import tell; "
        "from tests.simulation.world import Settings; "
        "print([tell(seed, Settings(runs=runs), tail=-1).digest "
        "for seed, runs in ((5, None), (42, None), (99, None), (755, 60), (758, 60), (19, 60), (8, 60))])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(set(told[0].split(","))) == 7
