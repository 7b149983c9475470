"""A stand-in for the API's routes of jobs: the real use cases on ports in memory, answering as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fargate_runs.errors import InvalidJobError, JobOwnedByAnotherError
from fargate_runs.jobs.job import Job
from fargate_runs.jobs.rules import JobRules
from fargate_runs.usecases.jobs.apply import ApplyJob
from fargate_runs.usecases.jobs.pause import PauseJob
from fargate_runs.usecases.jobs.schedules import PutTimers
from fargate_runs.usecases.jobs.show import ListJobs, ShowJob
from tests.cli.standin import STAGE, Reply, Request
from tests.cli.world import problem
from tests.fakes.applying import OWN
from tests.fakes.clock import StoppedClock
from tests.fakes.jobs import InMemoryJobStore, InMemoryJobTaskDefinitions, InMemoryTimers

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class Jobs:
    """The jobs of a stack at NOW. `replies` are given instead, for a method and a path, once each."""

    rules: JobRules = field(default_factory=JobRules)
    bodies: dict[str, Mapping[str, object]] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    runs: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    slots: list[dict[str, object]] = field(default_factory=list)
    store: InMemoryJobStore = field(default_factory=InMemoryJobStore)
    clock: StoppedClock = field(default_factory=lambda: StoppedClock(NOW))

    def __post_init__(self) -> None:
        """Wire the use cases."""
        self._definitions, self._put = InMemoryJobTaskDefinitions(), PutTimers(self.store, InMemoryTimers())
        self.show, self.list = ShowJob(self.store, self.clock), ListJobs(self.store, self.clock)
        self.pausing = PauseJob(self.store, self.clock)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """The definitions by name."""
        return {name: stored.job for name, stored in self.store.jobs.items()}

    def apply(self, name: str, body: Mapping[str, object], *, is_dry_run: bool = False) -> dict[str, object]:
        """As PUT does."""
        put = ApplyJob(self.store, self._definitions, self._put, lambda *_: None, self.clock, rules=self.rules, own=OWN)
        return put(name, body, is_dry_run=is_dry_run)

    def change(self, name: str, **fields: Any) -> None:
        """Change what stands of a job."""
        self.store.jobs[name] = replace(self.store.jobs[name], **fields)

    def answer(self, request: Request) -> Reply:
        """What the API says."""
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix(STAGE)
        asked = f"{request.method} {path}" + (" dry" if query.get("dryRun") else "")
        if asked in self.replies:
            return self.replies.pop(asked)
        if path == "/runs":
            return self._runs(query)
        if path == "/jobs":
            return Reply(200, self.list(query.get("project")))
        name, _, action = unquote(path.removeprefix("/jobs/")).partition("/")
        if request.method == "PUT":
            return self._put_job(name, request.document(), is_dry="dryRun" in query)
        if name not in self.jobs:
            return problem(404, "Job.NotFound", f"there is no job {name!r}")
        return self._of_a_job(request, query, name, action)

    def _runs(self, query: Mapping[str, str]) -> Reply:
        """The newest two."""
        rows = self.runs.get(query["job"], [])
        wanted = [row for row in rows if query.get("status") in {None, row["status"]}]
        return Reply(200, {"runs": wanted[:2], "cursor": "more" if len(wanted) > 2 else None})

    def _of_a_job(self, request: Request, query: Mapping[str, str], name: str, action: str) -> Reply:
        if request.method == "DELETE":
            return self._delete(name, query.get("runs"))
        if action == "backfill":
            started = [] if request.document()["dryRun"] else [slot["runId"] for slot in self.slots]
            return Reply(200, {"job": name, "slots": self.slots, "started": started, "unknown": ["often"]})
        if action:
            return Reply(200, self.pausing.pause(name) if action == "pause" else self.pausing.resume(name))
        return Reply(200, self.show(name))

    def _put_job(self, name: str, body: Mapping[str, object], *, is_dry: bool) -> Reply:
        try:
            answer = self.apply(name, body, is_dry_run=is_dry)
        except InvalidJobError as error:
            problems = [{"field": each.place, "detail": each.detail} for each in error.problems]
            return Reply(400, {"error": "Job.Invalid", "detail": "wrong", "problems": problems})
        except JobOwnedByAnotherError as error:
            return problem(409, "Job.OwnedByAnother", str(error))
        if not is_dry:
            self.bodies[name] = body
        return Reply(200, answer)

    def _delete(self, name: str, runs: str | None) -> Reply:
        if name in self.live and runs is None:
            return problem(409, "Job.HasLiveRuns", f"job {name!r} has 1 runs that have not ended: a-run")
        del self.store.jobs[name]
        return Reply(200, {"name": name, "liveRuns": ["a-run"] if runs == "keep" else [], "isComplete": True})
