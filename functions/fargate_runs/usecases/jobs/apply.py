"""Apply a job: bring what is stored, and what AWS has of it, to a definition.

    1 the definition is checked, and the project
    2 a task definition is registered, if its content changed     crash: a revision that nothing uses
    3 the job is written: from here on it is the new one          crash: its schedules are pending
    4 the limit is set at the gate
    5 the timers are put and removed
    6 the job says that its schedules are no longer pending

Before step 3 the job is whole and old, after it whole and new. Each step may be repeated, so the same definition
applied again finishes what a crash has left.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from fargate_runs.answers.job_answer import changes_of, fires_of, job_answer
from fargate_runs.errors import JobChangedError, JobNotAppliedError, JobOwnedByAnotherError
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.job import Job, JobSchedule, StoredJob
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.task_definition import OwnTaskDefinition, digest_of, task_definition_of
from fargate_runs.ports import Clock, TaskDefinitionRefusedError, TimerRefusedError
from fargate_runs.ports.jobs import JobStore, JobTaskDefinitions
from fargate_runs.usecases.jobs.schedules import PutTimers, wanted_timers

SetLimit = Callable[[str, int | None], object]
"""Sets the limit of a job at its gate; None takes it away. It may be repeated."""
_OLD_STANDS: Final = "Nothing of it was changed"
_NEW_STANDS: Final = "Its definition is stored, and its schedules are not yet all as it says; apply it again"


class Change(StrEnum):
    """What applying does to a job, or to a schedule."""

    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to do: `new` is to replace `old`. `definition` is to be registered, if there is one."""

    old: StoredJob | None
    new: StoredJob
    definition: dict[str, object] | None

    @property
    def change(self) -> Change:
        if self.old is None:
            return Change.CREATE
        is_same = self.old.job == self.new.job and self.definition is None and not self.old.are_schedules_pending
        return Change.NONE if is_same else Change.UPDATE


class ApplyJob:
    """The use case."""

    def __init__(
        self,
        jobs: JobStore,
        definitions: JobTaskDefinitions,
        put_timers: PutTimers,
        set_limit: SetLimit,
        clock: Clock,
        *,
        rules: JobRules,
        own: OwnTaskDefinition,
    ) -> None:
        self._jobs = jobs
        self._definitions = definitions
        self._put_timers = put_timers
        self._set_limit = set_limit
        self._clock = clock
        self._rules = rules
        self._own = own

    def __call__(self, name: str, body: object, *, is_dry_run: bool = False) -> dict[str, object]:
        """Apply a definition, or only say what that would change.

        Raises InvalidJobError, JobOwnedByAnotherError, JobChangedError, JobNotAppliedError, UnreadableJobError,
        StoreUnavailableError, TaskDefinitionUnavailableError or TimersUnavailableError.
        """
        job = read_job(name, body, self._rules)
        now = self._clock.now()
        plan = self._plan(job, self._jobs.find_job(name), now)
        stands = plan.new if is_dry_run or plan.change is Change.NONE else self._carry_out(plan)
        return _answer(plan, stands, now)

    def _plan(self, job: Job, found: StoredJob | None, now: datetime) -> _Plan:
        old = None if found is None or found.is_deleted else found
        if old and old.job.project != job.project:
            raise JobOwnedByAnotherError(job.name, old.job.project)
        definition = task_definition_of(job, self._own) if job.image else None
        digest = digest_of(definition) if definition else None
        is_registered = old is not None and old.definition_digest == digest
        new = StoredJob(
            job,
            created_at=old.created_at if old else now,
            updated_at=now if old is None or old.job != job or not is_registered else old.updated_at,
            task_definition_arn=old.task_definition_arn if old and is_registered else None,
            definition_digest=digest,
            paused_at=old.paused_at if old else None,
            resumed_at=old.resumed_at if old else None,
            timers=found.timers if found else (),
            late_since=_late_since(old, job),
            revision=found.revision if found else 0,
        )
        return _Plan(old, new, None if is_registered else definition)

    def _carry_out(self, plan: _Plan) -> StoredJob:
        new, name = plan.new, plan.new.job.name
        if plan.definition:
            new = replace(new, task_definition_arn=self._register(name, plan.definition))
        timers = tuple(sorted({*new.timers, *wanted_timers(new)}))
        new = replace(new, are_schedules_pending=True, timers=timers)
        if self._jobs.write_job(new) is not None:
            raise JobChangedError(name)
        new = replace(new, revision=new.revision + 1)
        self._set_limit(name, new.job.concurrency.limit if new.job.concurrency else None)
        try:
            return self._put_timers(new)
        except TimerRefusedError as error:
            raise JobNotAppliedError(name, str(error), _NEW_STANDS) from error

    def _register(self, name: str, definition: dict[str, object]) -> str:
        try:
            return self._definitions.register(definition)
        except TaskDefinitionRefusedError as error:
            raise JobNotAppliedError(name, str(error), _OLD_STANDS) from error


def _late_since(old: StoredJob | None, job: Job) -> datetime | None:
    """An alarm that stands goes on only if nobody has changed it."""
    if old is None or old.job.no_success_for_seconds != job.no_success_for_seconds:
        return None
    return old.late_since


def _answer(plan: _Plan, stands: StoredJob, now: datetime) -> dict[str, object]:
    old = plan.old.job if plan.old else None
    changes = changes_of(old, plan.new.job)
    if plan.old and plan.definition and old == plan.new.job:
        changes.append({"field": "taskDefinitionArn", "from": plan.old.task_definition_arn, "to": "(new)"})
    if plan.old and plan.old.are_schedules_pending:
        changes.append({"field": "schedulesPending", "from": True, "to": False})
    return {
        "job": job_answer(stands, now),
        "change": plan.change.value,
        "changes": changes,
        "schedules": list(_schedules(old, plan.new.job, now)),
    }


def _schedules(old: Job | None, new: Job, now: datetime) -> list[dict[str, object]]:
    before = {each.name: each for each in old.schedules} if old else {}
    after = {each.name: each for each in new.schedules}
    return [
        {
            "name": name,
            "change": _schedule_change(before.get(name), after.get(name)).value,
            "nextFires": fires_of(after[name], now) if name in after else [],
        }
        for name in dict.fromkeys((*after, *before))
    ]


def _schedule_change(old: JobSchedule | None, new: JobSchedule | None) -> Change:
    if new is None:
        return Change.REMOVE
    if old is None:
        return Change.CREATE
    return Change.NONE if old == new else Change.UPDATE
