"""Lists of runs in memory."""

from collections.abc import Callable, Mapping

from fargate_runs.ports import Place, RunLists, RunPage, RunQuery, RunRow
from fargate_runs.reading import lenient
from fargate_runs.runs.run_state import RunRecord
from tests.fakes.store import InMemoryRunStore


class InMemoryRunLists(RunLists):
    """Of the runs in a table in memory."""

    def __init__(self, store: InMemoryRunStore) -> None:
        self._store = store

    def page(self, query: RunQuery, limit: int, after: Place | None = None) -> RunPage:
        key = "runId" if query.id_prefix else "createdAt"
        if after is not None and set(after) != {key, "run"}:
            raise ValueError("another list")
        found = sorted((each for each in self._store.runs.values() if _fits(each, query)), key=_by(key), reverse=True)
        left = [each for each in found if after is None or _by(key)(each) < (after[key], after["run"])]
        rows = left[:limit]
        last: Mapping[str, str] | None = dict(zip((key, "run"), _by(key)(rows[-1]), strict=True)) if rows else None
        return RunPage(tuple(map(_row, rows)), last if len(left) > limit else None)


def _by(key: str) -> Callable[[RunRecord], tuple[str, str]]:
    def order(run: RunRecord) -> tuple[str, str]:
        return (run.run_id if key == "runId" else lenient.iso(run.created_at) or "", run.run_id)

    return order


def _fits(run: RunRecord, query: RunQuery) -> bool:
    created = lenient.iso(run.created_at) or ""
    return (
        query.status in {None, run.status}
        and query.pattern in {None, run.pattern}
        and query.job in {None, run.job}
        and (query.since is None or created >= (lenient.iso(query.since) or ""))
        and (query.until is None or created <= (lenient.iso(query.until) or ""))
        and run.run_id.startswith(query.id_prefix or "")
    )


def _row(run: RunRecord) -> RunRow:
    return RunRow(
        run_id=run.run_id,
        status=run.status,
        created_at=run.created_at,
        pattern=run.pattern,
        error=run.error,
        summary=run.summary,
        exit_code=run.exit_code,
        execution_arn=run.execution_arn,
        started_at=run.task.started_at if run.task else None,
        stopped_at=run.task.stopped_at if run.task else None,
        attempts=run.attempts,
        rerun_of=run.rerun_of,
        job=run.job,
    )
