"""A run of a job with a limit, from its machine's first state to its end: let in, kept waiting, skipped, refused."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import pytest

from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.slots import MOST_WAITING
from fargate_runs.runs.run_status import RunStatus
from tests.fakes.preparing import prepare_run
from tests.fakes.slots import JOB, SlotWorld
from tests.template.evaluating import CONTEXT, NAME, Evaluate
from tests.template.loading import Node, Object
from tests.template.walking import Raised, Walk, preparing, walk
from tests.unit.test_slots import gate

PREPARE: Final = "Prepare the run"
WAIT: Final = "Wait for a slot"
GIVEN: Final = {"job": JOB}
Answers = Callable[[Mapping[str, Node]], Object]


def went(world: SlotWorld, deployed: Object, evaluate: Evaluate, wait: Answers = dict, **given: Node) -> Walk:
    """The execution of a run of the job, in whose turn `wait` is called instead of the function."""
    prepare = preparing(world.store, prepare_run(world.store, world.clock, world.jobs, world.gates))
    return walk(deployed, evaluate, {**GIVEN, **given}, prepare=prepare, wait=wait)


@pytest.fixture
def world() -> SlotWorld:
    found = SlotWorld()
    found.define_task_definition("arn:aws:ecs:us-east-1:123456789012:task-definition/nightly:1")
    return found


def test_a_run_that_finds_a_slot_takes_no_further_step(world: SlotWorld, deployed: Object, evaluate: Evaluate) -> None:
    plain = walk(deployed, evaluate, {"commands": ["job"]})
    assert went(world, deployed, evaluate).steps == plain.steps
    assert [*world.gate.holders] == [NAME]


def test_a_run_waits_until_it_is_its_turn_and_begins_with_its_own_input(
    world: SlotWorld, deployed: Object, evaluate: Evaluate
) -> None:
    world.begin("a")
    told: list[Mapping[str, Node]] = []

    def wait(payload: Mapping[str, Node]) -> Object:
        told.append(payload)
        assert world.run(NAME).status is RunStatus.QUEUED
        world.ends("a")
        return {}

    walked = went(world, deployed, evaluate, wait, commands=["other"])
    assert walked.steps[:4] == [PREPARE, WAIT, PREPARE, "Run the task"]
    assert told == [{"job": JOB, "runId": NAME, "token": CONTEXT["Task"]["Token"]}]
    assert walked.calls[0]["Overrides"]["ContainerOverrides"][0]["Command"] == ["other"]
    assert (walked.error, [*world.gate.holders]) == (None, [NAME])


def test_a_run_that_is_told_too_early_waits_again(world: SlotWorld, deployed: Object, evaluate: Evaluate) -> None:
    world.begin("a")
    ends = iter([False, True])

    def wait(_payload: Mapping[str, Node]) -> Object:
        if next(ends):
            world.ends("a")
        return {}

    assert went(world, deployed, evaluate, wait).steps[:5] == [PREPARE, WAIT, PREPARE, WAIT, PREPARE]


@pytest.mark.parametrize("policy", [Policy.SKIP, Policy.REPLACE])
def test_a_run_that_is_skipped_succeeds_and_names_its_blocker(
    policy: Policy, deployed: Object, evaluate: Evaluate
) -> None:
    world = SlotWorld(1, policy)
    world.define_task_definition("arn:aws:ecs:us-east-1:123456789012:task-definition/nightly:1")
    world.begin("a")

    def newer_one_comes(_payload: Mapping[str, Node]) -> Object:
        world.asks("newer")
        return {}

    walked = went(world, deployed, evaluate, newer_one_comes)
    assert (walked.steps[-1], walked.error, walked.calls) == ("The run was skipped", None, [])
    blocker, record = "a" if policy is Policy.SKIP else "newer", world.run(NAME)
    assert record.turned_away
    assert walked.output == {
        "runId": NAME,
        "status": "SKIPPED",
        "reason": record.turned_away.reason,
        "blockedBy": blocker,
    }
    assert record.status is RunStatus.SKIPPED


def test_a_run_whose_turn_does_not_come_in_time_fails(world: SlotWorld, deployed: Object, evaluate: Evaluate) -> None:
    world.begin("a")
    began = datetime.fromisoformat(CONTEXT["Execution"]["StartTime"])
    world.clock.moment = began + timedelta(seconds=20)

    def wait(_payload: Mapping[str, Node]) -> Object:
        raise Raised("States.Timeout", "")

    walked = went(world, deployed, evaluate, wait, totalTimeoutSeconds=60)
    assert (walked.error, walked.cause) == ("Run.QueueTimedOut", "No slot of the job was free in time.")
    assert walked.variables["slot"]["waitSeconds"] == 40
    assert walked.calls == []


def test_a_run_that_cannot_wait_fails_as_not_prepared(world: SlotWorld, deployed: Object, evaluate: Evaluate) -> None:
    world.begin("a")

    def wait(_payload: Mapping[str, Node]) -> Object:
        raise Raised("StoreUnavailableError", "down")

    walked = went(world, deployed, evaluate, wait)
    assert (walked.steps.count("retried"), walked.error) == (8, "Run.NotPrepared")
    assert walked.cause
    assert "WaitForSlotFunction. StoreUnavailableError" in walked.cause


def test_a_queue_that_is_full_fails_the_run(world: SlotWorld, deployed: Object, evaluate: Evaluate) -> None:
    world.gates.gates[JOB] = gate(["a"], [f"w{each}" for each in range(MOST_WAITING)])
    walked = went(world, deployed, evaluate)
    assert walked.error == "Run.QueueFull"
    assert walked.cause
    assert walked.cause.startswith("2,000 runs of job nightly wait for a slot")


def test_a_run_by_force_waits_for_nobody(world: SlotWorld, deployed: Object, evaluate: Evaluate) -> None:
    world.begin("a")
    assert went(world, deployed, evaluate, force=True).steps[:2] == [PREPARE, "Run the task"]
    assert world.run(NAME).is_forced


def test_a_job_that_has_no_limit_any_more_lets_a_run_begin_that_waited(
    world: SlotWorld, deployed: Object, evaluate: Evaluate
) -> None:
    world.begin("a")

    def wait(_payload: Mapping[str, Node]) -> Object:
        world.define(has_limit=False)
        world.define_task_definition("arn:aws:ecs:us-east-1:123456789012:task-definition/nightly:1")
        return {}

    assert went(world, deployed, evaluate, wait).error is None
    assert world.run(NAME).admitted_at == world.clock.now()
