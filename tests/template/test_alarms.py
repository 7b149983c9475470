"""Alarms ring for what they say, at every spacing of sweeps that the template allows, and at no other time."""

import re
from collections import defaultdict
from collections.abc import Callable

import pytest

from tests.template.loading import Object, load_template, resources_of_type

TEMPLATE = load_template()
ALARMS = resources_of_type(TEMPLATE, "AWS::CloudWatch::Alarm")
STATISTICS: dict[str, Callable[[list[int]], int]] = {"Sum": sum, "Minimum": min, "Maximum": max}
A_DAY_MINUTES = 1_440


def allowed(schedule: str) -> bool:
    return re.search(TEMPLATE["Parameters"]["SweepSchedule"]["AllowedPattern"], schedule) is not None


def rate(minutes: int) -> str:
    return f"rate({minutes} minute{'' if minutes == 1 else 's'})"


SPACINGS = [minutes for minutes in range(1, 120) if allowed(rate(minutes))]


def test_sweeps_come_often_enough_to_see_a_stopped_task_more_than_once() -> None:
    """ECS may forget it an hour after its end (fact B12), and a sweep may fail or die."""
    assert list(range(1, 16)) == SPACINGS
    assert not any(map(allowed, ("rate(1 minutes)", "rate(2 minute)", "rate(1 hour)", "cron(* * * * ? *)")))


def rings(alarm: Object, every_minutes: int, values: list[int]) -> bool:
    """Whether it is ever in ALARM in a day of sweeps that report these values of its metric, one after the other."""
    period = alarm["Period"] // 60
    points = defaultdict(list)
    for number, minute in enumerate(range(0, A_DAY_MINUTES, every_minutes)):
        points[minute // period].append(values[number % len(values)])
    # Of the first and the last periods the day shows a part.
    breaches = [_breaches(alarm, points[n]) for n in range(1, A_DAY_MINUTES // period - 1)]
    width = alarm["EvaluationPeriods"]
    return any(all(breaches[n : n + width]) for n in range(len(breaches) - width + 1))


def _breaches(alarm: Object, points: list[int]) -> bool:
    if not points:
        return bool(alarm["TreatMissingData"] == "breaching")
    value = STATISTICS[alarm["Statistic"]](points)
    above = alarm["ComparisonOperator"] == "GreaterThanThreshold"
    return bool(value > alarm["Threshold"] if above else value < alarm["Threshold"])


@pytest.mark.parametrize("minutes", SPACINGS)
def test_the_alarm_of_sweeps_that_fail(minutes: int) -> None:
    """Every one, and not now and then one that meets a throttled call."""
    alarm = ALARMS["SweepFailuresAlarm"]["Properties"]
    assert rings(alarm, minutes, [1])
    assert not rings(alarm, minutes, [0])
    assert not rings(alarm, minutes, [1, 0])


@pytest.mark.parametrize("minutes", SPACINGS)
def test_the_alarm_of_sweeps_that_do_not_come_to_their_end(minutes: int) -> None:
    alarm = ALARMS["SweepAlarm"]["Properties"]
    assert not rings(alarm, minutes, [1])
    assert rings(alarm, A_DAY_MINUTES // 2, [1])


def test_no_log_level_drops_the_metrics() -> None:
    """They are lines of the log without a level, and Lambda takes those for INFO (its page on log levels)."""
    assert set(TEMPLATE["Parameters"]["LogLevel"]["AllowedValues"]) == {"DEBUG", "INFO"}
