"""Readers that take what is there and never raise."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from fargate_runs.reading import lenient


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (137, 137),
        (-1, -1),
        (2.0, 2),
        ("0", 0),
        (" 143 ", 143),
        ("-1", -1),
        (2.5, None),
        (float("nan"), None),
        (float("inf"), None),
        (1e300, None),
        (10**30, None),
        (True, None),
        (False, None),
        ("", None),
        ("zero", None),
        ("1.0", None),
        ("٣", None),
        (None, None),
        ([0], None),
        ({}, None),
    ],
)
def test_whole_number(value: object, number: int | None) -> None:
    assert lenient.whole_number(value) == number


MOMENT = datetime(2023, 5, 2, 15, 29, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2023-05-02T15:29:11Z", "2023-05-02T15:29:11.000Z"),
        ("2023-05-02T15:29:11.1Z", "2023-05-02T15:29:11.100Z"),
        ("2023-05-02T15:29:11.17Z", "2023-05-02T15:29:11.170Z"),
        ("2023-05-02T15:29:11.177Z", "2023-05-02T15:29:11.177Z"),
        ("2023-05-02T17:29:11+02:00", "2023-05-02T15:29:11.000Z"),
        (MOMENT, "2023-05-02T15:29:11.000Z"),
        (MOMENT.replace(tzinfo=None), "2023-05-02T15:29:11.000Z"),
        (MOMENT.astimezone(timezone(timedelta(hours=9))), "2023-05-02T15:29:11.000Z"),
        (MOMENT.timestamp(), "2023-05-02T15:29:11.000Z"),
        (int(MOMENT.timestamp() * 1000) + 7, "2023-05-02T15:29:11.007Z"),
        ("yesterday", None),
        ("", None),
        (float("nan"), None),
        (float("inf"), None),
        (1e30, None),
        (True, None),
        (None, None),
        ([], None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_time(value: object, iso: str | None) -> None:
    assert lenient.iso(lenient.time(value)) == iso


def test_times_as_texts_sort_as_the_moments_do() -> None:
    texts = [lenient.iso(lenient.time(f"2023-05-02T15:29:11{fraction}Z")) for fraction in ("", ".05", ".1", ".123")]
    assert texts == sorted(texts, key=str)


@pytest.mark.parametrize(
    ("value", "read"),
    [("a", "a"), ("", None), (None, None), (3, None), ("a\ud800b", "a?b"), ("x" * 30, "x" * 9 + "…")],
)
def test_text(value: object, read: str | None) -> None:
    assert lenient.text(value, 10) == read


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2025-05-06T11:02:31Z", True),
        ("<redacted>", True),
        (1_746_529_351, True),
        (datetime(2025, 5, 6, tzinfo=UTC), True),
        (["x"], True),
        (None, False),
        ("", False),
        ("  ", False),
        ("null", False),
        (" None ", False),
        (0, False),
        (False, False),
        ({}, False),
    ],
)
def test_whether_a_value_says_something(value: object, says: bool) -> None:
    assert lenient.says_something(value) is says
