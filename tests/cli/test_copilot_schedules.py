"""What Copilot deployed for each form of a schedule, with its own peculiarities."""

import pytest

from cli.copilot_schedules import Deployed, NeverDeployedError, deployed, seconds_of

DEPLOYED: dict[str, tuple[str, str]] = {
    "@hourly": ("cron", "0 * * * ? *"),
    "@daily": ("cron", "0 0 * * ? *"),
    "@midnight": ("cron", "0 0 * * ? *"),
    "@weekly": ("cron", "0 0 ? * 1 *"),
    "@monthly": ("cron", "0 0 1 * ? *"),
    "@yearly": ("cron", "0 0 1 1 ? *"),
    "@annually": ("cron", "0 0 1 1 ? *"),
    "@every 1m": ("rate", "1 minute"),
    "@every 60s": ("rate", "1 minute"),
    "@every 5m": ("rate", "5 minutes"),
    "@every 1h30m": ("rate", "90 minutes"),
    "@every 1.5h": ("rate", "90 minutes"),
    "rate(1 hour)": ("rate", "1 hour"),
    "cron(0 9 ? * MON-FRI *)": ("cron", "0 9 ? * MON-FRI *"),
    "cron( 0 9 * * ? * )": ("cron", "0 9 * * ? *"),
    "* * * * *": ("cron", "* * * * ? *"),
    "0 */2 * * *": ("cron", "0 */2 * * ? *"),
    "0  12 * * MON": ("cron", "0 12 ? * MON *"),
    "0 9 * * 1-5": ("cron", "0 9 ? * 2-6 *"),
    "0 9 * * 0,6": ("cron", "0 9 ? * 1,7 *"),
    "0 9 1 * *": ("cron", "0 9 1 * ? *"),
    "0 9 1 * ?": ("cron", "0 9 1 * ? *"),
    "0 9 ? * *": ("cron", "0 9 * * ? *"),
    "0 9 ? 1,7 3": ("cron", "0 9 ? 1,7 4 *"),
    "none": ("", ""),
}


@pytest.mark.parametrize("schedule", DEPLOYED)
def test_the_rule_is_what_was_deployed(schedule: str) -> None:
    assert deployed(schedule) == Deployed(*DEPLOYED[schedule])


SURPRISES = {
    "0 9 */2 * *": ("0 9 * * ? *", "Copilot dropped */2: it runs on every day that the other fields allow"),
    "0 9 * * */2": ("0 9 * * ? *", "Copilot dropped */2: it runs on every day that the other fields allow"),
    "0 9 */3 * */2": ("0 9 * * ? *", "Copilot dropped */3 and */2: it runs on every day that the other fields allow"),
    "0 9 */2 * 1": ("0 9 ? * 2 *", "Copilot dropped */2: it runs on every day that the other fields allow"),
    "0 9 * * 1-5/2": ("0 9 ? * 2-6/3 *", "Copilot made 2-6/3 of the days 1-5/2: the step grew by one"),
}


@pytest.mark.parametrize("schedule", SURPRISES)
def test_where_that_is_not_what_the_manifest_says_it_is_said(schedule: str) -> None:
    assert deployed(schedule) == Deployed("cron", *SURPRISES[schedule])


NEVER = {
    "@every 90s": "an interval had to be a whole number of minutes",
    "@every 0m": "an interval had to be a whole number of minutes",
    "@every 1d": "'1d' is no duration such as 1h30m",
    "@every": "@every is none of @hourly, @midnight, @daily, @weekly, @monthly, @annually, @yearly",
    "@sometimes": "@sometimes is none of @hourly, @midnight, @daily, @weekly, @monthly, @annually, @yearly",
    "0 9 1 * 1": "Copilot refuses a day of the month beside a day of the week",
    "TZ=Europe/Berlin 0 9 * * *": "cron has 5 fields there, and this has 6",
    "hourly": "cron has 5 fields there, and this has 1",
    "at cron(0 9 * * ? *)": "CloudFormation takes nothing around cron(…) or rate(…)",
    "none at all": "CloudFormation takes nothing around cron(…) or rate(…)",
}


@pytest.mark.parametrize("schedule", NEVER)
def test_what_copilot_refused_never_ran(schedule: str) -> None:
    with pytest.raises(NeverDeployedError) as caught:
        deployed(schedule)
    assert str(caught.value) == NEVER[schedule]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("1.5h", 5400), (".5m", 30), ("500ms", 0.5)]
)
def test_a_duration_of_go_has_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "1d", "h", "1h 30m"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        seconds_of(text)
