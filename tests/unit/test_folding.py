"""Folding under others who write the same run: nothing of them is lost, and it ends."""

from dataclasses import replace

import pytest

from fargate_runs.ports import StoreUnavailableError
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.folding import MOST_TRIES, fold_run
from tests.fakes.clock import NOON
from tests.fakes.store import InMemoryRunStore

RUN = RunRecord("r", created_at=NOON)


class Contended(InMemoryRunStore):
    """Somebody else writes the run before each of the first so many writes."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.tries = 0

    def write_run(self, run: RunRecord) -> RunRecord | None:
        self.tries += 1
        if self.tries <= self.times:
            stands = self.runs.get(run.run_id, RUN)
            count = int(str(stands.input["by others"])) + 1 if stands.input else 1
            super().write_run(replace(stands, input={"by others": count}))
        return super().write_run(run)


def named(run: RunRecord | None) -> RunRecord:
    return replace(run or RUN, execution_arn="ours")


def test_a_run_that_is_not_there() -> None:
    store = InMemoryRunStore()
    assert fold_run(store, "r", named) == replace(RUN, execution_arn="ours")
    assert store.runs["r"] == replace(RUN, execution_arn="ours")
    assert store.runs["r"].revision == 1


def test_a_change_that_changes_nothing_is_no_write() -> None:
    store = Contended(0)
    fold_run(store, "r", named)
    assert fold_run(store, "r", named) == store.runs["r"]
    assert (store.tries, store.runs["r"].revision) == (1, 1)


@pytest.mark.parametrize("times", range(1, MOST_TRIES))
def test_what_others_wrote_stands_beside_the_change(times: int) -> None:
    store = Contended(times)
    folded = fold_run(store, "r", named)
    assert folded == store.runs["r"] == replace(RUN, execution_arn="ours", input={"by others": times})
    assert store.tries == times + 1


def test_where_another_has_made_the_same_change_nothing_is_written_over_it() -> None:
    store = InMemoryRunStore()
    seen: list[RunRecord | None] = []

    def change(run: RunRecord | None) -> RunRecord:
        seen.append(run)
        if run is None:
            store.write_run(named(None))
        return named(run)

    assert fold_run(store, "r", change) == named(None)
    assert seen == [None, named(None)]
    assert store.runs["r"].revision == 1


def test_where_others_never_stop_it_ends_and_says_so() -> None:
    assert MOST_TRIES == 8
    store = Contended(MOST_TRIES)
    with pytest.raises(StoreUnavailableError, match="too many at once"):
        fold_run(store, "r", named)
    assert store.tries == MOST_TRIES
    assert store.runs["r"].execution_arn is None
