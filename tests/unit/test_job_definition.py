"""What a definition of a job may say, and how it is read; wrong ones: test_job_problems.py."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.document import job_document, shown_document
from fargate_runs.jobs.job import Concurrency, Job, JobSchedule, Policy
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import Capacity
from tests.fakes.jobs import DEFINITION, IMAGE, PASSWORD, ROLE, SECRET, WHOLE
from tests.fakes.reading_jobs import RULES, of_definition, problems, read, schedule


def test_every_key_is_read() -> None:
    assert read_job("nightly", WHOLE, RULES) == Job(
        name="nightly",
        project="reports",
        image=IMAGE,
        entrypoint=("/bin/run",),
        command=("python", "report.py"),
        environment={"STAGE": "prod"},
        secrets={"DB_PASSWORD": PASSWORD, "KEY": f"{SECRET}:key::"},
        cpu=512,
        memory=1024,
        platform="linux/arm64",
        task_role=ROLE,
        capacity=Capacity.SPOT_FIRST,
        timeout_seconds=3_600,
        total_timeout_seconds=10_800,
        retries=3,
        retry_on_exit_codes=(75,),
        pattern=Pattern.SYNC,
        schedules=(
            JobSchedule(
                "weekdays",
                "cron(0 6 ? * MON-FRI *)",
                "Europe/Berlin",
                is_enabled=False,
                starting_deadline_seconds=7_200,
                overrides={
                    "commands": ["python", "other.py"],
                    "environment": {"STAGE": "test"},
                    "cpu": "1024",
                    "memory": "2048",
                    "capacity": "spot",
                    "timeoutSeconds": 90,
                    "totalTimeoutSeconds": 7_200,
                    "retries": 0,
                    "retryOnExitCodes": "any",
                },
            ),
            JobSchedule("often", "rate(15 minutes)"),
            JobSchedule("once", "at(2026-12-24T18:00:00)"),
        ),
        concurrency=Concurrency(1, Policy.REPLACE),
        no_success_for_seconds=93_600,
    )


def test_without_keys_the_stack_decides() -> None:
    assert read() == Job(name="nightly", project="reports", image=IMAGE)
    assert of_definition() == Job(name="nightly", project="reports", task_definition=DEFINITION)


def test_an_empty_list_clears() -> None:
    empty: dict[str, object] = {
        "entrypoint": [],
        "command": [],
        "environment": {},
        "secrets": {},
        "schedules": [],
        "retryOn": {},
    }

    assert read(**empty) == read()
    assert read(**schedule(overrides={"command": [], "environment": {}})) == read(**schedule())
    assert of_definition(entrypoint=[], secrets={}) == of_definition()


@pytest.mark.parametrize(
    "body", [WHOLE, {"project": "p", "taskDefinition": DEFINITION}, {"project": "p", "image": "x"}]
)
def test_the_document_of_a_job_is_read_as_the_same_job(body: Mapping[str, object]) -> None:
    job = read_job("nightly", body, RULES)
    document = json.loads(json.dumps(job_document(job)))

    assert read_job("nightly", document, RULES) == job
    assert job_document(read_job("nightly", document, RULES)) == document


def test_the_document_says_what_the_file_says() -> None:
    assert job_document(read_job("nightly", WHOLE, RULES)) == WHOLE


def test_a_shown_document_has_no_value_of_a_variable() -> None:
    shown: Any = shown_document(read_job("nightly", WHOLE, RULES))

    assert shown["environmentNames"] == ["STAGE"]
    assert shown["schedules"][0]["overrides"]["environmentNames"] == ["STAGE"]
    assert '"environment"' not in json.dumps(shown)
    assert "prod" not in json.dumps(shown)
    assert shown.keys() == {*WHOLE, "environmentNames"} - {"environment"}
    assert [each["name"] for each in shown["schedules"]] == ["weekdays", "often", "once"]


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ({"cron": "0  6 ? * mon-fri *"}, "cron(0 6 ? * MON-FRI *)"),
        ({"rate": "1 days"}, "rate(1 day)"),
        ({"rate": "2 hour"}, "rate(2 hours)"),
        ({"rate": "01 minute"}, None),
        ({"at": "2026-12-24T18:00:00"}, "at(2026-12-24T18:00:00)"),
    ],
)
def test_one_meaning_has_one_expression(written: dict[str, object], expression: str | None) -> None:
    body = {"schedules": [{"name": "daily", **written}]}
    if expression is None:
        assert problems(body)
    else:
        assert read(**body).schedules[0].expression == expression


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("15m", 900), ("1h", 3_600), ("2d", 172_800), (60, 60), (60.0, 60), ("1157d", 99_964_800)],
)
def test_durations(written: object, seconds: int) -> None:
    job = read(timeout=written)

    assert job.timeout_seconds == seconds
    assert read(timeout=job_document(job)["timeout"]) == job


@pytest.mark.parametrize("name", ["", "Nightly", "1a", "a_b", "a-", "a--b", "a" * 39, "a.b"])
def test_a_wrong_name_of_a_job(name: str) -> None:
    assert problems({}, name=name) == [
        (
            "",
            (
                "the name of the job must have 1 to 38 small letters, digits and single dashes, a letter first and no"
                " dash last"
            ),
        )
    ]


@pytest.mark.parametrize("name", ["a", "a1", "a-b-c", "a" * 38])
def test_a_name_of_a_job(name: str) -> None:
    assert problems({}, name=name) == []


@pytest.mark.parametrize(
    "image",
    [
        "x",
        "public.ecr.aws/docker/library/python:3.13-slim",
        "localhost:5000/a/b_c:1",
        IMAGE,
        "a/b@sha256:" + "0" * 64,
        "python:3.13@sha256:" + "0" * 64,
    ],
)
def test_images(image: str) -> None:
    assert read(image=image).image == image


def test_a_job_never_shows_the_values_of_its_variables() -> None:
    assert "prod" not in repr(read_job("nightly", WHOLE, RULES))
    assert "test" not in repr(read_job("nightly", WHOLE, RULES))
