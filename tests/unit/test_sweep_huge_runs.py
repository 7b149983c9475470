"""Thousands of attempts of one run: each has its turn, whatever process sweeps, and nobody else waits for them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NoReturn

import pytest

from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import CallbacksUnavailableError
from fargate_runs.usecases.sweep.attempts import RUNS, WITHIN, Visit, visits
from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import OutOfShareError
from tests.fakes.attempts import running
from tests.fakes.ecs import RUN_ID, Detail, detail, overrides, task_arn
from tests.fakes.sweeping import GoOn, Sweeping, SweepingTasks, counts

ATTEMPTS = 40
TIME = 600.0
TIMES_OUT = timedelta(seconds=21)  # three tries of seven seconds


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ({}, "a b c"),
        ({RUNS: "b"}, "c a b"),
        ({RUNS: "b", WITHIN: "7"}, "b>7 c a b"),
        ({RUNS: "b", WITHIN: ""}, "b c a b"),
        ({RUNS: "bb", WITHIN: "7"}, "c a b"),
        ({WITHIN: "7"}, "a b c"),
    ],
    ids=["at first", "left between two", "left within one", "left before its first", "that one has ended", "no run"],
)
def test_where_the_next_sweep_goes_on(places: Mapping[str, str], expected: str) -> None:
    found = visits(Places(places), ["c", "a", "b"])
    assert " ".join(f"{each.run_id}>{each.after}".removesuffix(">") for each in found) == expected


def test_a_visit_is_of_all_tasks_if_nothing_else_is_said() -> None:
    assert Visit("a") == Visit("a", "")


def attempt(number: int, run_id: str = RUN_ID) -> Detail:
    """One that runs, of one execution, newer than the one before."""
    given = overrides(run_id=run_id, token=f"{run_id}-{number}")
    at = f"2025-05-06T10:{number // 60:02d}:{number % 60:02d}Z"
    task_id = f"{number:04x}{run_id.encode().hex()[:28]:0>28}"
    return running(taskArn=task_arn(task_id), overrides=given, createdAt=at)


def asked_slowly(world: Sweeping, seconds: float = TIMES_OUT.total_seconds()) -> list[str]:
    """The tokens that are asked for from here on, as they are: each is open, and its answer takes long."""
    asked: list[str] = []

    def slow(token: str) -> bool:
        asked.append(token)
        world.clock.pass_by(timedelta(seconds=seconds))
        return False

    world.callbacks.is_closed = slow  # type: ignore[method-assign]
    return asked


def huge(world: Sweeping, *run_ids: str) -> None:
    for run_id in run_ids:
        for n in range(ATTEMPTS):
            world.record(attempt(n, run_id))
            world.cluster.show(attempt(n, run_id))


@pytest.mark.parametrize("runs", [("one",), ("one", "two"), ("one", "two", "three")])
def test_each_attempt_has_its_turn_where_each_sweep_is_a_new_process(runs: tuple[str, ...]) -> None:
    """A sweep began at the run's first attempt, came as far as every sweep before it, and never further."""
    world = Sweeping()
    huge(world, *runs)
    asked, all_of_them = asked_slowly(world), len(runs) * (ATTEMPTS - 1)
    for _ in range(all_of_them):
        if len(asked) >= all_of_them:
            break
        assert world.sweep()("me", TIME).cut_short == ["attempts"]
    assert len(set(asked[:all_of_them])) == all_of_them


@pytest.mark.parametrize("seconds", [21.0, 100.0])
def test_a_process_asks_for_each_attempt_once(seconds: float) -> None:
    """Also where its share was over in the middle of the run."""
    world = Sweeping()
    huge(world, "one", "two")
    asked, sweep = asked_slowly(world, seconds), world.sweep()
    for _ in range(200):
        if sweep("me", TIME).is_complete:
            break
    assert sorted(asked) == sorted(f"{run}-{n}" for run in ("one", "two") for n in range(ATTEMPTS - 1))
    assert sweep("me", TIME).is_complete
    assert len(asked) == 2 * (ATTEMPTS - 1)
    assert world.store.mark.places == {}


def test_one_more_attempt_is_a_reason_to_ask_for_all_again() -> None:
    world = SweepingTasks()
    huge(world, "one")
    world.sweep_tasks()
    asked = asked_slowly(world)
    world.record(attempt(ATTEMPTS, "one"))
    world.sweep_tasks()
    assert len(asked) == ATTEMPTS


def test_only_one_that_could_not_be_asked_for_is_asked_for_again() -> None:
    world = SweepingTasks()
    huge(world, "one")
    asked = asked_slowly(world)
    usual = world.callbacks.is_closed

    def fails_for_one(token: str) -> bool:
        if usual(token) or token == "one-3":
            raise CallbacksUnavailableError("throttled")
        return False

    world.callbacks.is_closed = fails_for_one  # type: ignore[method-assign]
    for _ in range(3):
        assert world.sweep_tasks().failures == 1
    assert len(asked) == ATTEMPTS - 1 + 2
    assert asked[-2:] == ["one-3", "one-3"]


def test_attempts_that_are_new_keep_no_task_that_has_ended_from_its_outcome() -> None:
    """Each that the sweep saw first had it ask for all the others of its run, before it came to what had ended."""
    world = Sweeping()
    for n in range(ATTEMPTS):
        world.cluster.show(attempt(n, "one"))
    ended = detail(taskArn=task_arn("e" * 32), overrides=overrides(run_id="other", token="t"))
    world.settle({**ended, "lastStatus": "RUNNING", "version": 3})
    world.cluster.show(ended)
    world.callbacks.open.add("t")
    asked = asked_slowly(world)
    report = world.sweep()("me", TIME)
    assert (report.recovered, report.cut_short) == (1, ["attempts"])
    assert set(asked) < {f"one-{n}" for n in range(ATTEMPTS)}, "in what is left of the same sweep"


def test_an_attempt_that_a_sweep_sees_first_has_the_ones_before_it_stopped_by_the_same_sweep() -> None:
    world = Sweeping()
    world.settle(attempt(1))
    for n in (1, 2):
        world.callbacks.close(f"{RUN_ID}-{n}")
        world.cluster.show(attempt(n))
    report = world.sweep()("me", TIME)
    assert (report.stopped, report.is_complete) == (1, True)
    assert [arn for arn, _ in world.cluster.stops] == [attempt(1)["taskArn"]]


def test_answers_come_before_attempts() -> None:
    world = Sweeping()
    huge(world, "one")
    asked_slowly(world)
    late = detail(taskArn=task_arn("f" * 32), overrides=overrides(run_id="other", token="t"))
    world.record(late, lost("main"))
    world.callbacks.open.add("t")
    report = world.sweep()("me", TIME)
    assert (report.delivered, report.cut_short) == (1, ["attempts"])
    assert "t" in world.callbacks.answers


def places_after(world: SweepingTasks, go_on: Callable[[], None], **places: str) -> object:
    """Where a part is that has to stop."""
    report = SweepReport(places=Places(places))
    with pytest.raises(OutOfShareError):
        world.part.look_after(world.open_tasks(), world.open_runs(), report, go_on)
    return report.places.as_mapping()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (1, {}),
        (2, {RUNS: "one", WITHIN: ""}),
        (3, {RUNS: "one", WITHIN: str(attempt(0, "one")["taskArn"]).rpartition("/")[2]}),
    ],
    ids=["before the run", "before its first attempt", "before its second"],
)
def test_what_was_not_begun_is_where_the_next_sweep_begins(asked: int, expected: Mapping[str, str]) -> None:
    world = SweepingTasks()
    huge(world, "one")
    assert places_after(world, GoOn(asked, OutOfShareError)) == expected


def test_where_it_goes_on_within_a_run_stays_so_until_something_was_asked_for() -> None:
    world = SweepingTasks()
    huge(world, "one")
    places = {RUNS: "one", WITHIN: str(attempt(7, "one")["taskArn"]).rpartition("/")[2]}
    assert places_after(world, GoOn(2, OutOfShareError), **places) == places


def test_a_run_whose_reading_ends_the_process_is_not_begun_with() -> None:
    world = SweepingTasks()
    huge(world, "one")

    def dies(_run_id: str) -> NoReturn:
        raise OutOfShareError

    world.store.tasks_of = dies  # type: ignore[assignment, method-assign]
    within = {RUNS: "one", WITHIN: "7"}
    assert places_after(world, lambda: None, **within) == {RUNS: "one"}


def test_a_part_that_came_to_its_end_has_no_place() -> None:
    world = SweepingTasks()
    report = SweepReport(places=Places({RUNS: "gone", WITHIN: "7"}))
    world.part.look_after({}, [], report, GoOn())
    assert (report.places.as_mapping(), counts(report)) == ({}, {})


def test_where_a_sweep_was_is_kept_by_these_names() -> None:
    """A mark that another version wrote says where to begin all the same."""
    assert (RUNS, WITHIN) == ("attempts", "attempt")


@pytest.mark.parametrize("without_runs", [True, False])
def test_a_run_is_read_only_where_the_open_index_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, without_runs: bool
) -> None:
    """One that has ended is not in it, nor is one that was written a moment ago."""
    world = SweepingTasks()
    world.settle(running())
    world.cluster.show(running())
    reads, loads = world.count_reads_of_runs(), list[str]()
    monkeypatch.setattr(world.store, "tasks_of", loads.append)
    assert counts(world.sweep_tasks(without_runs=without_runs)) == {}
    assert (reads, loads) == ([RUN_ID] if without_runs else [], [])


def test_a_run_that_cannot_be_read_keeps_no_attempt_of_it_running() -> None:
    """It is counted, and its tasks say enough."""
    world = SweepingTasks()
    for n in (1, 2):
        world.settle(attempt(n))
        world.cluster.show(attempt(n))
    world.callbacks.close(f"{RUN_ID}-1")
    world.store.unreadable[RUN_ID, None] = "pattern"
    report = world.sweep_tasks(without_runs=True)
    assert (report.stopped, report.unreadable_records, report.failures) == (1, 1, 0)
