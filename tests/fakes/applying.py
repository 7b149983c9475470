"""The use cases of jobs on the ports in memory, and a process that dies at any one call of a port."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fargate_runs.jobs.job import JobSchedule, StoredJob
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.task_definition import OwnTaskDefinition
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.usecases.jobs.apply import ApplyJob
from fargate_runs.usecases.jobs.backfill import BackfillJob
from fargate_runs.usecases.jobs.delete import DeleteJob
from fargate_runs.usecases.jobs.pause import PauseJob
from fargate_runs.usecases.jobs.schedules import PutTimers
from fargate_runs.usecases.jobs.show import ListJobs, ShowJob
from fargate_runs.usecases.stop_run import StopRun
from tests.fakes.clock import StoppedClock
from tests.fakes.cluster import InMemoryCluster
from tests.fakes.ecs import MACHINES
from tests.fakes.jobs import DEFINITION, IMAGE, InMemoryJobStore, InMemoryJobTaskDefinitions, InMemoryTimers
from tests.fakes.stepfunctions import InMemoryExecutions
from tests.fakes.store import InMemoryRunStore

OWN = OwnTaskDefinition(
    family="stack",
    container="main",
    cpu="256",
    memory="512",
    architecture="X86_64",
    execution_role="arn:aws:iam::123456789012:role/execution",
    task_role="arn:aws:iam::123456789012:role/task",
    log_group="/stack/tasks",
    log_region="us-east-1",
    stop_timeout_seconds=30,
)
RULES = JobRules(
    task_definitions=AllowedDefinitions("arn:aws:ecs:us-east-1:123456789012:task-definition/stack:1", (DEFINITION,)),
    roles=(OWN.task_role,),
    secrets=(),
    own_size=(256, 512),
)


class CrashError(BaseException):
    """The process is gone: nothing catches it."""


class World:
    """`limits` are those of the gates; `starts` are the slots that were started. `crash_at` is the number of a call."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.jobs = InMemoryJobStore()
        self.definitions = InMemoryJobTaskDefinitions()
        self.timers = InMemoryTimers()
        self.limits: dict[str, int | None] = {}
        self.runs = InMemoryRunStore(self.clock)
        self.executions, self.cluster = InMemoryExecutions(self.clock), InMemoryCluster()
        self.starts: list[tuple[str, str, datetime, str]] = []
        self.started_before: set[str] = set()
        self.start_fails_with: Exception | None = None
        self.calls = 0
        self.crash_at: int | None = None
        self.dies_before = True
        self._trap(self.jobs, "write_job")
        self._trap(self.definitions, "register", "deregister_all")
        self._trap(self.timers, "put", "remove")
        self._trap(self, "set_limit")
        stop = StopRun(self.runs, self.executions, self.cluster, self.clock, state_machines=MACHINES)
        put = PutTimers(self.jobs, self.timers)
        self.apply_job = ApplyJob(self.jobs, self.definitions, put, self.set_limit, self.clock, rules=RULES, own=OWN)
        self.show, self.list = ShowJob(self.jobs, self.clock), ListJobs(self.jobs, self.clock)
        self.pausing = PauseJob(self.jobs, self.clock)
        self.delete = DeleteJob(self.jobs, self.definitions, put, self.runs, stop, self.clock, family=OWN.family)
        self.backfill = BackfillJob(self.jobs, self.runs, self.start, self.clock)

    def set_limit(self, job: str, limit: int | None) -> None:
        """As the gate keeps it."""
        self.limits[job] = limit

    def start(self, stored: StoredJob, schedule: JobSchedule, at: datetime, run_id: str) -> bool:
        """As StartScheduledRun does."""
        if self.start_fails_with:
            raise self.start_fails_with
        self.starts.append((stored.job.name, schedule.name, at, run_id))
        return run_id not in self.started_before

    def apply(self, name: str = "nightly", *, is_dry_run: bool = False, **keys: object) -> dict[str, Any]:
        """Apply a job with an image and what else is given."""
        body = {"project": "reports", "image": IMAGE, **keys}
        present = {key: value for key, value in body.items() if value is not None}
        return self.apply_job(name, present, is_dry_run=is_dry_run)

    def stands(self) -> Mapping[str, object]:
        """What of a job there is to be run, beside what nothing uses."""
        jobs = self.jobs.jobs
        return {
            "jobs": {name: (each.job, each.are_schedules_pending, each.timers) for name, each in jobs.items()},
            "runs as": {
                name: self.definitions.revisions.get(each.task_definition_arn or "") for name, each in jobs.items()
            },
            "timers": dict(self.timers.timers),
            "limits": dict(self.limits),
        }

    def _trap(self, port: object, *names: str) -> None:
        for name in names:
            setattr(port, name, self._dying(getattr(port, name)))

    def _dying(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object) -> Any:
            number, self.calls = self.calls, self.calls + 1
            if self.dies_before and number == self.crash_at:
                raise CrashError
            result = method(*args)
            if number == self.crash_at:
                raise CrashError
            return result

        return call
