"""The jobs of one target, as its API has them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from cli.documents import QUEUED, SUCCEEDED, text
from cli.errors import RefusedError
from cli.run_list import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.api_client import ApiClient, Document

NOT_FOUND: Final = "Job.NotFound"
_PENDING: Final = "schedulesPending"
LiveRuns = Literal["stop", "keep"]


@dataclass(frozen=True)
class JobsApi:
    """Calls the routes of jobs. Every method raises an error of `cli.errors`: RefusedError for an unknown job."""

    api: ApiClient

    def all(self, project: str | None = None) -> list[Document]:
        """GET /jobs: every job, or those of a project."""
        return objects(self.api.ask("GET", "/jobs", query={} if project is None else {"project": project}), "jobs")

    def get(self, name: str) -> Document:
        """GET /jobs/{name}."""
        return self.api.ask("GET", _path(name))

    def exists(self, name: str) -> bool:
        """Whether there is such a job."""
        try:
            self.get(name)
        except RefusedError as error:
            if error.name != NOT_FOUND:
                raise
            return False
        return True

    def put(self, name: str, body: Mapping[str, object], *, dry_run: bool) -> Change:
        """PUT /jobs/{name}. Raises InvalidFieldsError; the fields are those of the body."""
        answer = self.api.ask("PUT", _path(name), body, {"dryRun": "true"} if dry_run else {})
        return Change.from_document(name, answer)

    def standing(self, name: str) -> Standing:
        """How the newest runs of a job stand."""
        page = self.api.list_runs({"job": name, "limit": LARGEST_PAGE})
        runs = objects(page, "runs")
        succeeded = [each for each in runs if each.get("status") == SUCCEEDED]
        if not succeeded and text(page, "cursor") is not None:
            succeeded = objects(self.api.list_runs({"job": name, "status": SUCCEEDED, "limit": 1}), "runs")
        counts = Counter(each.get("status") for each in runs)
        return Standing(
            running=counts["RUNNING"] + counts["PENDING"],
            queued=counts[QUEUED],
            last_success=text(succeeded[0], "createdAt") if succeeded else None,
        )

    def delete(self, name: str, live_runs: LiveRuns | None) -> Document:
        """DELETE /jobs/{name}, again while there are more runs to stop than one call can.

        Raises RefusedError Job.HasLiveRuns if nothing is said of its runs.
        """
        while True:
            answer = self.api.ask("DELETE", _path(name), query={"runs": live_runs} if live_runs else {})
            if answer.get("isComplete") is not False:
                return answer

    def pause(self, name: str) -> Document:
        """POST /jobs/{name}/pause: its schedules start nothing."""
        return self.api.ask("POST", _path(name, "/pause"), {})

    def resume(self, name: str) -> Document:
        """POST /jobs/{name}/resume."""
        return self.api.ask("POST", _path(name, "/resume"), {})

    def backfill(self, name: str, body: Mapping[str, object]) -> Document:
        """POST /jobs/{name}/backfill: start what was missed or failed. A slot is one run, however often it is asked."""
        return self.api.ask("POST", _path(name, "/backfill"), body)


@dataclass(frozen=True)
class Standing:
    """The runs of a job that go on, among its newest, and the time at which its last success was created."""

    running: int
    queued: int
    last_success: str | None


@dataclass(frozen=True)
class FieldChange:
    """One change in a job. The values are JSON; None: there is none."""

    field: str
    old: object
    new: object


@dataclass(frozen=True)
class ScheduleChange:
    """A schedule of a job after the change. `kind` is create, update, remove or none; `fires` are ISO 8601."""

    name: str
    kind: str
    fires: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """The answer to PUT /jobs/{name}. `kind` is create, update or none."""

    job: str
    kind: str
    fields: tuple[FieldChange, ...]
    schedules: tuple[ScheduleChange, ...]

    @property
    def is_none(self) -> bool:
        """Whether the job is already as it shall be."""
        return self.kind == "none"

    @property
    def is_only_pending(self) -> bool:
        """Whether the job's definition is as it shall be. Its schedules may not all be in EventBridge Scheduler yet."""
        return self.is_none or {each.field for each in self.fields} == {_PENDING}

    @classmethod
    def from_document(cls, job: str, document: Document) -> Change:
        """Reads the answer; what it does not say is no change."""
        return cls(
            job=job,
            kind=text(document, "change") or "none",
            fields=tuple(
                FieldChange(text(each, "field") or "?", each.get("from"), each.get("to"))
                for each in objects(document, "changes")
            ),
            schedules=tuple(
                ScheduleChange(text(each, "name") or "?", text(each, "change") or "none", texts(each, "nextFires"))
                for each in objects(document, "schedules")
            ),
        )


def objects(document: Document, key: str) -> list[Document]:
    """The objects of a list; none for anything else."""
    found = document.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def texts(document: Document, key: str) -> tuple[str, ...]:
    """The texts of a list; none for anything else."""
    found = document.get(key)
    return tuple(each for each in _sequence(found) if isinstance(each, str))


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _path(name: str, rest: str = "") -> str:
    return f"/jobs/{quote(name, safe='')}{rest}"
