"""The request for one run. The API and `prepare_run`, with which every execution begins, read it here."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.reading import lenient
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.fargate_sizes import MEMORY_FOR, go_together, memory_words
from fargate_runs.runs.overrides_length import too_long

#: The variables that the machines set, or that may hold a token. The stack may name more variables for tokens.
RESERVED_VARIABLES: Final = (
    "RUN_ID",
    "RUN_EXECUTION_ARN",
    "RUN_ATTEMPT",
    "RUN_TIMEOUT_SECONDS",
    "RUN_JOB",
    "RUN_SCHEDULED_TIME",
    "TASK_TOKEN",
    "TASK_TOKEN_ENV_VARIABLE",
)
MOST_KEYS: Final = 50  # more are not looked at one by one
MOST_COMMANDS: Final = 1_000
MOST_VARIABLES: Final = 300  # no more fit into the overrides, however short they are
MOST_RETRIES: Final = 10
LARGEST_EXIT_CODE: Final = 255
LONGEST_TIMEOUT: Final = 99_999_999  # seconds, Step Functions' own limit (fact B27)
_LONGEST_SHOWN: Final = 80  # characters of a name in a problem

ANY: Final = "any"  # of retryOnExitCodes: every failure of the container
JOB_NAME: Final = re.compile(r"(?!.*--)[a-z][a-z0-9-]{0,37}(?<!-)")
SCHEDULE_NAME: Final = re.compile(r"(?!.*--)[a-z][a-z0-9-]{0,23}(?<!-)")
_JOB: Final = "job"
_ONLY_WITH_A_JOB: Final = ("schedule", "scheduledTime", "force")
_PATTERN: Final = "pattern"
_NO_OBJECT: Final = 'the input must be a JSON object, such as {"commands": ["echo", "hello"]}'
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TASK_DEFINITION: Final = re.compile(
    r"(arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:task-definition/)?[A-Za-z0-9_-]{1,255}(:\d{1,9})?"
)


class Capacity(StrEnum):
    """Where a run's tasks may run."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    SPOT_FIRST = "spot-first"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A valid request for one run. None stands for the default of its job, else of the stack.

    `retry_on_any`: every failure of the container is tried again, whatever its exit code. A scheduled run of a job has
    its `schedule` and its `scheduled_time`. `is_forced` lets the run in above the limit of its job. The repr never
    shows environment values.
    """

    commands: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    task_definition: str | None = None
    cpu: str | None = None
    memory: str | None = None
    capacity: Capacity | None = None
    timeout_seconds: int | None = None
    retries: int | None = None
    retry_on_exit_codes: tuple[int, ...] | None = None
    pattern: Pattern = Pattern.CALLBACK
    retry_on_any: bool = False
    total_timeout_seconds: int | None = None
    job: str | None = None
    schedule: str | None = None
    scheduled_time: datetime | None = None
    is_forced: bool = False

    @classmethod
    def from_mapping(
        cls, body: Mapping[str, object], *, require_commands: bool = True, token_variables: Collection[str] = ()
    ) -> "RunRequest":
        """Reads a request to the API: an execution's input, with or without `pattern`.

        `token_variables` are reserved in its environment too: a value there would be taken for a task token.
        Raises InvalidRunRequestError with every problem at once, each naming the key, what is wrong and what is right.
        """
        _raise(_problems(body, _CHECKS, token_variables, require_commands=require_commands))
        return cls._read(body)

    @classmethod
    def from_input(cls, given: object, pattern: Pattern, *, token_variables: Collection[str] = ()) -> "RunRequest":
        """Reads an execution's input, of any type. The machine decides the pattern, so `pattern` is no key of it.

        The task definition may have its own command, so `commands` is optional. Raises as `from_mapping` does.
        """
        if not isinstance(given, Mapping):
            raise InvalidRunRequestError((_NO_OBJECT,))
        checks = {key: check for key, check in _CHECKS.items() if key != _PATTERN}
        _raise(_problems(given, checks, token_variables, pattern, require_commands=False))
        return cls._read({**given, _PATTERN: pattern})

    @classmethod
    def _read(cls, body: Mapping[str, object]) -> "RunRequest":
        """Reads a body without problems."""
        commands, environment = body.get("commands"), body.get("environment")
        capacity, pattern = body.get("capacity"), body.get("pattern")
        timeout, retries, codes = body.get("timeoutSeconds"), body.get("retries"), body.get("retryOnExitCodes")
        return cls(
            commands=tuple(map(str, commands)) if isinstance(commands, list) else None,
            environment=dict(environment) if isinstance(environment, Mapping) else {},
            task_definition=_text_or_none(body.get("taskDefinition")),
            cpu=_text_or_none(body.get("cpu")),
            memory=_text_or_none(body.get("memory")),
            capacity=Capacity(str(capacity)) if capacity is not None else None,
            timeout_seconds=lenient.whole_number(timeout),
            retries=lenient.whole_number(retries),
            retry_on_exit_codes=tuple(map(int, codes)) if isinstance(codes, list) else None,
            pattern=Pattern(str(pattern)) if pattern is not None else Pattern.CALLBACK,
            retry_on_any=codes == ANY,
            total_timeout_seconds=lenient.whole_number(body.get("totalTimeoutSeconds")),
            job=_text_or_none(body.get(_JOB)),
            schedule=_text_or_none(body.get("schedule")),
            scheduled_time=_whole_seconds(body.get("scheduledTime")),
            is_forced=body.get("force") is True,
        )

    def execution_input(self) -> dict[str, object]:
        """Returns the input of the state machine: only what was asked for, because `prepare_run` knows the defaults."""
        return self._without_nones(environment=dict(self.environment) or None)

    def recorded_input(self) -> dict[str, object]:
        """Returns the input as it is stored and shown: with the names of the environment, never its values."""
        given = {**dict.fromkeys(RECORDED_KEYS), **self._without_nones(environment=None)}
        return {**given, "environmentNames": sorted(self.environment)}

    def _without_nones(self, *, environment: Mapping[str, str] | None) -> dict[str, object]:
        codes = list(self.retry_on_exit_codes) if self.retry_on_exit_codes is not None else None
        values: dict[str, object] = {
            "commands": list(self.commands) if self.commands is not None else None,
            "environment": environment,
            "taskDefinition": self.task_definition,
            "cpu": self.cpu,
            "memory": self.memory,
            "capacity": self.capacity.value if self.capacity else None,
            "timeoutSeconds": self.timeout_seconds,
            "retries": self.retries,
            "retryOnExitCodes": ANY if self.retry_on_any else codes,
            "totalTimeoutSeconds": self.total_timeout_seconds,
            "job": self.job,
            "schedule": self.schedule,
            "scheduledTime": iso_seconds(self.scheduled_time) if self.scheduled_time else None,
            "force": self.is_forced or None,
        }
        return {key: value for key, value in values.items() if value is not None}


def iso_seconds(moment: datetime) -> str:
    """Returns ISO 8601 in whole seconds, as EventBridge Scheduler writes a scheduled time."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _whole_seconds(value: object) -> datetime | None:
    moment = lenient.time(value)
    return moment.replace(microsecond=0) if moment else None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _raise(problems: Iterator[str]) -> None:
    found = tuple(problems)
    if found:
        raise InvalidRunRequestError(found)


def _problems(
    body: Mapping[str, object],
    checks: Mapping[str, "_Check"],
    token_variables: Collection[str],
    pattern: Pattern | None = None,
    *,
    require_commands: bool,
) -> Iterator[str]:
    """Yields the problems of a body. Without `pattern` the body names the pattern."""
    if len(body) > MOST_KEYS:
        yield f"the request has {len(body)} keys; the keys are {', '.join(checks)}"
        return
    yield from _unknown_keys(body, checks)
    yield from _apart_from_their_job(body)
    if require_commands and "commands" not in body and _JOB not in body:
        yield 'commands: is missing; give the command as a list of texts, such as ["python", "-c", "print(1)"]'
    reserved = tuple(dict.fromkeys((*RESERVED_VARIABLES, *token_variables)))
    wrong = [*_reserved_names(body, reserved), *_wrong_values(body, checks)]
    yield from wrong
    if not wrong:
        yield from size_for_fargate(body)
        yield from too_long(body, pattern or body.get(_PATTERN, Pattern.CALLBACK))


def _wrong_values(body: Mapping[str, object], checks: Mapping[str, "_Check"]) -> Iterator[str]:
    for key, check in checks.items():
        if key in body:
            yield from (f"{key}: {problem}" for problem in check(body[key]))


def _reserved_names(body: Mapping[str, object], reserved: Sequence[str]) -> Iterator[str]:
    environment = body.get("environment")
    for name in reserved:
        if isinstance(environment, Mapping) and name in environment:
            yield (
                f"environment: {name} is set by the application itself or may hold a task token; choose another name"
                f" than {', '.join(reserved)}"
            )


def _unknown_keys(body: Mapping[str, object], checks: Mapping[str, "_Check"]) -> Iterator[str]:
    for key in body:
        if key not in checks:
            yield f"{_shown(key)}: is not known; the keys are {', '.join(checks)}"


def _apart_from_their_job(body: Mapping[str, object]) -> Iterator[str]:
    """Yields the problems of keys that only a run of a job may have, or that go together."""
    for key in _ONLY_WITH_A_JOB:
        if key in body and _JOB not in body:
            yield f"{key}: goes only with job; name the job, or leave it out"
    if _JOB in body and "taskDefinition" in body:
        yield "taskDefinition: is the job's; leave it out, or leave out job"
    if ("schedule" in body) != ("scheduledTime" in body):
        yield "schedule, scheduledTime: go only together; give both, or none"


def _commands(value: object) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield 'must be a list of at least one text, such as ["python", "job.py"]'
    elif len(value) > MOST_COMMANDS:
        yield f"has {len(value)} parts, and {MOST_COMMANDS} is the most; put what is long into a file, S3 or the image"
    elif not all(isinstance(each, str) for each in value):
        yield "every part must be a text; write numbers in quotes"
    elif not all(_sendable(each) for each in value):
        yield f"every part must be {_SENDABLE}"


def _environment(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield 'must be an object of names and texts, such as {"STAGE": "test"}'
        return
    if len(value) > MOST_VARIABLES:
        yield f"has {len(value)} variables, and {MOST_VARIABLES} is the most; put what is long into S3 or SSM"
        return
    for name, content in value.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            yield f"{_shown(name)!r} is no name for a variable; use letters, digits and underscores, no digit first"
        elif not isinstance(content, str):
            yield f"{name[:80]} must have a text as its value; write numbers and true or false in quotes"
        elif not _sendable(content):
            yield f"the value of {name[:80]} must be {_SENDABLE}"


def _shown(name: object) -> str:
    return lenient.text(str(name), _LONGEST_SHOWN) or ""


_SENDABLE: Final = "Unicode text without the character NUL: encode what is binary, with Base64 for instance"


def _sendable(value: object) -> bool:
    """Returns whether a text survives JSON, UTF-8 and a process's arguments."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.encode("utf-8", "replace").decode("utf-8") == value


def _task_definition(value: object) -> Iterator[str]:
    if not isinstance(value, str) or not _TASK_DEFINITION.fullmatch(value):
        yield "must be a task definition: its ARN, family or family:revision"


def _cpu(value: object) -> Iterator[str]:
    if not isinstance(value, str) or value not in MEMORY_FOR:
        yield f"must be one of {_quoted(MEMORY_FOR)} as a text (1024 is one vCPU)"


def _memory(value: object) -> Iterator[str]:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{2,5}", value):
        yield 'must be MiB as digits in a text, such as "1024"'


def _one_of(kinds: type[StrEnum]) -> "_Check":
    def check(value: object) -> Iterator[str]:
        if not isinstance(value, str) or value not in list(kinds):
            yield f"must be one of {_quoted(kinds)}"

    return check


def _whole_number(least: int, most: int, what: str) -> "_Check":
    def check(value: object) -> Iterator[str]:
        if not _is_whole(value, least, most):
            yield f"must be a whole number{what} from {least} to {most}"

    return check


def _is_whole(value: object, least: int, most: int) -> bool:
    """Returns whether it is a whole number. JSON has one kind of numbers, so 60.0 is as whole as 60."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    number = lenient.whole_number(value) if is_number else None
    return number is not None and least <= number <= most


def _exit_codes(value: object) -> Iterator[str]:
    if value == ANY:
        return
    if isinstance(value, list) and len(value) > LARGEST_EXIT_CODE:
        yield f"has {len(value)} codes, and {LARGEST_EXIT_CODE} is the most: there are no others"
    elif not isinstance(value, list) or not all(_is_whole(each, 1, LARGEST_EXIT_CODE) for each in value):
        yield f'must be a list of whole numbers from 1 to {LARGEST_EXIT_CODE}, such as [75, 137], or the text "{ANY}"'


def _name(rule: re.Pattern[str], longest: int) -> "_Check":
    def check(value: object) -> Iterator[str]:
        if not isinstance(value, str) or not rule.fullmatch(value):
            yield (
                f"must be a name of 1 to {longest} characters: a to z, digits and single hyphens, a letter first, no"
                " hyphen last"
            )

    return check


def _scheduled_time(value: object) -> Iterator[str]:
    try:
        is_moment = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        is_moment = False
    if not is_moment or lenient.time(value) is None:
        yield "must be a time with its offset, such as 2026-11-30T06:00:00Z"


def _yes_or_no(value: object) -> Iterator[str]:
    if not isinstance(value, bool):
        yield "must be true or false"


_Check = Callable[[object], Iterator[str]]
_CHECKS: Final[Mapping[str, _Check]] = {
    _PATTERN: _one_of(Pattern),
    "commands": _commands,
    "environment": _environment,
    "taskDefinition": _task_definition,
    "cpu": _cpu,
    "memory": _memory,
    "capacity": _one_of(Capacity),
    "timeoutSeconds": _whole_number(1, LONGEST_TIMEOUT, " of seconds"),
    "retries": _whole_number(0, MOST_RETRIES, ""),
    "retryOnExitCodes": _exit_codes,
    "totalTimeoutSeconds": _whole_number(1, LONGEST_TIMEOUT, " of seconds"),
    _JOB: _name(JOB_NAME, 38),
    "schedule": _name(SCHEDULE_NAME, 24),
    "scheduledTime": _scheduled_time,
    "force": _yes_or_no,
}
RECORDED_KEYS: Final = (
    "commands",
    "taskDefinition",
    "cpu",
    "memory",
    "capacity",
    "timeoutSeconds",
    "retries",
    "retryOnExitCodes",
    "totalTimeoutSeconds",
    _JOB,
    "schedule",
    "scheduledTime",
    "force",
)


def _quoted(values: object) -> str:
    return ", ".join(f'"{each}"' for each in values)  # type: ignore[attr-defined]


def size_for_fargate(body: Mapping[str, object]) -> Iterator[str]:
    """Yields the problem of a cpu and a memory that do not go together. One of them alone is not checked here."""
    cpu, memory = body.get("cpu"), body.get("memory")
    if not isinstance(cpu, str) or not isinstance(memory, str):
        return
    if not go_together(cpu, memory):
        yield f'memory: "{memory}" does not go with cpu "{cpu}" on Fargate; use {memory_words(cpu)}'
