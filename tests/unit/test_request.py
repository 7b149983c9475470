"""What may be asked for, and what is said about the rest."""

import json
from typing import Any

import pytest

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.overrides_length import LONGEST_OVERRIDES
from fargate_runs.runs.request import RESERVED_VARIABLES, Capacity, RunRequest

COMMANDS = ["python", "-c", "print('hello')"]
FULL: dict[str, Any] = {
    "commands": COMMANDS,
    "environment": {"STAGE": "canary-environment-value", "EMPTY": ""},
    "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/job:3",
    "cpu": "512",
    "memory": "1024",
    "capacity": "spot-first",
    "timeoutSeconds": 60,
    "retries": 2,
    "retryOnExitCodes": [75],
}
OF_A_JOB: dict[str, Any] = {
    "totalTimeoutSeconds": 600,
    "retryOnExitCodes": "any",
    "job": "nightly",
    "schedule": "weekdays",
    "scheduledTime": "2026-11-30T06:00:00Z",
    "force": True,
}


def problems_of(body: dict[str, Any], **options: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidRunRequestError) as raised:
        RunRequest.from_mapping(body, **options)
    return raised.value.problems


def test_everything_that_may_be_given() -> None:
    request = RunRequest.from_mapping({**FULL, "pattern": "sync"})
    assert request.pattern is Pattern.SYNC
    assert request.capacity is Capacity.SPOT_FIRST
    assert request.execution_input() == FULL


def test_the_least_that_may_be_given() -> None:
    request = RunRequest.from_mapping({"commands": COMMANDS})
    assert request.pattern is Pattern.CALLBACK
    assert request.execution_input() == {"commands": COMMANDS}
    assert RunRequest.from_mapping({}, require_commands=False).execution_input() == {}


def test_everything_of_a_run_of_a_job() -> None:
    """It needs no command: the job has one."""
    request = RunRequest.from_mapping(OF_A_JOB)
    assert request.execution_input() == OF_A_JOB
    not_asked = dict.fromkeys(FULL.keys() - {"environment"})
    assert request.recorded_input() == {**not_asked, **OF_A_JOB, "environmentNames": []}
    assert RunRequest.from_input(OF_A_JOB, Pattern.CALLBACK) == request
    assert (request.retry_on_any, request.retry_on_exit_codes, request.is_forced) == (True, None, True)
    assert RunRequest.from_mapping({"job": "nightly", "force": False}).execution_input() == {"job": "nightly"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-30T06:00:00Z", "2026-11-30T06:00:00Z"),
        ("2026-11-30T06:00:00.750+00:00", "2026-11-30T06:00:00Z"),
        ("2026-11-30T08:00:00+02:00", "2026-11-30T06:00:00Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
    ],
)
def test_a_scheduled_time_is_kept_as_scheduler_writes_it(given: str, kept: str) -> None:
    request = RunRequest.from_mapping({**OF_A_JOB, "scheduledTime": given})
    assert request.execution_input()["scheduledTime"] == kept


@pytest.mark.parametrize("name", ["a", "a-b", "a1", "a" * 24, "n-1-2-x"])
def test_names_of_jobs_and_schedules(name: str) -> None:
    assert RunRequest.from_mapping({**OF_A_JOB, "job": name, "schedule": name}).job == name
    assert RunRequest.from_mapping({"job": "a" * 38}).job == "a" * 38


@pytest.mark.parametrize("pattern", Pattern)
def test_an_execution_s_input(pattern: Pattern) -> None:
    """The machine is the pattern, so `pattern` is no key; what has a command of its own needs none."""
    request = RunRequest.from_input(FULL, pattern)
    assert (request.pattern, request.execution_input()) == (pattern, FULL)
    assert RunRequest.from_input({}, pattern).commands is None
    with pytest.raises(InvalidRunRequestError) as refused:
        RunRequest.from_input({"pattern": pattern.value, "environment": {"JOB_TOKEN": "x"}}, pattern)
    assert [problem.partition(";")[0] for problem in refused.value.problems] == ["pattern: is not known"]
    with pytest.raises(InvalidRunRequestError, match="JOB_TOKEN is set by the application"):
        RunRequest.from_input({"environment": {"JOB_TOKEN": "x"}}, pattern, token_variables=("JOB_TOKEN",))
    with pytest.raises(InvalidRunRequestError, match="has 51 keys; the keys are commands"):
        RunRequest.from_input({f"k{n}": n for n in range(51)}, pattern)


@pytest.mark.parametrize("given", [None, "x", 3, True, [], [{"commands": ["x"]}]])
def test_an_input_that_is_no_object(given: object) -> None:
    with pytest.raises(InvalidRunRequestError, match="the input must be a JSON object"):
        RunRequest.from_input(given, Pattern.SYNC)


def test_a_number_is_whole_however_it_is_written() -> None:
    request = RunRequest.from_mapping(
        {"commands": COMMANDS, "timeoutSeconds": 6e1, "retries": 0.0, "retryOnExitCodes": [75.0]}
    )
    assert json.dumps([request.timeout_seconds, request.retries, request.retry_on_exit_codes]) == "[60, 0, [75]]"
    assert all(problems_of({"commands": COMMANDS, "retries": bad}) for bad in (float("nan"), float("inf"), -1e300))


def test_what_is_recorded_has_the_names_of_the_environment_and_not_its_values() -> None:
    request = RunRequest.from_mapping(FULL)
    recorded = request.recorded_input()
    assert recorded["environmentNames"] == ["EMPTY", "STAGE"]
    assert recorded["capacity"] == "spot-first"
    assert "canary" not in json.dumps(recorded)
    assert "canary" not in repr(request)
    assert RunRequest.from_mapping({"commands": COMMANDS}).recorded_input()["cpu"] is None


NO_RETRIES: list[Any] = [-1, 11, 1.5, "3", None, True, [3]]
NO_EXIT_CODES: list[Any] = [3, None, {}, ["3"], [0], [256], [1.5], [True], [[3]], [None]]
NO_NAMES: list[Any] = [None, 3, "", "A", "a_b", "1a", "-a", "a-", "a--b", "a\n", "ä", "a.b"]
#: (what is changed, the key that the only problem names, a part of what it says)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"commands": []}, "commands", "at least one text"),
    ({"commands": "echo"}, "commands", "must be a list"),
    ({"commands": None}, "commands", "must be a list"),
    ({"commands": [1]}, "commands", "must be a text"),
    ({"commands": [None]}, "commands", "must be a text"),
    ({"commands": [["a"]]}, "commands", "must be a text"),
    ({"commands": ["a\0b"]}, "commands", "must be Unicode text"),
    ({"commands": ["\ud800"]}, "commands", "must be Unicode text"),
    ({"environment": {"A": "a\0b"}}, "environment", "the value of A must be Unicode text"),
    ({"environment": []}, "environment", "must be an object"),
    ({"environment": None}, "environment", "must be an object"),
    ({"environment": "A=b"}, "environment", "must be an object"),
    ({"environment": ["RUN_ID"]}, "environment", "must be an object"),
    ({"environment": {"A": 1}}, "environment", "A must have a text"),
    ({"environment": {"A": None}}, "environment", "A must have a text"),
    ({"environment": {"": "x"}}, "environment", "no name"),
    ({"environment": {"A=B": "x"}}, "environment", "no name"),
    ({"environment": {"1A": "x"}}, "environment", "no name"),
    ({"environment": {"A-B": "x"}}, "environment", "no name"),
    ({"environment": {"A\n": "x"}}, "environment", "no name"),
    *(
        ({"environment": {name: "x"}}, "environment", f"{name} is set by the application")
        for name in RESERVED_VARIABLES
    ),
    *(({"retries": bad}, "retries", "whole number from 0 to 10") for bad in NO_RETRIES),
    *(({"retryOnExitCodes": bad}, "retryOnExitCodes", "list of whole numbers from 1 to 255") for bad in NO_EXIT_CODES),
    ({"retryOnExitCodes": "all"}, "retryOnExitCodes", 'or the text "any"'),
    *(
        ({"totalTimeoutSeconds": bad}, "totalTimeoutSeconds", "whole number of seconds from 1 to 99999999")
        for bad in (0, "60", None, 1.5, 100_000_000)
    ),
    *(({"job": bad}, "job", "name of 1 to 38 characters") for bad in NO_NAMES),
    ({"job": "a" * 39}, "job", "name of 1 to 38 characters"),
    *(({**OF_A_JOB, "schedule": bad}, "schedule", "name of 1 to 24 characters") for bad in NO_NAMES),
    ({**OF_A_JOB, "schedule": "a" * 25}, "schedule", "name of 1 to 24 characters"),
    *(
        ({**OF_A_JOB, "scheduledTime": bad}, "scheduledTime", "must be a time with its offset")
        for bad in (None, 0, "", "noon", "2026-11-30T06:00:00", "2026-11-30", "0001-01-01T00:00:00+10:00")
    ),
    *(({"job": "a", "force": bad}, "force", "true or false") for bad in (None, 1, "true")),
    ({"force": True}, "force", "goes only with job"),
    ({"force": False}, "force", "goes only with job"),
    ({"schedule": "a", "job": "b"}, "schedule, scheduledTime", "go only together"),
    ({"scheduledTime": "2026-11-30T06:00:00Z", "job": "b"}, "schedule, scheduledTime", "go only together"),
    ({"job": "a", "taskDefinition": "b"}, "taskDefinition", "is the job's"),
    ({"taskDefinition": ""}, "taskDefinition", "family"),
    ({"taskDefinition": 3}, "taskDefinition", "family"),
    ({"taskDefinition": "a b"}, "taskDefinition", "family"),
    ({"taskDefinition": "arn:aws:s3:::x"}, "taskDefinition", "family"),
    ({"cpu": 512}, "cpu", '"512"'),
    ({"cpu": "300"}, "cpu", '"16384"'),
    ({"cpu": ""}, "cpu", "as a text"),
    ({"memory": 1024}, "memory", "digits in a text"),
    ({"memory": "1GB"}, "memory", "MiB"),
    ({"memory": "0512"}, "memory", "MiB"),
    ({"memory": "١٢٣٤"}, "memory", "MiB"),
    ({"cpu": "256", "memory": "4096"}, "memory", '"512", "1024", "2048"'),
    ({"cpu": "512", "memory": "512"}, "memory", '"1024"'),
    ({"cpu": "8192", "memory": "17408"}, "memory", "steps of 4096"),
    ({"capacity": "SPOT"}, "capacity", '"on-demand", "spot", "spot-first"'),
    ({"capacity": None}, "capacity", "must be one of"),
    ({"capacity": ["spot"]}, "capacity", "must be one of"),
    ({"timeoutSeconds": 0}, "timeoutSeconds", "from 1 to 99999999"),
    ({"timeoutSeconds": 100_000_000}, "timeoutSeconds", "from 1 to 99999999"),
    ({"timeoutSeconds": "60"}, "timeoutSeconds", "whole number"),
    ({"timeoutSeconds": 1.5}, "timeoutSeconds", "whole number"),
    ({"timeoutSeconds": True}, "timeoutSeconds", "whole number"),
    ({"pattern": "async"}, "pattern", '"request-response", "sync", "callback"'),
    ({"pattern": None}, "pattern", "must be one of"),
    ({"command": ["x"]}, "command", "is not known; the keys are pattern, commands"),
    ({"commands": ["x"] * 1_001}, "commands", "has 1001 parts, and 1000 is the most"),
    ({"commands": [1] * 1_001}, "commands", "has 1001 parts"),
    ({"environment": {f"V{n}": 1 for n in range(301)}}, "environment", "has 301 variables, and 300 is the most"),
    ({"environment": {"V" * 500: 1}}, "environment", f" {'V' * 80} must have a text"),
    ({"retryOnExitCodes": [1] * 256}, "retryOnExitCodes", "has 256 codes, and 255 is the most"),
]


@pytest.mark.parametrize(("change", "key", "said"), WRONG)
def test_one_wrong_key_is_one_problem(change: dict[str, Any], key: str, said: str) -> None:
    (problem,) = problems_of({"commands": COMMANDS, **change})
    assert problem.startswith(f"{key}: ")
    assert said in problem


def test_commands_are_needed() -> None:
    (problem,) = problems_of({})
    assert problem.startswith("commands: is missing")
    assert problems_of({"commands": []}, require_commands=False)


def test_every_problem_at_once() -> None:
    problems = problems_of({"cpu": 1, "memory": 1, "x": 1, "environment": {"RUN_ID": "a", "B": 2}})
    keys = sorted(problem.partition(":")[0] for problem in problems)
    assert keys == ["commands", "cpu", "environment", "environment", "memory", "x"]


def test_the_keys_of_a_job_need_one() -> None:
    problems = problems_of({"commands": COMMANDS, **{key: OF_A_JOB[key] for key in ("schedule", "scheduledTime")}})
    assert [each.partition(";")[0] for each in problems] == [
        "schedule: goes only with job",
        "scheduledTime: goes only with job",
    ]


def test_lists_of_the_greatest_length() -> None:
    codes = [*range(1, 256)]
    request = RunRequest.from_mapping({"commands": ["x"] * 1_000, "retryOnExitCodes": codes, "pattern": "sync"})
    assert (len(request.commands or ()), request.retry_on_exit_codes) == (1_000, tuple(codes))
    variables = {f"V{n}": 1 for n in range(300)}
    assert len(problems_of({"commands": COMMANDS, "environment": variables})) == 300


def test_a_great_many_keys_are_one_problem() -> None:
    (problem,) = problems_of({f"k{n}": n for n in range(51)})
    assert problem.startswith("the request has 51 keys; the keys are pattern, commands")
    assert len(problems_of({"commands": COMMANDS, **{f"k{n}": n for n in range(49)}})) == 49


def test_the_stacks_variables_for_task_tokens_are_reserved() -> None:
    body = {"commands": COMMANDS, "environment": {"JOB_TOKEN": "mine", "TASK_TOKEN": "mine"}}
    problems = problems_of(body, token_variables=("JOB_TOKEN", "TASK_TOKEN"))
    assert [problem.split()[1] for problem in problems] == ["TASK_TOKEN", "JOB_TOKEN"]
    assert all(problem.endswith("TASK_TOKEN, TASK_TOKEN_ENV_VARIABLE, JOB_TOKEN") for problem in problems)
    assert RunRequest.from_mapping({"commands": COMMANDS, "environment": {"JOB_TOKEN": "mine"}}).environment


def test_no_problem_shows_a_value_of_the_environment() -> None:
    problems = problems_of({"environment": {"A-B": "canary", "RUN_ID": "canary", "C": ["canary"]}})
    assert "canary" not in str(problems)


@pytest.mark.parametrize("pattern", Pattern)
def test_overrides_that_are_too_long(pattern: Pattern) -> None:
    body: dict[str, Any] = {"commands": ["x" * LONGEST_OVERRIDES], "pattern": pattern.value}
    (problem,) = problems_of(body)
    assert "8192" in problem
    assert "S3" in problem


def test_room_is_kept_for_the_token() -> None:
    body = {"commands": ["x" * 7_000]}
    assert problems_of(body)
    RunRequest.from_mapping({**body, "pattern": "sync"})


@pytest.mark.parametrize("size", [("256", "512"), ("1024", "8192"), ("4096", "30720"), ("16384", "122880")])
def test_sizes_of_fargate(size: tuple[str, str]) -> None:
    cpu, memory = size
    RunRequest.from_mapping({"commands": COMMANDS, "cpu": cpu, "memory": memory})


@pytest.mark.parametrize(
    "name", ["job", "job:3", "my_job-1", "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/a:1"]
)
def test_task_definitions(name: str) -> None:
    assert RunRequest.from_mapping({"commands": COMMANDS, "taskDefinition": name}).task_definition == name
