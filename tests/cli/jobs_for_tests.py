"""A stand-in for the API's routes of jobs: it keeps bodies, and answers in the form of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from fargate_runs.errors import InvalidJobError
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.document import shown_document
from fargate_runs.jobs.job import Job
from fargate_runs.jobs.rules import JobRules
from tests.cli.standin import STAGE, Reply, Request
from tests.cli.world import problem

FIRES = [f"2026-12-0{day}T05:00:00Z" for day in range(1, 6)]
ARN = "arn:aws:ecs:eu-west-1:111122223333:task-definition/fargate-runs-nightly:1"


@dataclass
class Jobs:
    """The jobs of a stack. `replies` are given instead, for a method and a path, once each."""

    rules: JobRules = field(default_factory=JobRules)
    jobs: dict[str, Job] = field(default_factory=dict)
    bodies: dict[str, Mapping[str, object]] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    state: dict[str, dict[str, object]] = field(default_factory=dict)
    runs: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    slots: list[dict[str, object]] = field(default_factory=list)
    are_pending: bool = False

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
            return self._page(query)
        name, _, action = unquote(path.removeprefix("/jobs/")).partition("/")
        if request.method == "PUT":
            return self._put(name, request.document(), is_dry="dryRun" in query)
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
            self.state[name] = {"pausedAt": "2026-11-30T00:00:00Z" if action == "pause" else None}
        return Reply(200, self.document(name))

    def document(self, name: str) -> dict[str, object]:
        """A job as the API gives it."""
        definition = shown_document(self.jobs[name])
        return {
            "name": name,
            "project": definition.pop("project"),
            "definition": definition,
            "createdAt": "2026-11-01T00:00:00Z",
            "updatedAt": "2026-11-02T00:00:00Z",
            "pausedAt": None,
            "lateSince": None,
            "schedulesPending": False,
            **self.state.get(name, {}),
            "taskDefinitionArn": ARN if self.jobs[name].image else None,
            "schedules": self._schedules(self.jobs[name]),
        }

    def _page(self, query: Mapping[str, str]) -> Reply:
        """Two jobs at a time."""
        names = sorted(name for name, job in self.jobs.items() if query.get("project") in {None, job.project})
        start = int(query.get("cursor", 0))
        rows = [{**self.document(name), "limit": self._limit(name)} for name in names[start : start + 2]]
        return Reply(200, {"jobs": rows, "cursor": str(start + 2) if start + 2 < len(names) else None})

    def _limit(self, name: str) -> int | None:
        concurrency = self.jobs[name].concurrency
        return concurrency.limit if concurrency else None

    def _put(self, name: str, body: Mapping[str, object], *, is_dry: bool) -> Reply:
        try:
            job = read_job(name, body, self.rules)
        except InvalidJobError as error:
            problems = [{"field": each.place, "detail": each.detail} for each in error.problems]
            return Reply(400, {"error": "Job.Invalid", "detail": "wrong", "problems": problems})
        old = self.jobs.get(name)
        if old is not None and old.project != job.project:
            return problem(409, "Job.OwnedByAnother", f"job {name!r} belongs to the project {old.project!r}")
        change = "create" if old is None else "none" if old == job else "update"
        if not is_dry:
            self.jobs[name], self.bodies[name] = job, body
        answer = {
            "job": {"name": name, "schedulesPending": self.are_pending},
            "change": change,
            "changes": [{"field": "image", "from": old.image if old else None, "to": job.image}],
            "schedules": [
                {"name": each.name, "change": "create" if old is None else "none", "nextFires": FIRES}
                for each in job.schedules
            ],
        }
        return Reply(200, answer)

    def _delete(self, name: str, runs: str | None) -> Reply:
        if name in self.live and runs is None:
            return problem(409, "Job.HasLiveRuns", f"job {name!r} has 1 runs that have not ended: a-run")
        del self.jobs[name]
        return Reply(200, {"name": name, "liveRuns": ["a-run"] if runs == "keep" else [], "isComplete": True})

    @staticmethod
    def _schedules(job: Job) -> list[dict[str, object]]:
        return [
            {
                "name": each.name,
                "expression": each.expression,
                "timeZone": each.time_zone,
                "enabled": each.is_enabled,
                "nextFires": FIRES if each.is_enabled else [],
            }
            for each in job.schedules
        ]
