"""Whatever is done to a sample, a task has one outcome or none, never an exception, and no success without proof."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_runs.errors import MalformedTaskError
from fargate_runs.kinds import ErrorName, OutcomeStatus
from fargate_runs.outcome import Outcome, outcome_of
from fargate_runs.task import EcsTask, from_pascal_case, is_injected
from tests.fakes.ecs import container, detail, failed_start, overrides

Json = Any
SAMPLES = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "samples").glob("*.json"))]
DETAILS: list[dict[str, Json]] = [
    *(each["detail"] if "detail" in each else from_pascal_case(each) for each in SAMPLES),
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
    ended_by_itself = task.stop_code not in {"UserInitiated", "SpotInterruption", "ServiceSchedulerInitiated"}
    if task.main_container:
        return ended_by_itself and codes.get(task.main_container) == 0
    return ended_by_itself and 0 in codes.values() and set(codes.values()) <= {0, 137, 143}


@settings(max_examples=1_500, deadline=None)
@given(mutated())
def test_one_outcome_or_none_and_never_an_exception(changed: dict[str, Json]) -> None:
    try:
        task = EcsTask.from_detail(changed)
    except MalformedTaskError:
        return
    outcome = outcome_of(task)
    assert (outcome is not None) == (task.last_status == "STOPPED")
    if outcome is None:
        return
    assert isinstance(outcome, Outcome)
    assert (outcome.error is None) == (outcome.status is OutcomeStatus.SUCCEEDED)
    assert outcome.error is None or outcome.error in ErrorName
    if outcome.status is OutcomeStatus.SUCCEEDED:
        assert is_proven_success(task)
