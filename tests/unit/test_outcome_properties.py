"""Whatever is done to a sample, a task has one outcome or none, never an exception, and no success without proof."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_runs.errors import MalformedTaskError
from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.reading.task import EcsTask, from_pascal_case, is_injected
from tests.fakes.ecs import GUARD_DUTY, container, detail, failed_start, overrides

Json = Any
SAMPLES = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "samples").glob("*.json"))]
DETAILS: list[dict[str, Json]] = [
    *(each.get("detail") or each.get("tasks", [from_pascal_case(each)])[0] for each in SAMPLES),
    detail(),
    detail(containers=[container("main", 143), container("side", 2)], overrides=overrides(others=["side"])),
    failed_start("CannotPullContainerError: not found"),
]

WORDS = [
    "Task stopped by user",
    "Your Spot Task was interrupted.",
    "CannotPullContainerError: not found",
    "ResourceInitializationError: unable to pull secrets",
    "OutOfMemoryError: Container killed due to memory usage",
    "Task failed to start",
    "Essential container in task exited",
    "UserInitiated",
    "SpotInterruption",
    "TaskFailedToStart",
    "EssentialContainerExited",
    "STOPPED",
    "DELETED",
    "RUNNING",
    "null",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-300, max_value=300),
    st.floats(),
    st.sampled_from(["0", "137", "143", *WORDS]),
    st.text(max_size=20),
    st.sampled_from(
        ["x" * 2_000_000, "CannotPullContainerError: " + "a/" * 1_000_000, "\ud800 half a character", "\0"]
    ),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner), max_leaves=5
)


def places(tree: Json, path: tuple[Json, ...] = ()) -> list[tuple[Json, ...]]:
    """The path to every value below the root."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for key, value in pairs for found in [(*path, key), *places(value, (*path, key))]]


def parent_of(tree: Json, path: tuple[Json, ...]) -> Json:
    for key in path[:-1]:
        tree = tree[key]
    return tree


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Json]:
    tree = copy.deepcopy(draw(st.sampled_from(DETAILS)))
    if draw(st.booleans()):
        tree["lastStatus"] = "STOPPED"
    for _ in range(draw(st.integers(min_value=0, max_value=4))):
        path = draw(st.sampled_from(places(tree)))
        parent, key = parent_of(tree, path), path[-1]
        if draw(st.booleans()):
            parent[key] = draw(VALUES)
        else:
            del parent[key]
    return tree


def is_proven_success(task: EcsTask) -> bool:
    """Written apart from the rules: the main container's exit code is 0, or without one all ended as they should."""
    codes = {each.name: each.exit_code for each in task.containers if not is_injected(each.name)}
    asked_to_stop = {143, 3_221_225_786, -1_073_741_510}
    ended_by_itself = task.stop_code not in {"UserInitiated", "SpotInterruption", "ServiceSchedulerInitiated"}
    if task.main_container:
        return ended_by_itself and codes.get(task.main_container) == 0
    return ended_by_itself and 0 in codes.values() and set(codes.values()) <= {0, *asked_to_stop}


@settings(max_examples=1_500, deadline=None)
@given(mutated())
def test_one_outcome_or_none_and_never_an_exception(changed: dict[str, Json]) -> None:
    try:
        task = EcsTask.from_detail(changed)
    except MalformedTaskError:
        return
    outcome = outcome_of(task)
    assert (outcome is not None) == (task.last_status in {"STOPPED", "DELETED"})
    if outcome is None:
        return
    assert isinstance(outcome, Outcome)
    assert (outcome.error is None) == (outcome.status is OutcomeStatus.SUCCEEDED)
    assert outcome.error is None or outcome.error in ErrorName
    if outcome.status is OutcomeStatus.SUCCEEDED:
        assert is_proven_success(task)


REASONS = [
    None,
    "OutOfMemoryError: Container killed due to memory usage",
    "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
    "CannotStopContainerError: failed sending SIGTERM to container",
    "ContainerRuntimeTimeoutError: Could not transition to stopped; timed out after waiting 2m",
    "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m",
    "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
    "CannotStartContainerError: exec: not found in $PATH",
    "CannotPullContainerError: i/o timeout",
    "Task failed to start",
    "Essential container in task exited",
    "Unexpected EC2 error while attempting to Create Network Interface: AuthFailure",
]
CODES = [None, 0, 1, 126, 137, 143, 255, 3_221_225_786, -1_073_741_510]


@st.composite
def ended(draw: st.DrawFn) -> dict[str, Json]:
    """A stopped task of up to three containers, as ECS may show it."""
    containers = [
        container(
            name,
            draw(st.sampled_from(CODES)),
            draw(st.sampled_from(REASONS)),
            runtimeId=draw(st.sampled_from([None, "a-1"])),
            lastStatus=draw(st.sampled_from(["PENDING", "RUNNING", "STOPPED"])),
        )
        for name in draw(st.permutations(["main", "router", "limit"]))[: draw(st.integers(0, 3))]
    ]
    return detail(
        containers=containers,
        overrides=draw(st.sampled_from([None, overrides(), overrides(main="router")])),
        stopCode=draw(st.sampled_from([None, "EssentialContainerExited", "TaskFailedToStart", "UserInitiated"])),
        stoppedReason=draw(st.sampled_from(REASONS)),
        startedAt=draw(st.sampled_from([None, "2025-05-06T11:02:31Z"])),
    )


def verdict(of: dict[str, Json]) -> Outcome:
    outcome = outcome_of(EcsTask.from_detail(of))
    assert outcome is not None
    return outcome


@settings(max_examples=600, deadline=None)
@given(ended(), st.randoms(use_true_random=False))
def test_the_order_of_containers_says_nothing(given_task: dict[str, Json], chance: Any) -> None:
    shuffled = copy.deepcopy(given_task)
    chance.shuffle(shuffled["containers"])
    assert verdict(shuffled) == verdict(given_task)


@settings(max_examples=600, deadline=None)
@given(ended(), st.sampled_from(CODES), st.sampled_from(REASONS), st.integers(0, 3))
def test_an_injected_container_changes_nothing(
    given_task: dict[str, Json], code: int | None, reason: str | None, place: int
) -> None:
    more = copy.deepcopy(given_task)
    more["containers"].insert(place, container(GUARD_DUTY, code, reason, runtimeId="a-9"))
    assert verdict(more) == verdict(given_task)


def has_certainly_run(each: dict[str, Json], of: dict[str, Json]) -> bool:
    """Written apart from the rules: it ended with a code, its reason says so, or its task and itself show it."""
    reason = str(each.get("reason", ""))
    if reason.startswith(("CannotStart", "CannotPull")):
        return False
    if "exitCode" in each or reason.startswith(("CannotInspect", "CannotStop")) or "to stopped" in reason:
        return True
    return "startedAt" in of and "runtimeId" in each and each["lastStatus"] != "PENDING"


@settings(max_examples=1_000, deadline=None)
@given(ended())
def test_what_has_run_is_never_said_not_to_have_run(given_task: dict[str, Json]) -> None:
    """And a main container that has run did not fail to start."""
    outcome = verdict(given_task)
    ran = {each["name"] for each in given_task["containers"] if has_certainly_run(each, given_task)}
    if ran:
        assert "Nothing of your code has run" not in outcome.advice
    main = EcsTask.from_detail(given_task).main_container
    if main in ran or (ran and len(given_task["containers"]) == 1 and main is None):
        assert outcome.error is not ErrorName.FAILED_TO_START
