"""Fold a new state into a run: read it, change it, write it if the revision matches, and retry after a conflict."""

from collections.abc import Callable
from typing import Final

from fargate_runs.ports import RunStore, StoreUnavailableError
from fargate_runs.runs.run_state import RunRecord

Change = Callable[[RunRecord | None], RunRecord]
MOST_TRIES: Final = 8


def fold_run(store: RunStore, run_id: str, change: Change) -> RunRecord:
    """Change a run and return it. `change` is a pure function of the stored run. No change means no write.

    Raises StoreUnavailableError, also if other writers are first again and again.
    """
    stands = store.find_run(run_id)
    for _ in range(MOST_TRIES):
        new = change(stands)
        if new == stands:
            return new
        stands = store.write_run(new)
        if stands is None:
            return new
    raise StoreUnavailableError("the run is written by too many at once")


def no_slot(_run: RunRecord) -> None:
    """For callers that know no jobs: what follows from the state of a run, for its slot."""
