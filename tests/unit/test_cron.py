"""When schedules fire: every form that the user guide of EventBridge Scheduler names, and what clocks do to it."""

from datetime import UTC, datetime

import pytest

from fargate_runs.jobs.expressions import fires, is_zone, next_fires, parse

START = "2026-11-30T22:00:00"  # a Monday


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(moments: tuple[datetime, ...]) -> list[str]:
    return [f"{each:%Y-%m-%d %H:%M}" for each in moments]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        # The guide's own examples.
        ("15 10 * * ? *", START, ["2026-12-01 10:15", "2026-12-02 10:15"]),
        ("0 18 ? * MON-FRI *", "2026-12-04T18:00:00", ["2026-12-07 18:00", "2026-12-08 18:00"]),
        ("0 8 1 * ? *", START, ["2026-12-01 08:00", "2027-01-01 08:00"]),
        ("0/10 * ? * MON-FRI *", START, ["2026-11-30 22:10", "2026-11-30 22:20"]),
        ("0/5 8-17 ? * MON-FRI *", START, ["2026-12-01 08:00", "2026-12-01 08:05"]),
        ("0/30 20-2 ? * MON-FRI *".replace("20-2", "20-23,0-2"), START, ["2026-11-30 22:30", "2026-11-30 23:00"]),
        ("15 10 ? * 6L 2026-2027", START, ["2026-12-25 10:15", "2027-01-29 10:15"]),
        # Lists, ranges, steps.
        ("5,10 0 1 1 ? *", START, ["2027-01-01 00:05", "2027-01-01 00:10"]),
        ("10,5,5 0 1 1 ? *", START, ["2027-01-01 00:05", "2027-01-01 00:10", "2028-01-01 00:05"]),
        ("*/25 22 * * ? *", START, ["2026-11-30 22:25", "2026-11-30 22:50", "2026-12-01 22:00"]),
        ("1/20 22 * * ? *", START, ["2026-11-30 22:01", "2026-11-30 22:21", "2026-11-30 22:41", "2026-12-01 22:01"]),
        (
            "10-30/10 22 * * ? *",
            START,
            ["2026-11-30 22:10", "2026-11-30 22:20", "2026-11-30 22:30", "2026-12-01 22:10"],
        ),
        ("59 23 * * ? *", START, ["2026-11-30 23:59"]),
        ("0 0/12 * * ? *", START, ["2026-12-01 00:00", "2026-12-01 12:00", "2026-12-02 00:00"]),
        ("0 0 1/10 * ? *", START, ["2026-12-01 00:00", "2026-12-11 00:00", "2026-12-21 00:00", "2026-12-31 00:00"]),
        ("0 0 31 * ? *", START, ["2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"]),
        ("0 0 5,1 * ? *", START, ["2026-12-01 00:00", "2026-12-05 00:00"]),
        # Months and weekdays by number, by name, in any case.
        ("0 0 1 JAN,APR ? *", START, ["2027-01-01 00:00", "2027-04-01 00:00"]),
        ("0 0 1 1-3 ? *", START, ["2027-01-01 00:00", "2027-02-01 00:00", "2027-03-01 00:00", "2028-01-01 00:00"]),
        ("0 0 1 OCT-DEC/2 ? *", START, ["2026-12-01 00:00", "2027-10-01 00:00"]),
        ("0 0 1 */6 ? *", START, ["2027-01-01 00:00", "2027-07-01 00:00"]),
        ("0 0 ? dec sun *", START, ["2026-12-06 00:00", "2026-12-13 00:00"]),
        ("0 0 ? * 1 *", START, ["2026-12-06 00:00"]),
        ("0 0 ? * 7 *", START, ["2026-12-05 00:00"]),
        ("0 0 ? * 2-6 *", "2026-12-04T00:00:00", ["2026-12-07 00:00"]),
        ("0 0 ? * SUN,TUE *", START, ["2026-12-01 00:00", "2026-12-06 00:00"]),
        ("0 0 ? * * *", START, ["2026-12-01 00:00", "2026-12-02 00:00"]),
        # L, W and #.
        ("0 0 L * ? *", START, ["2026-12-31 00:00", "2027-01-31 00:00", "2027-02-28 00:00"]),
        ("0 0 1,L * ? *", START, ["2026-12-01 00:00", "2026-12-31 00:00"]),
        ("0 0 ? * L *", START, ["2026-12-05 00:00", "2026-12-12 00:00"]),
        ("0 0 ? * FRIL *", START, ["2026-12-25 00:00", "2027-01-29 00:00"]),
        ("0 0 ? 2 1L *", START, ["2027-02-28 00:00"]),
        ("0 0 ? * 5L,MON *", "2026-12-28T00:00:00", ["2026-12-31 00:00", "2027-01-04 00:00"]),
        ("0 0 3W * ? *", START, ["2026-12-03 00:00", "2027-01-04 00:00", "2027-02-03 00:00"]),  # Sunday: Monday
        ("0 0 12W 12 ? *", START, ["2026-12-11 00:00", "2027-12-13 00:00"]),  # Saturday: Friday; Sunday: Monday
        ("0 0 1W 5 ? *", START, ["2027-05-03 00:00", "2028-05-01 00:00"]),  # Saturday the 1st: Monday the 3rd
        ("0 0 31W 1 ? *", START, ["2027-01-29 00:00"]),  # Sunday the 31st: Friday the 29th
        ("0 0 30W 2 ? *", START, []),
        ("0 0 LW * ? *", "2027-01-01T00:00:00", ["2027-01-29 00:00", "2027-02-26 00:00", "2027-03-31 00:00"]),
        ("0 0 ? * 3#2 *", START, ["2026-12-08 00:00", "2027-01-12 00:00"]),
        ("0 0 ? * MON#5 *", START, ["2027-03-29 00:00", "2027-05-31 00:00"]),
        ("0 0 ? * SUN#1 *", START, ["2026-12-06 00:00", "2027-01-03 00:00"]),
        # Years and leap days.
        ("0 0 29 2 ? *", START, ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 29 2 ? 2096/4", "2097-01-01T00:00:00", ["2104-02-29 00:00"]),  # 2100 has none
        ("0 0 30 2 ? *", START, []),
        ("0 0 1 1 ? 2026", START, []),
        ("0 0 1 1 ? 2028,2030", START, ["2028-01-01 00:00", "2030-01-01 00:00"]),
        ("0 0 1 1 ? 2199", START, ["2199-01-01 00:00"]),
        ("59 23 31 12 ? *", START, ["2026-12-31 23:59", "2027-12-31 23:59"]),
        ("  0   6 * * ? *  ", START, ["2026-12-01 06:00"]),
    ],
)
def test_cron(cron: str, after: str, expected: list[str]) -> None:
    found = shown(next_fires(f"cron({cron})", "UTC", at(after), max(len(expected), 1)))

    assert found == expected


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("cron(0 6 * * ? *)", "Europe/Berlin", START, ["2026-12-01 05:00", "2026-12-02 05:00"]),
        ("cron(0 6 * * ? *)", "Asia/Kolkata", START, ["2026-12-01 00:30"]),
        ("cron(0 0 1 1 ? *)", "Pacific/Auckland", START, ["2026-12-31 11:00"]),
        ("cron(0 0 1 1 ? *)", "America/Los_Angeles", "2027-01-01T00:00:00", ["2027-01-01 08:00", "2028-01-01 08:00"]),
        # Berlin, 2027-03-28: from 02:00 to 03:00. The times between are skipped.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2027-03-27T00:00:00", ["2027-03-27 01:30", "2027-03-29 00:30"]),
        ("cron(0 2 * * ? *)", "Europe/Berlin", "2027-03-27T10:00:00", ["2027-03-29 00:00"]),
        ("cron(0 3 * * ? *)", "Europe/Berlin", "2027-03-27T10:00:00", ["2027-03-28 01:00"]),
        ("cron(0/30 * * * ? *)", "Europe/Berlin", "2027-03-28T00:30:00", ["2027-03-28 01:00", "2027-03-28 01:30"]),
        # Berlin, 2027-10-31: from 03:00 to 02:00. The times between come once.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2027-10-30T10:00:00", ["2027-10-31 00:30", "2027-11-01 01:30"]),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2027-10-31T00:30:00", ["2027-11-01 01:30"]),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2027-10-31T01:00:00", ["2027-11-01 01:30"]),
        ("cron(0 * * * ? *)", "Europe/Berlin", "2027-10-30T23:30:00", ["2027-10-31 00:00", "2027-10-31 02:00"]),
        # Clocks that go back by half an hour.
        ("cron(45 1 * * ? *)", "Australia/Lord_Howe", "2027-04-03T12:00:00", ["2027-04-03 14:45", "2027-04-04 15:15"]),
        ("rate(1 minute)", "UTC", START, ["2026-11-30 22:01", "2026-11-30 22:02"]),
        ("rate(15 minutes)", "UTC", START, ["2026-11-30 22:15", "2026-11-30 22:30"]),
        ("rate(2 hours)", "UTC", START, ["2026-12-01 00:00"]),
        # A day is 24 hours, whatever the clocks do.
        ("rate(1 day)", "Europe/Berlin", "2027-03-27T12:00:00", ["2027-03-28 12:00", "2027-03-29 12:00"]),
        ("at(2026-12-24T18:00:00)", "Europe/Berlin", START, ["2026-12-24 17:00"]),
        ("at(2027-10-31T02:30:00)", "Europe/Berlin", START, ["2027-10-31 00:30"]),
        ("at(2027-03-28T02:30:00)", "Europe/Berlin", START, []),
        ("at(2026-11-30T22:00:00)", "UTC", START, []),
    ],
)
def test_zones_and_clocks(expression: str, zone: str, after: str, expected: list[str]) -> None:
    assert shown(next_fires(expression, zone, at(after), max(len(expected), 1))) == expected


def test_one_time_is_one_fire() -> None:
    assert len(next_fires("at(2026-12-24T18:00:00)", "UTC", at(START), 5)) == 1


def test_a_fire_is_in_utc_whatever_after_is() -> None:
    berlin = datetime.fromisoformat("2026-11-30T23:00:00+01:00")

    assert next_fires("rate(1 hour)", "UTC", berlin, 1)[0].isoformat() == "2026-11-30T23:00:00+00:00"
    assert next_fires("cron(0 23 * * ? *)", "UTC", berlin, 1)[0].isoformat() == "2026-11-30T23:00:00+00:00"


def test_a_rate_ends_with_the_calendar() -> None:
    assert len(list(fires("rate(366 days)", "UTC", datetime(9998, 1, 1, tzinfo=UTC)))) == 1


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("0 6 * * ? *", "must be cron(…), rate(…) or at(…)"),
        ("cron(0 6 * * ? *", "must be cron(…), rate(…) or at(…)"),
        ("cron()", "has 0 fields, and needs 6"),
        ("cron(0 6 * * *)", "has 5 fields, and needs 6"),
        ("cron(0 6 * * * *)", "must have ? as its day of month or as its day of week"),
        ("cron(0 6 ? * ? *)", "must have ? as its day of month or as its day of week"),
        ("cron(0 6 1 * MON *)", "must have ? as its day of month or as its day of week"),
        ("cron(60 6 * * ? *)", "its minutes has '60', and takes 0 to 59"),
        ("cron(-1 6 * * ? *)", "its minutes has '', and takes 0 to 59"),
        ("cron(0 24 * * ? *)", "its hours has '24', and takes 0 to 23"),
        ("cron(0 6 0 * ? *)", "its day of month has '0', and takes 1 to 31"),
        ("cron(0 6 32 * ? *)", "its day of month has '32', and takes 1 to 31"),
        ("cron(0 6 1 13 ? *)", "its month has '13', and takes 1 to 12 or JAN to DEC"),
        ("cron(0 6 1 XYZ ? *)", "its month has 'XYZ', and takes 1 to 12 or JAN to DEC"),
        ("cron(0 6 ? * 0 *)", "its day of week has '0', and takes 1 to 7 or SUN to SAT"),
        ("cron(0 6 ? * 8 *)", "its day of week has '8', and takes 1 to 7 or SUN to SAT"),
        ("cron(0 6 * * ? 1969)", "its year has '1969', and takes 1970 to 2199"),
        ("cron(0 6 * * ? 2200)", "its year has '2200', and takes 1970 to 2199"),
        ("cron(0 22-2 * * ? *)", "its hours '22-2' goes backwards; write it as two parts"),
        ("cron(0/0 6 * * ? *)", "its minutes '0/0' must have a whole number from 1 on behind the /"),
        ("cron(*/x 6 * * ? *)", "its minutes '*/X' must have a whole number from 1 on behind the /"),
        ("cron(0, 6 * * ? *)", "its minutes has '', and takes 0 to 59"),
        ("cron(0 6 W * ? *)", "its day of month has '', and takes 1 to 31"),
        ("cron(0 6 40W * ? *)", "its day of month has '40', and takes 1 to 31"),
        ("cron(0 6 ? * 2/2 *)", "its day of week '2/2' must not have a step; list the days instead"),
        ("cron(0 6 ? * 3#6 *)", "its day of week '3#6' must be one day, # and a number from 1 to 5"),
        ("cron(0 6 ? * 3#1,6#3 *)", "its day of week '3#1,6#3' must be one day"),
        ("cron(0 6 ? * 9#1 *)", "its day of week has '9', and takes 1 to 7"),
        ("cron(0 6 ? * 9L *)", "its day of week has '9', and takes 1 to 7"),
        ("cron(0 6 ? ? MON *)", "its month has '?', and takes 1 to 12"),
        ("rate(0 minutes)", "must be a whole number from 1 on and minutes, hours or days"),
        ("rate(5)", "must be a whole number from 1 on and minutes, hours or days"),
        ("rate(5 seconds)", "must be a whole number from 1 on and minutes, hours or days"),
        ("rate(1.5 hours)", "must be a whole number from 1 on and minutes, hours or days"),
        ("rate(367 days)", "must be 366 days at most"),
        ("at(2026-12-24)", "must be a time on the clocks of timeZone"),
        ("at(2026-12-24T18:00:00Z)", "must be a time on the clocks of timeZone"),
        ("at(2026-13-24T18:00:00)", "must be a time on the clocks of timeZone"),
    ],
)
def test_a_wrong_expression_says_what_is_right(expression: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".+") as raised:
        parse(expression)

    assert problem in str(raised.value)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"])
def test_a_zone_of_the_database(zone: str) -> None:
    assert is_zone(zone)


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Berlin",
        "Europe",
        "europe/berlin ",
        "../UTC",
        "/etc/localtime",
        "localtime",
        "posixrules",
        "Factory",
        "right/UTC",
        "posix/UTC",
        "UTC\x00",
        "+01:00",
        "Europe/" + "x" * 60,
        "zone.tab",
        "Europe/Nowhere",
    ],
)
def test_no_zone_of_the_database(zone: str) -> None:
    assert not is_zone(zone)
    with pytest.raises(ValueError, match="there is no time zone"):
        next_fires("rate(1 day)", zone, at(START), 1)
