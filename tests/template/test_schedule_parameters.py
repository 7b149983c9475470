"""What the schedule's parameters refuse before anything is made, as far as a pattern can."""

import json
import re
import zoneinfo

import pytest

from tests.template.loading import Object

#: Of this machine, and of nobody's.
NO_ZONES = {"localtime", "Factory"}


def takes(template: Object, parameter: str, value: str) -> bool:
    return re.search(template["Parameters"][parameter]["AllowedPattern"], value) is not None


def test_every_time_zone_that_there_is_can_be_given(template: Object) -> None:
    zones = zoneinfo.available_timezones() - NO_ZONES
    assert len(zones) > 400
    assert {zone for zone in zones if not takes(template, "ScheduleTimeZone", zone)} == set()


@pytest.mark.parametrize(
    "zone",
    ["", "Seoul", "KST", "UTC+9", "+09:00", "GMT+9", "asia/seoul", "Asia", "Asia/", "Asia/Seoul ", "Asia Seoul", "A/B"],
)
def test_what_is_no_time_zones_name_is_refused(zone: str, template: Object) -> None:
    assert not takes(template, "ScheduleTimeZone", zone)


OBJECTS: list[dict[str, object]] = [
    {},
    {"commands": ["python", "-c", "print(1)"]},
    {"commands": ["sh", "-c", 'echo "quoted" \\ {not: json}']},
    {"commands": ["a"], "environment": {"K": "ä€😀\n\t"}, "timeoutSeconds": 60, "retries": 0},
    {"numbers": [1, -2.5, 1e300, 1e-7], "words": [True, False, None], "deep": {"a": {"b": [[]]}}},
]


@pytest.mark.parametrize("value", OBJECTS)
@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])
def test_a_json_object_can_be_given(value: dict[str, object], layout: dict[str, object], template: Object) -> None:
    text = json.dumps(value, **layout)  # type: ignore[arg-type]
    assert takes(template, "ScheduleInput", text)
    assert takes(template, "ScheduleInput", f"\n {text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python job.py",
        '["python", "job.py"]',
        '"text"',
        "1",
        "null",
        "{",
        "{commands: [a]}",
        "{'commands': ['a']}",
        "{1: 2}",
        '{"commands": [python]}',
        '{"commands": ["a]}',
        '{"a": 1} and more',
        # What the SAM CLI leaves of {"commands": ["say \"no\""]}.
        '{"commands": ["say "no""]}',
    ],
)
def test_what_is_no_json_object_is_refused(text: str, template: Object) -> None:
    assert not takes(template, "ScheduleInput", text)


def test_the_longest_text_that_is_wrong_is_refused_at_once(template: Object) -> None:
    """No input makes the pattern try for ever."""
    for part in ("1", " ", '"a"', '"\\\\"', "true"):
        assert not takes(template, "ScheduleInput", '{"a":' + part * (4_000 // len(part)) + "'")


def test_a_refusal_says_what_would_be_right(template: Object) -> None:
    said = {
        name: template["Parameters"][name]["ConstraintDescription"] for name in ("ScheduleInput", "ScheduleTimeZone")
    }
    assert "a JSON object" in said["ScheduleInput"]
    assert "file" in said["ScheduleInput"]
    assert "Asia/Seoul" in said["ScheduleTimeZone"]


@pytest.mark.parametrize(
    ("expression", "is_taken"),
    [
        ("", True),
        ("cron(0 6 * * ? *)", True),
        ("at(2026-12-24T18:00:00)", True),
        ("rate(1 day)", True),
        ("rate(15 minutes)", True),
        ("rate(0minutes)", False),
        ("rate(0 minutes)", False),
        ("rate(5 seconds)", False),
        ("rate(1.5 hours)", False),
        ("never", False),
    ],
)
def test_when_a_schedule_may_fire(expression: str, is_taken: bool, template: Object) -> None:
    assert takes(template, "ScheduleExpression", expression) is is_taken
