"""Who only looks after tasks never has a run's results in its memory: thousands of 250 KB each may be there."""

from collections.abc import Callable
from typing import Final

import pytest

from fargate_runs.reading.execution import ExecutionStatus
from tests.fakes.attempts import SECOND, running
from tests.fakes.ecs import RUN_ID, detail, life
from tests.fakes.settling import World
from tests.fakes.sweeping import MINUTE


def _settled(world: World) -> None:
    for each in (*life(), running(**SECOND), detail(**SECOND)):
        world.settle(each)


def _ended_before_its_task_was_known(world: World) -> None:
    world.store.write_task(world.settle(detail()).record)
    world.store.runs.clear()
    world.end_run(ExecutionStatus.FAILED)


def _swept(world: World) -> None:
    world.settle(running())
    world.store.runs.clear()
    world.cluster.show(running())
    world.clock.pass_by(MINUTE)
    world.sweep()("me", 600.0)


WAYS: Final = {"task events": _settled, "an execution's event": _ended_before_its_task_was_known, "the sweep": _swept}


def _noted(read: Callable[[str], object], run_ids: list[str]) -> Callable[[str], object]:
    def noted(run_id: str) -> object:
        run_ids.append(run_id)
        return read(run_id)

    return noted


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_reads_no_results(way: Callable[[World], None], monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    in_full: list[str] = []
    lean: list[str] = []
    monkeypatch.setattr(world.store, "load_run", _noted(world.store.load_run, in_full))
    monkeypatch.setattr(world.store, "tasks_of", _noted(world.store.tasks_of, lean))
    way(world)
    assert in_full == []
    assert RUN_ID in lean
