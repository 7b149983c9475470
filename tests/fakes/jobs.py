"""Definitions of jobs, and the ports of jobs in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.job import Job, StoredJob
from fargate_runs.jobs.rules import JobRules
from fargate_runs.ports import (
    TaskDefinitionUnavailableError,
    TimerRefusedError,
    TimersUnavailableError,
    UnreadableJobError,
)
from fargate_runs.ports.jobs import JobStore, JobTaskDefinitions, Timer, Timers
from tests.fakes.clock import NOON

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/report:1.4"
DEFINITION = "arn:aws:ecs:eu-central-1:123456789012:task-definition/report:3"
ROLE = "arn:aws:iam::123456789012:role/report"
PASSWORD = "arn:aws:ssm:eu-central-1:123456789012:parameter/report/password"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:report-AbCdEf"

#: The example of docs/jobs.md: every key.
WHOLE: Mapping[str, object] = {
    "project": "reports",
    "image": IMAGE,
    "entrypoint": ["/bin/run"],
    "command": ["python", "report.py"],
    "environment": {"STAGE": "prod"},
    "secrets": {"DB_PASSWORD": PASSWORD, "KEY": f"{SECRET}:key::"},
    "cpu": 512,
    "memory": 1024,
    "platform": "linux/arm64",
    "taskRole": ROLE,
    "capacity": "spot-first",
    "timeout": "1h",
    "totalTimeout": "3h",
    "retries": 3,
    "retryOn": {"exitCodes": [75]},
    "pattern": "sync",
    "schedules": [
        {
            "name": "weekdays",
            "cron": "0 6 ? * MON-FRI *",
            "timeZone": "Europe/Berlin",
            "enabled": False,
            "startingDeadline": "2h",
            "overrides": {
                "command": ["python", "other.py"],
                "environment": {"STAGE": "test"},
                "cpu": 1024,
                "memory": 2048,
                "capacity": "spot",
                "timeout": "90s",
                "totalTimeout": "2h",
                "retries": 0,
                "retryOn": {"any": True},
            },
        },
        {"name": "often", "rate": "15 minutes", "timeZone": "UTC"},
        {"name": "once", "at": "2026-12-24T18:00:00", "timeZone": "UTC"},
    ],
    "concurrency": {"limit": 1, "policy": "replace"},
    "alarm": {"noSuccessFor": "26h"},
}


def job(name: str = "nightly", **keys: object) -> Job:
    """A job with an image and what else is given, in the words of the file; `None` leaves a key out."""
    body = {"project": "reports", "image": IMAGE, **keys}
    return read_job(name, {key: value for key, value in body.items() if value is not None}, JobRules())


def stored(name: str = "nightly", **keys: object) -> StoredJob:
    """The same as it stands in the table, since noon."""
    return StoredJob(job(name, **keys), created_at=NOON, updated_at=NOON)


class InMemoryJobStore(JobStore):
    """The definitions. `writes` keeps every one, in order; `unreadable` has the names of those that cannot be read."""

    def __init__(self) -> None:
        self.jobs: dict[str, StoredJob] = {}
        self.writes: list[StoredJob] = []
        self.unreadable: set[str] = set()

    def find_job(self, name: str) -> StoredJob | None:
        if name in self.unreadable:
            raise UnreadableJobError(name, "it has no 'project'")
        return self.jobs.get(name)

    def all_jobs(self) -> Iterator[StoredJob]:
        return iter([self.jobs[name] for name in sorted(self.jobs) if name not in self.unreadable])

    def write_job(self, stored: StoredJob) -> StoredJob | None:
        name = stored.job.name
        stands = self.jobs.get(name)
        if (stands.revision if stands else 0) != stored.revision:
            assert stands, "a job is never forgotten in the middle of a test"
            return stands
        self.jobs[name] = replace(stored, revision=stored.revision + 1)
        self.writes.append(self.jobs[name])
        return None


class InMemoryTimers(Timers):
    """`timers` are those of EventBridge Scheduler, by job and schedule; `refused` are expressions that it refuses."""

    def __init__(self) -> None:
        self.timers: dict[tuple[str, str], Timer] = {}
        self.refused: set[str] = set()
        self.is_down = False

    def put(self, timer: Timer) -> None:
        self._ask()
        if timer.expression in self.refused:
            raise TimerRefusedError("EventBridge Scheduler did not take the schedule: ValidationException")
        self.timers[timer.job, timer.schedule] = timer

    def remove(self, job: str, schedule: str) -> None:
        self._ask()
        self.timers.pop((job, schedule), None)

    def _ask(self) -> None:
        if self.is_down:
            raise TimersUnavailableError("EventBridge Scheduler did not take the schedule: ThrottlingException")


class InMemoryJobTaskDefinitions(JobTaskDefinitions):
    """`revisions` are those that can be run, by their ARN."""

    def __init__(self) -> None:
        self.revisions: dict[str, Mapping[str, object]] = {}
        self.count = 0
        self.fails_with: TaskDefinitionUnavailableError | None = None

    def register(self, definition: Mapping[str, object]) -> str:
        self._ask()
        self.count += 1
        arn = f"arn:aws:ecs:us-east-1:123456789012:task-definition/{definition['family']}:{self.count}"
        self.revisions[arn] = definition
        return arn

    def deregister_all(self, family: str) -> None:
        self._ask()
        self.revisions = {arn: each for arn, each in self.revisions.items() if each["family"] != family}

    def _ask(self) -> None:
        if self.fails_with:
            raise self.fails_with
