"""The overrides of RunTask: what a state machine makes of the pieces, and that they are within ECS's limit."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.overrides import overrides_in_pieces
from fargate_runs.runs.overrides_length import LONGEST_OVERRIDES
from fargate_runs.runs.request import RunRequest
from tests.fakes.ecs import TOKEN

RUN_ID = "20260302T090007-0000000a"
ARN = f"arn:aws:states:us-east-1:123456789012:execution:fargate-runs-run-task:{RUN_ID}"
LONGEST_NAME = "r" * 80
LONGEST_ARN = f"arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:{'m' * 80}:{LONGEST_NAME}"
OWN: dict[Pattern, list[dict[str, str]]] = {
    Pattern.CALLBACK: [{"Name": "TASK_TOKEN", "Value": TOKEN}],
    Pattern.SYNC: [],
    Pattern.REQUEST_RESPONSE: [{"Name": "RUN_TIMEOUT_SECONDS", "Value": "3600"}],
}


def joined(asked: dict[str, Any], pattern: Pattern, *, token: str = TOKEN, **names: Any) -> str:
    """As the state machine joins them."""
    request = RunRequest.from_input(asked, pattern)
    own: dict[str, Any] = {"container": "main", "run_id": RUN_ID, "execution_arn": ARN, "timeout_seconds": 3_600}
    first, *rest = overrides_in_pieces(request, **(own | names))
    between = ["9999", token] if pattern is Pattern.CALLBACK else ["9999"]
    assert len(rest) == len(between)
    return first + "".join(value + piece for value, piece in zip(between, rest, strict=True))


def before_the_users(pattern: Pattern) -> list[dict[str, str]]:
    return [
        {"Name": "RUN_ID", "Value": RUN_ID},
        {"Name": "RUN_EXECUTION_ARN", "Value": ARN},
        {"Name": "RUN_ATTEMPT", "Value": "9999"},
        *OWN[pattern],
    ]


@pytest.mark.parametrize("pattern", Pattern)
def test_the_least_that_can_be_asked_for(pattern: Pattern) -> None:
    """What is not asked for is not there, not even as null."""
    container = {"Name": "main", "Environment": before_the_users(pattern)}
    assert json.loads(joined({}, pattern)) == {"ContainerOverrides": [container]}


@pytest.mark.parametrize("pattern", Pattern)
def test_everything_that_can_be_asked_for(pattern: Pattern) -> None:
    asked = {"commands": ["python", "-V"], "environment": {"STAGE": "test", "EMPTY": ""}}
    users = [{"Name": "STAGE", "Value": "test"}, {"Name": "EMPTY", "Value": ""}]
    environment = [*before_the_users(pattern), *users]
    container = {"Name": "main", "Command": ["python", "-V"], "Environment": environment}
    assert json.loads(joined({**asked, "cpu": "512", "memory": "1024"}, pattern)) == {
        "Cpu": "512",
        "Memory": "1024",
        "ContainerOverrides": [container],
    }
    assert json.loads(joined({"cpu": "512"}, pattern)).keys() == {"Cpu", "ContainerOverrides"}
    assert json.loads(joined({"memory": "1024"}, pattern)).keys() == {"Memory", "ContainerOverrides"}


def test_letters_are_no_longer_than_they_are() -> None:
    assert '"é😀"' in joined({"commands": ["é😀"]}, Pattern.SYNC)


HOLES = [
    '{"Name":"RUN_ATTEMPT","Value":"',
    '"},{"Name":"TASK_TOKEN","Value":"',
    "{% $states %}",
    "\\",
    '"',
    "\u2028é😀",
]
TEXTS = st.one_of(st.sampled_from(HOLES), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))


@settings(max_examples=100, deadline=None)
@given(
    commands=st.lists(TEXTS, min_size=1, max_size=4),
    values=st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), TEXTS, max_size=4),
    pattern=st.sampled_from(Pattern),
)
def test_whatever_a_user_writes_is_the_users_alone(
    commands: list[str], values: dict[str, str], pattern: Pattern
) -> None:
    try:
        found = json.loads(joined({"commands": commands, "environment": values}, pattern))
    except InvalidRunRequestError:
        return  # too long, or a name that is reserved
    (container,) = found["ContainerOverrides"]
    assert container["Command"] == commands
    users = [{"Name": name, "Value": value} for name, value in values.items()]
    assert container["Environment"] == [*before_the_users(pattern), *users]


OF_A_JOB = {"job": "j" * 38, "schedule": "s" * 24, "scheduledTime": "2026-11-30T06:00:00Z"}


@pytest.mark.parametrize(
    ("given", "variables"),
    [
        ({"job": "nightly"}, {"RUN_JOB": "nightly"}),
        (OF_A_JOB, {"RUN_JOB": "j" * 38, "RUN_SCHEDULED_TIME": "2026-11-30T06:00:00Z"}),
        ({}, {}),
    ],
)
def test_a_run_of_a_job_knows_its_job_and_its_time(given: dict[str, Any], variables: dict[str, str]) -> None:
    (container,) = json.loads(joined(given, Pattern.SYNC))["ContainerOverrides"]
    found = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert {name: found[name] for name in ("RUN_JOB", "RUN_SCHEDULED_TIME") if name in found} == variables


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize(
    "unit",
    [
        lambda size: {"commands": ["x" * size]},
        lambda size: {"commands": ["x"] * min(size, 1_000), "environment": {"A": "x" * size}},
        lambda size: {"environment": {f"V{n}": "" for n in range(min(size // 20, 300))}, "cpu": "512"},
        lambda size: {"commands": ["x" * size], **OF_A_JOB},
    ],
)
def test_what_is_accepted_fits_with_the_longest_names(unit: Any, pattern: Pattern) -> None:
    """ECS counts the JSON of the overrides, the token included (fact B30). Nothing is refused by far too early."""
    low, high = 0, LONGEST_OVERRIDES
    while high - low > 1:
        middle = (low + high) // 2
        try:
            RunRequest.from_input(unit(middle), pattern)
            low = middle
        except InvalidRunRequestError:
            high = middle
    names = {"container": "c" * 255, "run_id": LONGEST_NAME, "execution_arn": LONGEST_ARN}
    length = len(joined(unit(low), pattern, token="t" * 950, timeout_seconds=99_999_999, **names))
    assert length <= LONGEST_OVERRIDES
    assert len(unit(low)) == 2 or length > LONGEST_OVERRIDES - 600
