"""Prepare a run: read what its execution was asked for, record it, and say what the state machine needs.

The execution has begun, by whatever door: so its record says who, what and when before a task runs. What stands is
folded in like any other state of the execution, which makes a second call harmless.
"""

from dataclasses import dataclass, field

from fargate_runs.ports import RunStore, UnreadableRecordError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.attempts import Plan
from fargate_runs.runs.overrides import overrides_in_pieces
from fargate_runs.runs.request import Capacity, RunRequest
from fargate_runs.runs.run_state import RunRecord, with_execution
from fargate_runs.usecases.folding import fold_run


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the stack gives a run that asks for nothing else."""

    timeout_seconds: int
    retries: int
    retry_interval_seconds: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that may begin. `unreadable_record` says that its record cannot be read, so that it shows nothing of this.

    Its repr never shows the overrides: they have environment values in them.
    """

    run_id: str
    task_definition: str
    timeout_seconds: int
    container: str
    plan: Plan
    overrides: tuple[str, ...] = field(repr=False)
    unreadable_record: bool = False

    def as_json(self) -> dict[str, object]:
        """What the function answers. `plan` changes from one attempt to the next."""
        return {
            "run": {
                "taskDefinition": self.task_definition,
                "timeoutSeconds": self.timeout_seconds,
                "container": self.container,
            },
            "overrides": list(self.overrides),
            "plan": self.plan.as_json(),
        }


class PrepareRun:
    """The use case."""

    def __init__(
        self,
        store: RunStore,
        *,
        definitions: AllowedDefinitions,
        container: str,
        token_variables: tuple[str, ...],
        defaults: Defaults,
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._container = container
        self._token_variables = token_variables
        self._defaults = defaults

    def __call__(self, given: object, execution: Execution, pattern: Pattern) -> Prepared:
        """Prepare the run of an execution that has begun. `given` is its input, whatever that is.

        Raises InvalidRunRequestError, and StoreUnavailableError, after which the same call may be made again. A refused
        input is not recorded: the run is, with its error, when its execution has failed.
        """
        request = RunRequest.from_input(given, pattern, token_variables=self._token_variables)
        self._definitions.check(request)
        return self._prepared(request, execution, is_recorded=self._record(request, execution))

    def _record(self, request: RunRequest, execution: Execution) -> bool:
        """Whether the run's record shows it. One that cannot be read holds up nothing."""

        def noted(stands: RunRecord | None) -> RunRecord:
            return with_execution(stands, execution, request.pattern, request.recorded_input())

        try:
            fold_run(self._store, execution.name, noted)
        except UnreadableRecordError:
            return False
        return True

    def _prepared(self, request: RunRequest, execution: Execution, *, is_recorded: bool) -> Prepared:
        defaults = self._defaults
        timeout_seconds = _or(request.timeout_seconds, defaults.timeout_seconds)
        plan = Plan.first(
            request.capacity or Capacity.ON_DEMAND,
            _or(request.retries, defaults.retries),
            request.retry_on_exit_codes or (),
            defaults.retry_interval_seconds,
        )
        overrides = overrides_in_pieces(
            request,
            container=self._container,
            run_id=execution.name,
            execution_arn=execution.arn,
            timeout_seconds=timeout_seconds,
        )
        return Prepared(
            run_id=execution.name,
            task_definition=self._definitions.resolve(request.task_definition),
            timeout_seconds=timeout_seconds,
            container=self._container,
            plan=plan,
            overrides=overrides,
            unreadable_record=not is_recorded,
        )


def _or(given: int | None, default: int) -> int:
    return default if given is None else given
