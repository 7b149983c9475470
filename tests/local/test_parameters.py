"""Parameters that a person gives to `runs local up`."""

from __future__ import annotations

import json

import pytest

from local.errors import BadParametersError
from local.parameters import check_parameters

RIGHT = {
    "ScheduleExpression": "rate(5 minutes)",
    "ScheduleTimeZone": "Asia/Seoul",
    "ScheduleInput": json.dumps({"commands": ["sh", "-c", 'echo "a"']}),
    "DefaultRetries": "0",
    "TaskCpu": "512",
    "AllowedTaskDefinitions": ",".join(f"arn:aws:ecs:us-east-1:000000000000:task-definition/{n}:*" for n in "ab"),
}
WRONG = {
    ("ScheduleExpresion", ""): "There is no parameter ScheduleExpresion: did you mean ScheduleExpression?",
    ("Zzz", "1"): "There is no parameter Zzz. There are Allowed",
    ("Runtime", "python3.13"): "Runtime is what this machine has",
    ("Architecture", "arm64"): "Architecture is what this machine has",
    ("TaskCpu", "300"): "TaskCpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, not '300'.",
    ("DefaultRetries", "11"): "DefaultRetries must be a number from 0 to 10, not '11'.",
    ("DefaultRetries", "-1"): "DefaultRetries must be a number from 0 to 10, not '-1'.",
    ("DefaultRetries", "two"): "DefaultRetries must be a number from 0 to 10, not 'two'.",
    ("ContainerImage", ""): "ContainerImage must be at least 1 characters long.",
    (
        "VpcCidr",
        "10.0.0.0/8",
    ): "VpcCidr must be an address range from /16 to /24, such as 10.0.0.0/20, not '10.0.0.0/8'.",
    ("ScheduleExpression", "5 minutes"): "ScheduleExpression must be of the form ^$|",
    ("AllowedTaskDefinitions", "jobs,report"): "AllowedTaskDefinitions must be of the form",
    ("ScheduleTimeZone", "UTC+9"): "ScheduleTimeZone must be a time zone of the IANA database",
    (
        "ScheduleTimeZone",
        "Asia/Seol",
    ): "ScheduleTimeZone must be a time zone that there is, such as Asia/Seoul, not 'Asia/Seol'.",
    ("ScheduleInput", "[1]"): "ScheduleInput must be a JSON object, not '[1]'.",
    ("ScheduleInput", '{"a" 1}'): """ScheduleInput must be a JSON object, not '{"a" 1}'.""",
}


def test_what_is_right_is_taken() -> None:
    check_parameters(RIGHT)
    check_parameters({})


@pytest.mark.parametrize(("given", "said"), WRONG.items(), ids=map(str, WRONG))
def test_what_is_wrong_is_named(given: tuple[str, str], said: str) -> None:
    with pytest.raises(BadParametersError) as refused:
        check_parameters({**RIGHT, given[0]: given[1]})
    assert str(refused.value).startswith(said)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BadParametersError) as refused:
        check_parameters({"TaskCpu": "1", "DefaultRetries": "99"})
    assert len(str(refused.value).splitlines()) == 2
