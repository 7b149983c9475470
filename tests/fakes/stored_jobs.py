"""Jobs as they stand in the table, for tests of their runs."""

from dataclasses import replace
from typing import Any

from fargate_runs.jobs.job import Job, StoredJob
from fargate_runs.ports import StoreUnavailableError
from tests.fakes.clock import NOON
from tests.fakes.jobs import InMemoryJobStore

OWN_DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/fargate-runs-nightly:4"


def a_job(name: str = "nightly", **fields: Any) -> Job:
    """A job with an image, unless it has a task definition, and with fields of Job."""
    image = {} if "task_definition" in fields else {"image": "report:1.4"}
    return Job(**{"name": name, "project": "reports", **image, **fields})


def stored(job: Job | None = None, **changes: Any) -> StoredJob:
    """A job that was applied at noon."""
    job = job or a_job()
    own = OWN_DEFINITION if job.image else None
    return replace(StoredJob(job, NOON, NOON, task_definition_arn=own), **changes)


class Jobs(InMemoryJobStore):
    """The jobs table with these jobs. `reads` counts the calls that read one."""

    def __init__(self, *jobs: StoredJob) -> None:
        super().__init__()
        self.reads = 0
        self.is_down = False
        for each in jobs:
            self.write_job(each)

    def find_job(self, name: str) -> StoredJob | None:
        if self.is_down:
            raise StoreUnavailableError("the jobs table is down")
        self.reads += 1
        return super().find_job(name)
