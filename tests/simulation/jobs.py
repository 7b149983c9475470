"""Jobs with a limit: in some worlds runs are of one, through every door, and somebody changes the limits meanwhile."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.job_items import job_item
from fargate_runs.jobs.job import Concurrency, Job, Policy, StoredJob
from tests.simulation.attempts import RunSpec, Says
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.faults import FaultPlan
from tests.simulation.profile import MACHINE_OF, spec_of
from tests.simulation.scheduler import BEGINNING, Scheduler

_NAMES: Final = ("alpha", "beta", "gamma")
_FOREVER: Final = 4_000_000_000  # seconds of Unix time


@dataclass(eq=False, slots=True)
class Limited:
    """A job: its policy, and every limit that it has had, the newest one last; None for none."""

    name: str
    policy: Policy
    limits: list[int | None] = field(default_factory=list)

    @property
    def most(self) -> int | None:
        """How many runs may ever have gone on at a time; None for any number."""
        known = [each for each in self.limits if each is not None]
        return max(known) if len(known) == len(self.limits) else None


class Jobs:
    """By chances of their own, so that worlds without jobs stay what they were."""

    def __init__(self, chances: Random, scheduler: Scheduler, plan: FaultPlan, table: DynamoDb) -> None:
        self.chances = chances
        self._scheduler = scheduler
        self._plan = plan
        self._table = table
        #: The part of the runs of our machines that are of a job.
        self.share = chances.choice((0.0, 0.0, 0.6, 1.0))
        self.forced = chances.choice((0.0, 0.1))
        self.changes = chances.choice((0, 0, 1, 3))
        #: More runs of jobs than the world has anyway: few of them come together.
        self.more_runs = self.chances.choice((0, 3, 6)) if self.share else 0
        self.all: dict[str, Limited] = {}
        self._given: dict[str, Mapping[str, Any]] = {}

    def begin(self) -> None:
        """Write the definitions, and plan when they change."""
        if not self.share:
            return
        for name in _NAMES[: 1 + int(self.chances.random() * len(_NAMES))]:
            self.all[name] = Limited(name, self.chances.choice(tuple(Policy)))
            self._limit(name, self.chances.choice((1, 1, 2, 3)))
        for _ in range(self.changes):
            self._scheduler.after(self.chances.random() * 500, self._change)

    def _change(self) -> None:
        name = self.chances.choice(list(self.all))
        if not self._plan.is_over:
            self._limit(name, None if self.chances.random() < 0.1 else 1 + int(self.chances.random() * 4))

    def _limit(self, name: str, limit: int | None) -> None:
        job = self.all[name]
        job.limits.append(limit)
        concurrency = Concurrency(limit, job.policy) if limit is not None else None
        stored = StoredJob(Job(name, "simulated", concurrency=concurrency), BEGINNING, BEGINNING)
        stored = replace(stored, revision=len(job.limits) - 1)
        item: Any = serialized(job_item(stored, expires_at=_FOREVER))
        self._table.put_item(TableName=self._table.name, Item=item)

    def spec_of(self, name: str) -> RunSpec:
        """One more run of one of our machines."""
        spec = replace(spec_of(self.chances, name), says=Says.ALL, token_variable="TASK_TOKEN")
        return replace(spec, machine_arn=MACHINE_OF[spec.pattern], items=0, tolerates_failures=False)

    # ---- runs of jobs --------------------------------------------------------------------------------------------

    def input_of(self, run_id: str) -> str:
        """What somebody starts an execution with: the same for the same run."""
        if run_id not in self._given:
            self._given[run_id] = self.asked()
        return json.dumps(self._given[run_id])

    def asked(self) -> Mapping[str, Any]:
        """The keys of a start that name a job; none of another run."""
        if not self.all or self.chances.random() >= self.share:
            return {}
        force = {"force": True} if self.chances.random() < self.forced else {}
        return {"job": self.chances.choice(list(self.all)), **force}
