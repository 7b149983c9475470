"""List runs: a page of rows, and the cursor of the next page."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fargate_runs.answers.cursor import cursor_of, place_of
from fargate_runs.answers.usage import Prices, total, usage_of_billed
from fargate_runs.errors import InvalidCursorError, InvalidParametersError
from fargate_runs.ports import DEFAULT_LIMIT, RunLists, RunQuery, RunRow
from fargate_runs.reading import lenient
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.run_status import RunStatus

LONGEST_REASON: Final = 300  # characters of a summary in a row


class ListRuns:
    """The use case."""

    def __init__(self, lists: RunLists, prices: Prices) -> None:
        self._lists = lists
        self._prices = prices

    def __call__(self, asked: Mapping[str, object]) -> dict[str, object]:
        """Return a page. `asked` has the values of the parameters that were given (`functions/api/routes.py`).

        Raises InvalidParametersError or StoreUnavailableError.
        """
        query = _query(asked)
        scope = _scope(asked)
        cursor = asked.get("cursor")
        after = place_of(scope, str(cursor)) if cursor else None
        limit = lenient.whole_number(asked.get("limit")) or DEFAULT_LIMIT
        try:
            page = self._lists.page(query, limit, after)
        except ValueError:
            raise InvalidCursorError("is none that this API has given; leave it out to begin anew") from None
        return {
            "runs": [_row(row, self._prices) for row in page.rows],
            "cursor": cursor_of(scope, page.place) if page.place else None,
        }


def _query(asked: Mapping[str, object]) -> RunQuery:
    since, until = asked.get("since"), asked.get("until")
    if isinstance(since, datetime) and isinstance(until, datetime) and until < since:
        raise InvalidParametersError(("until: is before since; give a later time, or leave one of them out",))
    status, pattern, prefix, job = (asked.get(name) for name in ("status", "pattern", "idPrefix", "job"))
    return RunQuery(
        status=RunStatus(str(status)) if status else None,
        pattern=Pattern(str(pattern)) if pattern else None,
        since=since if isinstance(since, datetime) else None,
        until=until if isinstance(until, datetime) else None,
        id_prefix=str(prefix) if prefix else None,
        job=str(job) if job else None,
    )


def _scope(asked: Mapping[str, object]) -> str:
    """The parameters that make a list the same one; its pages may have different sizes."""
    same = {name: str(value) for name, value in asked.items() if name not in {"cursor", "limit"}}
    return json.dumps(["list", same], sort_keys=True)


def _row(row: RunRow, prices: Prices) -> dict[str, object]:
    usage = total(usage_of_billed(billed, prices) for billed in row.attempts.values() if billed)
    summary = lenient.text(row.summary, LONGEST_REASON)
    return {
        "runId": row.run_id,
        "status": row.status,
        "pattern": row.pattern,
        "createdAt": lenient.iso(row.created_at),
        "startedAt": lenient.iso(row.started_at),
        "stoppedAt": lenient.iso(row.stopped_at),
        "durationSeconds": _seconds(row.started_at, row.stopped_at),
        "error": row.error,
        "summary": summary,
        "exitCode": row.exit_code,
        "executionArn": row.execution_arn,
        "attempts": len(row.attempts),
        "estimatedCostUsd": usage.as_json()["estimatedCostUsd"] if usage else None,
        "rerunOf": row.rerun_of,
        "job": row.job,
    }


def _seconds(began: datetime | None, ended: datetime | None) -> float | None:
    if began is None or ended is None:
        return None
    return max(0.0, round((ended - began).total_seconds(), 3))
