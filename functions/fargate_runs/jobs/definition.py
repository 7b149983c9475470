"""Reads and checks the definition of a job: the body of PUT /jobs/{name}, or a job of a file. Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from fargate_runs.errors import InvalidJobError, InvalidRunRequestError
from fargate_runs.jobs.expressions import next_fires
from fargate_runs.jobs.job import Concurrency, Job, JobSchedule, Policy
from fargate_runs.jobs.keys import BODY, NAME
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.values import Place, read_keys
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.fargate_sizes import MEMORY_FOR
from fargate_runs.runs.request import RESERVED_VARIABLES, RunRequest

#: The variables that a run of a job has beside those of every run.
JOB_VARIABLES: Final = ("RUN_JOB", "RUN_SCHEDULED_TIME")
LARGEST_DEFINITION: Final = 48_000  # characters of JSON; ECS takes 64 KB for a task definition
_EXPRESSIONS: Final = ("cron", "rate", "at")
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FEW_SIZES: Final = 4
_IN_THE_DEFINITION: Final = ("entrypoint", "secrets", "platform", "taskRole")


def read_job(name: str, body: object, rules: JobRules) -> Job:
    """Reads a definition: `project` and the keys of the job. The same body always gives the same Job.

    Raises InvalidJobError with every problem at once. The paths are those of the body; a wrong name has an empty path.
    """
    place = Place()
    job = check_job(place, name, body, rules)
    if job is None or place.problems:
        raise InvalidJobError(place.problems)
    return job


def check_job(place: Place, name: str, body: object, rules: JobRules) -> Job | None:
    """Does the same at a place in a larger document. Notes the problems; returns None if a value is wrong."""
    before = len(place.problems)
    named = Place(place.path)
    NAME.read(named, name)
    for each in named.problems:
        place.refuse(f"the name of the job {each.detail}")
    found = read_keys(place, body, BODY)
    _check_names(place, found, rules)
    _check_source(place, found)
    rules.check(place, found)
    _check_retries(place, found)
    _check_sizes(place, found, rules)
    _check_schedules(place, found)
    if len(place.problems) > before:
        return None
    _check_length(place, found)
    return _job(name, found)


def _job(name: str, found: Mapping[str, Any]) -> Job:
    retry_on = found.get("retryOn", {})
    return Job(
        name=name,
        project=found["project"],
        image=found.get("image"),
        task_definition=found.get("taskDefinition"),
        entrypoint=found.get("entrypoint") or None,
        command=found.get("command") or None,
        environment=found.get("environment", {}),
        secrets=found.get("secrets", {}),
        cpu=found.get("cpu"),
        memory=found.get("memory"),
        platform=found.get("platform"),
        task_role=found.get("taskRole"),
        capacity=found.get("capacity"),
        timeout_seconds=found.get("timeout"),
        total_timeout_seconds=found.get("totalTimeout"),
        retries=found.get("retries"),
        retry_on_exit_codes=retry_on.get("exitCodes", ()),
        retry_on_any=retry_on.get("any", False),
        pattern=found.get("pattern", Pattern.CALLBACK),
        schedules=tuple(map(_schedule, found.get("schedules", ()))),
        concurrency=_concurrency(found),
        no_success_for_seconds=found.get("alarm", {}).get("noSuccessFor"),
    )


def _concurrency(found: Mapping[str, Any]) -> Concurrency | None:
    given = found.get("concurrency")
    return Concurrency(given["limit"], given.get("policy", Policy.QUEUE)) if given else None


def _schedule(found: Mapping[str, Any]) -> JobSchedule:
    return JobSchedule(
        name=found["name"],
        expression=_expression(found),
        time_zone=found.get("timeZone", "UTC"),
        is_enabled=found.get("enabled", True),
        starting_deadline_seconds=found.get("startingDeadline"),
        overrides=run_input(found.get("overrides", {})),
    )


def _expression(found: Mapping[str, Any]) -> str:
    """Returns Scheduler's words, the same for all that means the same."""
    kind = next(each for each in _EXPRESSIONS if each in found)
    words = str(found[kind]).upper().split() if kind != "rate" else str(found[kind]).split()
    if kind == "rate":
        words[1] = words[1].removesuffix("s") + ("" if int(words[0]) == 1 else "s")
    return f"{kind}({' '.join(words)})"


def run_input(found: Mapping[str, Any]) -> dict[str, object]:
    """Returns the keys of a run's input for checked values of a definition. An empty value is none."""
    retry_on = found.get("retryOn", {})
    codes = "any" if retry_on.get("any") else list(retry_on.get("exitCodes", ()))
    values: dict[str, object] = {
        "commands": list(found.get("command", ())),
        "environment": dict(found.get("environment", {})),
        "cpu": _digits(found.get("cpu")),
        "memory": _digits(found.get("memory")),
        "capacity": str(found["capacity"]) if "capacity" in found else None,
        "timeoutSeconds": found.get("timeout"),
        "totalTimeoutSeconds": found.get("totalTimeout"),
        "retries": found.get("retries"),
        "retryOnExitCodes": codes,
    }
    return {key: value for key, value in values.items() if value is not None and value not in ([], {})}


def _digits(number: int | None) -> str | None:
    return None if number is None else str(number)


def _check_names(place: Place, found: Mapping[str, Any], rules: JobRules) -> None:
    """Checks the names of variables, of the job and of its schedules' overrides."""
    reserved = tuple(dict.fromkeys((*RESERVED_VARIABLES, *JOB_VARIABLES, *rules.token_variables)))
    secrets = found.get("secrets", {})
    _refuse_reserved(place.at("environment"), found.get("environment", {}), reserved)
    _refuse_reserved(place.at("secrets"), secrets, reserved)
    for name in secrets:
        if name in found.get("environment", {}):
            place.at("secrets").at(name).refuse("is in environment too; a variable has one value")
    for index, schedule in _schedules(found):
        inside = place.at("schedules").at(index).at("overrides").at("environment")
        environment = schedule.get("overrides", {}).get("environment", {})
        _refuse_reserved(inside, environment, reserved)
        for name in environment:
            if name in secrets:
                inside.at(name).refuse("is in secrets of the job too; a variable has one value")


def _refuse_reserved(place: Place, names: Mapping[str, Any], reserved: Sequence[str]) -> None:
    for name in names:
        if name in reserved:
            place.at(name).refuse(
                "is set by the application itself or may hold a task token; choose another name than "
                + ", ".join(reserved)
            )


def _schedules(found: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return ((index, each) for index, each in enumerate(found.get("schedules", ())) if each is not None)


def _check_source(place: Place, found: Mapping[str, Any]) -> None:
    if "image" not in found and "taskDefinition" not in found:
        if not any(each.path[len(place.path) :] in {("image",), ("taskDefinition",)} for each in place.problems):
            place.refuse("has neither image nor taskDefinition; give one of them")
    elif "image" in found and "taskDefinition" in found:
        place.at("taskDefinition").refuse("does not go with image; give one of them")
    if "taskDefinition" in found and "image" not in found:
        for key in _IN_THE_DEFINITION:
            if found.get(key):
                place.at(key).refuse("does not go with taskDefinition; it is part of the task definition itself")


def _check_retries(place: Place, found: Mapping[str, Any]) -> None:
    for at, values in _job_and_overrides(place, found):
        retry_on = values.get("retryOn", {})
        if retry_on.get("any") and retry_on.get("exitCodes"):
            at.at("retryOn").refuse("has both any and exitCodes, and any retries every exit code; give one of them")


def _job_and_overrides(place: Place, found: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    yield place, found
    for index, schedule in _schedules(found):
        yield place.at("schedules").at(index).at("overrides"), schedule.get("overrides", {})


def _check_sizes(place: Place, found: Mapping[str, Any], rules: JobRules) -> None:
    """Checks each pair of cpu and memory, with the halves that come from the job or from the stack."""
    own_cpu, own_memory = rules.own_size if rules.own_size and "image" in found else (None, None)
    for at, values in _job_and_overrides(place, found):
        if "cpu" not in values and "memory" not in values:
            continue
        cpu = values.get("cpu", found.get("cpu", own_cpu))
        memory = values.get("memory", found.get("memory", own_memory))
        if cpu is not None and memory is not None and memory not in MEMORY_FOR[str(cpu)]:
            key = "memory" if "memory" in values else "cpu"
            at.at(key).refuse(f"cpu {cpu} and memory {memory} do not go together on Fargate; {_sizes(cpu)}")


def _sizes(cpu: int) -> str:
    sizes = MEMORY_FOR[str(cpu)]
    steps = f"{sizes[0]} to {sizes[-1]} in steps of {sizes[-1] - sizes[-2]}"
    return f"with cpu {cpu} memory may be {steps if len(sizes) > _FEW_SIZES else ', '.join(map(str, sizes))}"


def _check_schedules(place: Place, found: Mapping[str, Any]) -> None:
    names = Counter(each.get("name") for _, each in _schedules(found))
    for index, schedule in _schedules(found):
        at = place.at("schedules").at(index)
        given = [key for key in _EXPRESSIONS if key in schedule]
        wrong = {each.path[-1] for each in place.problems if each.path[:-1] == at.path}
        if not given and not wrong.intersection(_EXPRESSIONS):
            at.refuse("has no time; give one of cron, rate and at")
        elif len(given) > 1:
            at.at(given[1]).refuse(
                f"does not go with {given[0]}; give one of them, and a second schedule for the other"
            )
        elif given == ["at"] and "timeZone" not in wrong:
            _check_at(at, schedule)
        name = schedule.get("name")
        if name is not None and names[name] > 1:
            at.at("name").refuse(f"another schedule of the job is called {name} too; each needs a name of its own")


def _check_at(place: Place, schedule: Mapping[str, Any]) -> None:
    zone = schedule.get("timeZone", "UTC")
    if not next_fires(_expression(schedule), zone, _BEGINNING, 1):
        place.at("at").refuse(f"is a time that the clocks of {zone} skip, or before 1970")


def _check_length(place: Place, found: Mapping[str, Any]) -> None:
    length = len(json.dumps(found, ensure_ascii=False))
    if length > LARGEST_DEFINITION:
        place.refuse(
            f"has {length} characters as JSON, and {LARGEST_DEFINITION} is the most; put what is long into S3 or SSM"
        )
        return
    # What is in a task definition of the job's own is no override of RunTask.
    own = {} if "image" in found else {key: found[key] for key in ("command", "environment") if key in found}
    _check_overrides(place, own, {}, found)
    for index, schedule in _schedules(found):
        if "overrides" in schedule:
            _check_overrides(place.at("schedules").at(index).at("overrides"), own, schedule["overrides"], found)


def _check_overrides(place: Place, own: Mapping[str, Any], more: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Checks that RunTask takes the overrides of a run: the job's own, with those of a schedule on top."""
    command = more.get("command") or own.get("command")
    body = {
        **({"commands": list(command)} if command else {}),
        "environment": {**own.get("environment", {}), **more.get("environment", {})},
        "pattern": found.get("pattern", Pattern.CALLBACK),
    }
    try:
        RunRequest.from_mapping(body, require_commands=False)
    except InvalidRunRequestError as error:
        for problem in error.problems:
            place.refuse(problem.replace("commands, environment: together they", "command and environment together"))
