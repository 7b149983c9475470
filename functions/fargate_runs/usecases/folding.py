"""Folding what was seen into a run: read, change, write over what was read, and once more if another was first."""

from collections.abc import Callable
from typing import Final

from fargate_runs.ports import RunStore, StoreUnavailableError
from fargate_runs.runs.run_state import RunRecord

Change = Callable[[RunRecord | None], RunRecord]
MOST_TRIES: Final = 8


def fold_run(store: RunStore, run_id: str, change: Change) -> RunRecord:
    """The run after the change, which is a pure function of what stands; a change that changes nothing is no write.

    Raises StoreUnavailableError, also where others write the run again and again.
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
