"""Prepare a run: read its execution's input, record the run, and return the values that the state machine needs.

The execution has begun, wherever it was started. So the record has its input and its time before a task runs. It is
folded like any other state of the execution, so a second call is harmless.

The input of a run of a job holds only what was asked for. The job is read here, so that all starts, through whatever
door, are runs of the job as it is now.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fargate_runs.ports import Clock, RunStore, UnreadableRecordError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.attempts import Plan
from fargate_runs.runs.overrides import overrides_in_pieces
from fargate_runs.runs.request import Capacity, RunRequest
from fargate_runs.runs.run_folding import OfJob, with_execution
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.folding import fold_run

if TYPE_CHECKING:
    from fargate_runs.jobs.job import Concurrency
    from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
    from fargate_runs.usecases.slots.admission import Admission


@dataclass(frozen=True, slots=True)
class Defaults:
    """The stack's defaults for a run."""

    timeout_seconds: int
    retries: int
    retry_interval_seconds: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared run. `unreadable_record`: its record cannot be read, so it does not show the execution.

    The repr never shows the overrides, because they contain environment values.
    """

    run_id: str
    task_definition: str
    timeout_seconds: int
    container: str
    plan: Plan
    overrides: tuple[str, ...] = field(repr=False)
    unreadable_record: bool = False

    def as_json(self) -> dict[str, object]:
        """Return the function's answer. `plan` changes from one attempt to the next."""
        return {
            "run": {
                "taskDefinition": self.task_definition,
                "timeoutSeconds": self.timeout_seconds,
                "container": self.container,
            },
            "overrides": list(self.overrides),
            "plan": self.plan.as_json(),
        }


@dataclass(frozen=True, slots=True)
class ForJobs:
    """What only runs of jobs need: their settings, and the question whether they may begin."""

    request: "RequestsOfJobs"
    admit: "Admission"


class PrepareRun:
    """The use case."""

    def __init__(
        self,
        store: RunStore,
        clock: Clock,
        *,
        definitions: AllowedDefinitions,
        for_jobs: ForJobs,
        container: str,
        token_variables: tuple[str, ...],
        defaults: Defaults,
    ) -> None:
        self._store = store
        self._clock = clock
        self._definitions = definitions
        self._for_jobs = for_jobs
        self._container = container
        self._token_variables = token_variables
        self._defaults = defaults

    def __call__(self, given: object, execution: Execution, pattern: Pattern) -> Prepared:
        """Prepare the run of an execution that has begun. `given` is its input, of any type.

        Raises InvalidRunRequestError, StoreUnavailableError or UnreadableJobError; if the job has a limit, also the
        errors of Admission. After StoreUnavailableError the call may be repeated. A refused input is not recorded. The
        run is recorded with its error when its execution has failed.
        """
        asked = RunRequest.from_input(given, pattern, token_variables=self._token_variables)
        request, task_definition, concurrency = self._resolved(asked, execution)
        deadline = self._deadline(request, execution)
        is_recorded = self._record(asked, execution, deadline, takes_slot=concurrency is not None)
        if asked.job and concurrency:
            self._for_jobs.admit(execution, asked.job, concurrency, is_forced=asked.is_forced, deadline=deadline)
        return self._prepared(request, task_definition, execution, deadline, is_recorded=is_recorded)

    def _resolved(self, asked: RunRequest, execution: Execution) -> "tuple[RunRequest, str, Concurrency | None]":
        """The request with the settings of its job, its task definition, and the limit of its job."""
        if asked.job is None:
            self._definitions.check(asked)
            return asked, self._definitions.resolve(asked.task_definition), None
        of_job = self._for_jobs.request(asked, execution.started_at)
        own = of_job.task_definition
        definition = own or self._definitions.resolve(of_job.request.task_definition)
        return of_job.request, definition, of_job.concurrency

    def _deadline(self, request: RunRequest, execution: Execution) -> datetime | None:
        if request.total_timeout_seconds is None:
            return None
        began = execution.started_at or self._clock.now()
        return began + timedelta(seconds=request.total_timeout_seconds)

    def _record(self, asked: RunRequest, execution: Execution, deadline: datetime | None, *, takes_slot: bool) -> bool:
        """Record the run; returns False if its record cannot be read. The run starts all the same."""

        def noted(stands: RunRecord | None) -> RunRecord:
            given = asked.recorded_input()
            run = with_execution(stands, execution, asked.pattern, given, of_job=of_job, deadline=deadline)
            if run.execution_arn != execution.arn:
                return run
            if run.queued_at and not takes_slot:  # the limit is gone, so nothing has to be asked
                return replace(run, admitted_at=run.admitted_at or self._clock.now())
            return replace(run, takes_slot=run.takes_slot or takes_slot)

        of_job = OfJob(asked.job, asked.schedule, asked.scheduled_time) if asked.job else None

        try:
            fold_run(self._store, execution.name, noted)
        except UnreadableRecordError:
            return False
        return True

    def _prepared(
        self,
        request: RunRequest,
        task_definition: str,
        execution: Execution,
        deadline: datetime | None,
        *,
        is_recorded: bool,
    ) -> Prepared:
        defaults = self._defaults
        limit = _or(request.timeout_seconds, defaults.timeout_seconds)
        plan = Plan.first(
            request.capacity or Capacity.ON_DEMAND,
            _or(request.retries, defaults.retries),
            request.retry_on_exit_codes or (),
            defaults.retry_interval_seconds,
        )
        plan = replace(plan, retry_on_any=request.retry_on_any).limited(limit, deadline, self._clock.now())
        timeout_seconds = plan.timeout_seconds or limit
        overrides = overrides_in_pieces(
            request,
            container=self._container,
            run_id=execution.name,
            execution_arn=execution.arn,
            timeout_seconds=timeout_seconds,
        )
        return Prepared(
            run_id=execution.name,
            task_definition=task_definition,
            timeout_seconds=timeout_seconds,
            container=self._container,
            plan=plan,
            overrides=overrides,
            unreadable_record=not is_recorded,
        )


def _or(given: int | None, default: int) -> int:
    return default if given is None else given
