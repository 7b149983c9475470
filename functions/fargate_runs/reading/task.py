"""An ECS task as this application sees it, read leniently from an event or from DescribeTasks.

It keeps only these values of the environment in the overrides: the task token, RUN_ID, RUN_EXECUTION_ARN, RUN_ATTEMPT
and RUN_TIMEOUT_SECONDS.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fargate_runs.errors import MalformedTaskError
from fargate_runs.reading import lenient
from fargate_runs.reading.tokens import TOKEN_VARIABLE, token_of

DEFAULT_TOKEN_VARIABLES: Final = (TOKEN_VARIABLE, "TASK_TOKEN_ENV_VARIABLE")
RUN_ID_VARIABLE: Final = "RUN_ID"
EXECUTION_ARN_VARIABLE: Final = "RUN_EXECUTION_ARN"
ATTEMPT_VARIABLE: Final = "RUN_ATTEMPT"
TIMEOUT_VARIABLE: Final = "RUN_TIMEOUT_SECONDS"
STOPPED: Final = "STOPPED"
_ENDED: Final = frozenset({STOPPED, "DELETED"})  # DescribeTasks may show DELETED after STOPPED (fact B44)

_INJECTED_PREFIXES: Final = ("aws-guardduty-agent-", "ecs-service-connect-")
_LONGEST_TOKEN: Final = 2_048  # fact B30
_LONGEST_RUN_ID: Final = 256
_LONGEST_ARN: Final = 1_024
_LONGEST_NAME: Final = 255
_LONGEST_TIMEOUT: Final = 99_999_999  # seconds, Step Functions' own limit (fact B27)
_LARGEST_KEY: Final = 2_048  # bytes of a key of DynamoDB, which an id becomes


def is_injected(container: str) -> bool:
    """Returns whether AWS added this container to the task. Such a container never counts."""
    return container.startswith(_INJECTED_PREFIXES)


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task. `exit_code` is None while it runs, and if it never started (fact B3).

    `has_runtime` says that its host made the container: it has a runtime id, ports, or an agent that ran in it.
    """

    name: str
    exit_code: int | None = None
    reason: str | None = None
    last_status: str | None = None
    has_runtime: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The times of a task's steps. A time is None if the task has not reached that step (fact B2)."""

    created_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None

    @classmethod
    def from_detail(cls, detail: Mapping[str, object]) -> "Timeline":
        """Reads the camelCase names of ECS and of our records."""
        return cls(**{ours: lenient.time(detail.get(theirs)) for ours, theirs in TIMELINE_NAMES.items()})

    def as_detail(self) -> dict[str, str | None]:
        """Returns the same as ISO texts under ECS's camelCase names."""
        return {theirs: lenient.iso(getattr(self, ours)) for ours, theirs in TIMELINE_NAMES.items()}


TIMELINE_NAMES: Final = {
    "created_at": "createdAt",
    "pull_started_at": "pullStartedAt",
    "pull_stopped_at": "pullStoppedAt",
    "started_at": "startedAt",
    "stopping_at": "stoppingAt",
    "execution_stopped_at": "executionStoppedAt",
    "stopped_at": "stoppedAt",
}
NOTHING_YET: Final = Timeline()


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task at one `version` (fact B9), as it is recorded. Its repr shows no value of the environment.

    `run_id` is RUN_ID, or the task id: a task without RUN_ID is a run of its own. `timeout_seconds` limits the life of
    the task, from its creation, whether or not anything waits for it.
    """

    task_arn: str
    cluster_arn: str
    version: int
    last_status: str
    run_id: str = field(repr=False)
    desired_status: str | None = None
    task_definition_arn: str | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    started_by: str | None = None
    capacity_provider_name: str | None = None
    cpu: str | None = None
    memory: str | None = None
    timeline: Timeline = NOTHING_YET
    main_container: str | None = None
    execution_arn: str | None = field(default=None, repr=False)
    timeout_seconds: int | None = field(default=None, repr=False)
    attempt: int | None = field(default=None, repr=False)

    @property
    def task_id(self) -> str:
        """The last part of the ARN, in its old and its new form (fact B4)."""
        return _task_id(self.task_arn)

    @property
    def has_ended(self) -> bool:
        """True if the status is STOPPED, or DELETED after it. Stop codes and exit codes appear earlier (fact B6)."""
        return self.last_status in _ENDED


@dataclass(frozen=True, slots=True)
class EcsTask(TaskState):
    """A TaskState with what only its outcome and its answer need. Its repr does not show the token either.

    `has_started` is true even if the time of the start cannot be read, as in a report whose values were removed.
    """

    has_started: bool = False
    containers: tuple[Container, ...] = ()
    token: str | None = field(default=None, repr=False)

    @property
    def state(self) -> TaskState:
        """Returns the part that is recorded."""
        return TaskState(**{name: getattr(self, name) for name in TaskState.__slots__})

    @classmethod
    def from_detail(
        cls, detail: Mapping[str, object], *, token_variables: Sequence[str] = DEFAULT_TOKEN_VARIABLES
    ) -> "EcsTask":
        """Reads an event's `detail` or one task of DescribeTasks. Times may be texts, datetimes or epoch numbers.

        Raises MalformedTaskError if taskArn, clusterArn, lastStatus or version cannot be used.
        """
        found = _Environment.of(detail, token_variables)
        task_arn = _arn(detail, "taskArn", ":task/")
        return cls(
            task_arn=task_arn,
            cluster_arn=_arn(detail, "clusterArn", ":cluster/"),
            version=_version(detail.get("version")),
            last_status=_status(detail),
            run_id=found.run_id or _task_id(task_arn),
            desired_status=lenient.text(detail.get("desiredStatus"), _LONGEST_NAME),
            task_definition_arn=lenient.text(detail.get("taskDefinitionArn"), _LONGEST_ARN),
            stop_code=lenient.text(detail.get("stopCode"), _LONGEST_NAME),
            stopped_reason=lenient.text(detail.get("stoppedReason")),
            started_by=lenient.text(detail.get("startedBy"), _LONGEST_NAME),
            capacity_provider_name=lenient.text(detail.get("capacityProviderName"), _LONGEST_NAME),
            cpu=_digits(detail.get("cpu")),
            memory=_digits(detail.get("memory")),
            timeline=Timeline.from_detail(detail),
            main_container=found.main_container,
            execution_arn=found.execution_arn,
            timeout_seconds=found.timeout_seconds,
            attempt=found.attempt,
            has_started=lenient.says_something(detail.get("startedAt")),
            containers=tuple(_containers(detail)),
            token=found.token,
        )


@dataclass(frozen=True, slots=True)
class _Environment:
    """The values from the overrides' environment. They may stand in any entry (fact B7)."""

    run_id: str | None
    execution_arn: str | None
    timeout_seconds: int | None
    attempt: int | None
    token: str | None = field(repr=False)
    main_container: str | None

    @classmethod
    def of(cls, detail: Mapping[str, object], token_variables: Sequence[str]) -> "_Environment":
        entries = tuple(_override_entries(detail))
        run_id, run_id_in = _first(entries, (RUN_ID_VARIABLE,), _LONGEST_RUN_ID)
        token, token_in = token_of(_tokens(entries, (TOKEN_VARIABLE, *token_variables), run_id_in))
        execution_arn, _ = _first(entries, (EXECUTION_ARN_VARIABLE,), _LONGEST_ARN)
        timeout, _ = _first(entries, (TIMEOUT_VARIABLE,), _LONGEST_NAME)
        attempt, _ = _first(entries, (ATTEMPT_VARIABLE,), _LONGEST_NAME)
        return cls(run_id, execution_arn, _counted(timeout), _counted(attempt), token, run_id_in or token_in)


def _override_entries(detail: Mapping[str, object]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields (container, its environment overrides), without the containers that AWS injects."""
    for entry in lenient.mappings(lenient.mapping(detail.get("overrides")).get("containerOverrides")):
        name = entry.get("name")
        if isinstance(name, str) and name and not is_injected(name):
            yield name, dict(_variables(entry.get("environment")))


def _variables(environment: object) -> Iterator[tuple[str, str]]:
    for variable in lenient.mappings(environment):
        name, value = variable.get("name"), variable.get("value")
        if isinstance(name, str) and isinstance(value, str):
            yield name, value


def _first(
    entries: Sequence[tuple[str, dict[str, str]]], names: Sequence[str], longest: int
) -> tuple[str | None, str | None]:
    """Returns (value, container) of the first of these names that has a usable value."""
    return next(_values(entries, names, longest), (None, None))


def _values(
    entries: Sequence[tuple[str, dict[str, str]]], names: Sequence[str], longest: int
) -> Iterator[tuple[str, str]]:
    """Yields (value, container), name by name. Skips values that are too long."""
    for name in names:
        for container, environment in entries:
            value = environment.get(name, "")
            if value and lenient.text(value, longest) == value and len(value.encode()) <= _LARGEST_KEY:
                yield value, container


def _tokens(
    entries: Sequence[tuple[str, dict[str, str]]], names: Sequence[str], main_container: str | None
) -> Iterator[tuple[str, str]]:
    """Yields (value, container), the main container's first: another one may have the token of another execution."""
    for is_main in (True, False):
        yield from _values([each for each in entries if (each[0] == main_container) is is_main], names, _LONGEST_TOKEN)


def _counted(value: str | None) -> int | None:
    """Returns a whole number from 1 to the longest limit, given as digits; None for anything else."""
    number = int(value) if value and value.isdecimal() else 0
    return number if 0 < number <= _LONGEST_TIMEOUT else None


def _containers(detail: Mapping[str, object]) -> Iterator[Container]:
    for entry in lenient.mappings(detail.get("containers")):
        name = lenient.text(entry.get("name"), _LONGEST_NAME)
        if name:
            yield Container(
                name=name,
                exit_code=lenient.whole_number(entry.get("exitCode")),
                reason=lenient.text(entry.get("reason")),
                last_status=lenient.text(entry.get("lastStatus"), _LONGEST_NAME),
                has_runtime=_has_runtime(entry),
            )


def _has_runtime(container: Mapping[str, object]) -> bool:
    """Returns whether a host made the container. Network interfaces do not show it: they exist before the container."""
    agents = lenient.mappings(container.get("managedAgents"))
    return bool(
        lenient.text(container.get("runtimeId"))
        or container.get("networkBindings")
        or any(each.get("lastStartedAt") for each in agents)
    )


def _arn(detail: Mapping[str, object], name: str, kind: str) -> str:
    value = lenient.text(detail.get(name), _LONGEST_ARN)
    if value is None or not value.startswith("arn:") or kind not in value or value.endswith("/"):
        raise MalformedTaskError(name, f"is missing or is no ARN with {kind!r} in it")
    return value


def _task_id(task_arn: str) -> str:
    return task_arn.rpartition("/")[2]


def _status(detail: Mapping[str, object]) -> str:
    value = lenient.text(detail.get("lastStatus"), _LONGEST_NAME)
    if value is None:
        raise MalformedTaskError("lastStatus", "is missing or is no text")
    return value


def _version(value: object) -> int:
    """Returns the version. It orders the writes, so nothing is guessed: absent is the oldest, a text is refused."""
    if value is None:
        return 0
    number = None if isinstance(value, str) else lenient.whole_number(value)
    if number is None or number < 0:
        raise MalformedTaskError("version", "is not a whole number")
    return number


def _digits(value: object) -> str | None:
    """Returns digits: cpu and memory are digits in a text, and ECS writes "null" for none (fact B3)."""
    number = lenient.whole_number(value)
    return None if number is None else str(number)


def from_pascal_case(task: Mapping[str, object]) -> dict[str, object]:
    """Turns the Task of Step Functions' ECS integration (PascalCase, fact B20) into an event's camelCase detail."""
    return {_camel(name): _camel_deep(value) for name, value in task.items()}


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _camel_deep(value: object) -> object:
    if isinstance(value, Mapping):
        return from_pascal_case(value)
    if isinstance(value, list):
        return [_camel_deep(each) for each in value]
    return value
