"""The JSON Schema of the file of jobs: it and the reader are made of one table, and agree."""

from collections.abc import Mapping

import jsonschema
import pytest

from fargate_runs.errors import InvalidJobError
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.keys import BODY, JOB, OVERRIDES, SCHEDULE
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.schema import file_schema
from tests.fakes.jobs import IMAGE, WHOLE

FILE = {"version": 1, "project": "reports", "jobs": {"nightly": {"image": IMAGE}}}


def is_valid(document: object) -> bool:
    return bool(jsonschema.Draft202012Validator(file_schema()).is_valid(document))


def with_job(job: Mapping[str, object]) -> dict[str, object]:
    return {**FILE, "jobs": {"nightly": {key: value for key, value in job.items() if key != "project"}}}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(file_schema())


def test_it_takes_a_file_with_every_key() -> None:
    assert is_valid({**with_job(WHOLE), "defaults": {"timeZone": "Europe/Berlin", "cpu": 256}})
    assert is_valid(FILE)


@pytest.mark.parametrize("missing", FILE)
def test_what_is_needed_is_missing(missing: str) -> None:
    assert not is_valid({key: value for key, value in FILE.items() if key != missing})


@pytest.mark.parametrize(
    "document",
    [
        {**FILE, "more": 1},
        {**FILE, "version": 2},
        {**FILE, "project": "Reports"},
        {**FILE, "jobs": {"Nightly": {"image": IMAGE}}},
        {**FILE, "defaults": {"more": 1}},
        {**FILE, "defaults": {"cpu": 300}},
    ],
)
def test_what_is_wrong_in_the_frame(document: object) -> None:
    assert not is_valid(document)


TRIED: Mapping[str, tuple[object, ...]] = {
    "cpu": (256, 300, "256", True, None),
    "timeout": ("1h", 60, "1w", 0, "0s", True, 1.5),
    "retries": (0, 10, 11, -1, "1"),
    "command": (["x"], [1], "x", [], ["x"] * 1_001),
    "environment": ({"A": "x"}, {"A": 1}, {"1A": "x"}, []),
    "secrets": ({"A": "x"}, {}),
    "concurrency": ({"limit": 1}, {"limit": 0}, {}, {"limit": 1, "x": 1}),
    "schedules": ([], [{"cron": "0 6 * * ? *"}], [5], {}),
    "alarm": ({"noSuccessFor": "26h"}, {}),
    "image": ("x", "no image", "x" * 256, 5),
    "retryOn": ({"any": True}, {"any": 1}, {"exitCodes": [1]}, {"exitCodes": [0]}),
}


@pytest.mark.parametrize("job", [{key: value} for key, values in TRIED.items() for value in values])
def test_it_takes_what_the_reader_takes(job: dict[str, object]) -> None:
    try:
        read_job("nightly", {"project": "reports", "image": IMAGE, **job}, JobRules())
    except InvalidJobError:
        assert not is_valid(with_job({"image": IMAGE, **job}))
    else:
        assert is_valid(with_job({"image": IMAGE, **job}))


def test_every_key_has_a_sentence() -> None:
    for keys in (BODY, JOB, SCHEDULE, OVERRIDES):
        assert all(key.description.endswith(".") for key in keys.values())
