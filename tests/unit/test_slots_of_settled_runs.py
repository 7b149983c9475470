"""Every use case that writes a run does what follows for its slot, after its own work, and for no other run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from fargate_runs.ports import CallbacksUnavailableError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.stop_abandoned import ALL
from fargate_runs.usecases.sweep.executions import NEVER_SEEN_AFTER
from tests.fakes.ecs import RUN_ID, TOKEN, detail
from tests.fakes.records import pending_run
from tests.fakes.settling import World


def world_with(*, takes_slot: bool) -> tuple[World, list[RunRecord]]:
    seen: list[RunRecord] = []
    world = World(keep_slot=seen.append)
    world.store.runs[RUN_ID] = pending_run(revision=1, job="nightly", takes_slot=takes_slot)
    return world, seen


def settles(world: World) -> None:
    world.settle(detail())


def ends(world: World) -> None:
    world.end_run(ExecutionStatus.ABORTED)


def given_up(world: World) -> None:
    world.close(ExecutionStatus.SUCCEEDED)
    world.clock.pass_by(NEVER_SEEN_AFTER + timedelta(seconds=1))
    world.sweep()("me", 60)


def looked_after(world: World) -> None:
    world.settle(detail())
    world.store.runs[RUN_ID] = replace(world.store.runs[RUN_ID], task=None)
    world.use_case.look_after(RUN_ID, lambda _beside: ALL)
    assert world.store.runs[RUN_ID].task


ACTS: Final[dict[str, Callable[[World], None]]] = {
    "settles": settles,
    "ends": ends,
    "given up": given_up,
    "looked after": looked_after,
}


@pytest.mark.parametrize("takes_slot", [True, False])
@pytest.mark.parametrize("act", ACTS)
def test_what_follows_for_the_slot(act: str, takes_slot: bool) -> None:
    world, seen = world_with(takes_slot=takes_slot)
    ACTS[act](world)
    assert bool(seen) == takes_slot
    if seen:
        assert seen[-1] == world.store.runs[RUN_ID]
        assert seen[-1].has_ended == (act not in {"settles", "looked after"})


def test_a_run_that_is_given_up_gives_its_slot_back_at_that_moment() -> None:
    world, seen = world_with(takes_slot=True)
    given_up(world)
    assert [each.has_ended for each in seen] == [False, True]


def test_the_slot_comes_after_the_answer_to_the_task_s_own_token() -> None:
    world, seen = world_with(takes_slot=True)
    answered: list[bool] = []
    world.keep_slot = lambda _run: answered.append(TOKEN in world.callbacks.answers)
    world.settle(detail())
    assert answered == [True]
    assert not seen


def test_a_slot_that_cannot_be_kept_is_tried_again_with_the_event() -> None:
    world, _ = world_with(takes_slot=True)

    def fails(_run: RunRecord) -> None:
        raise CallbacksUnavailableError("down")

    world.keep_slot = fails
    with pytest.raises(CallbacksUnavailableError):
        world.end_run(ExecutionStatus.ABORTED)
    seen: list[RunRecord] = []
    world.keep_slot = seen.append
    world.end_run(ExecutionStatus.ABORTED)
    assert [each.has_ended for each in seen] == [True]
