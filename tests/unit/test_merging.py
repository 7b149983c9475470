"""A run with the settings of its job: which are the job's, which the run's own, and which go together."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.jobs.job import Concurrency
from fargate_runs.jobs.merging import expect_job, with_job
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import Capacity, RunRequest
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY
from tests.fakes.stored_jobs import OWN_DEFINITION, a_job, stored

FAMILY = "arn:aws:ecs:us-east-1:123456789012:task-definition/report:3"
SETTINGS: dict[str, Any] = {
    "capacity": Capacity.SPOT,
    "timeout_seconds": 60,
    "total_timeout_seconds": 600,
    "retries": 2,
    "retry_on_exit_codes": (75,),
}
OVERRIDES: dict[str, Any] = {"command": ("a", "b"), "environment": {"A": "1", "B": "2"}, "cpu": 512, "memory": 1024}
ASKED = {
    "capacity": "on-demand",
    "timeoutSeconds": 5,
    "totalTimeoutSeconds": 6,
    "retries": 0,
    "retryOnExitCodes": [],
    "commands": ["c"],
    "environment": {"B": "3", "C": "4"},
    "cpu": "256",
    "memory": "512",
}


def asked(**keys: Any) -> RunRequest:
    return RunRequest.from_input({"job": "nightly", **keys}, Pattern.CALLBACK)


def test_the_settings_of_a_job_with_an_image_are_defaults() -> None:
    of_job = with_job(asked(), stored(a_job(**SETTINGS, **OVERRIDES)))
    request = of_job.request
    assert {name: getattr(request, name) for name in SETTINGS} == SETTINGS
    assert (of_job.task_definition, of_job.size) == (OWN_DEFINITION, ("512", "1024"))
    assert (request.commands, request.environment, request.cpu, request.memory) == (None, {}, None, None)


def test_a_job_with_a_task_definition_brings_overrides() -> None:
    of_job = with_job(asked(), stored(a_job(task_definition=FAMILY, **SETTINGS, **OVERRIDES)))
    request = of_job.request
    assert {name: getattr(request, name) for name in SETTINGS} == SETTINGS
    assert (of_job.task_definition, of_job.size, request.task_definition) == (None, None, FAMILY)
    assert (request.commands, request.environment) == (("a", "b"), {"A": "1", "B": "2"})
    assert (request.cpu, request.memory) == ("512", "1024")


@pytest.mark.parametrize("kind", [{}, {"task_definition": FAMILY}])
def test_what_the_run_asks_for_wins(kind: dict[str, Any]) -> None:
    request = with_job(asked(**ASKED), stored(a_job(**kind, **SETTINGS, **OVERRIDES))).request
    environment = {"B": "3", "C": "4", **({"A": "1"} if kind else {})}
    definition = {"taskDefinition": FAMILY} if kind else {}
    assert request.execution_input() == {"job": "nightly", **ASKED, "environment": environment, **definition}


@pytest.mark.parametrize(
    ("of_the_job", "given", "codes", "is_any"),
    [
        ({}, {}, (), False),
        ({"retry_on_any": True}, {}, (), True),
        ({"retry_on_any": True}, {"retryOnExitCodes": [3]}, (3,), False),
        ({"retry_on_any": True}, {"retryOnExitCodes": []}, (), False),
        ({"retry_on_exit_codes": (75,)}, {"retryOnExitCodes": "any"}, None, True),
        ({"retry_on_exit_codes": (75,)}, {}, (75,), False),
    ],
)
def test_which_exit_codes_are_tried_again(
    of_the_job: dict[str, Any], given: dict[str, Any], codes: object, is_any: bool
) -> None:
    request = with_job(asked(**given), stored(a_job(**of_the_job))).request
    assert (request.retry_on_exit_codes, request.retry_on_any) == (codes, is_any)


HALVES: list[dict[str, Any]] = [{"cpu": 512}, {"memory": 1024}, {}]


@pytest.mark.parametrize("half", HALVES)
def test_a_size_is_known_only_as_a_whole(half: dict[str, Any]) -> None:
    assert with_job(asked(), stored(a_job(**half))).size is None


@pytest.mark.parametrize("kind", [{}, {"task_definition": FAMILY}])
def test_the_limit_is_that_of_the_job(kind: dict[str, Any]) -> None:
    limit = Concurrency(3)
    assert with_job(asked(), stored(a_job(**kind, concurrency=limit))).concurrency is limit


def test_a_job_without_its_task_definition_runs_nothing() -> None:
    with pytest.raises(InvalidRunRequestError) as refused:
        with_job(asked(), replace(stored(a_job()), task_definition_arn=None))
    assert refused.value.problems == ("job: nightly has no task definition yet; apply the job again",)


SECOND = timedelta(seconds=1)
# When the job was deleted, when the run began, and whether the job is there for it.
DELETED: list[tuple[datetime | None, datetime | None, bool]] = [
    (None, NOON, True),
    (None, None, True),
    (NOON + SECOND, NOON, True),
    (NOON, NOON, False),
    (NOON - SECOND, NOON, False),
    (NOON, None, False),
]


@pytest.mark.parametrize(("deleted_at", "at", "is_there"), DELETED)
def test_a_deleted_job_is_there_for_the_runs_that_began_before(
    deleted_at: datetime | None, at: datetime | None, is_there: bool
) -> None:
    job = replace(stored(a_job()), deleted_at=deleted_at)
    if is_there:
        assert expect_job("nightly", job, at) is job
        return
    with pytest.raises(InvalidRunRequestError) as refused:
        expect_job("nightly", job, at)
    assert refused.value.problems == ("job: nightly was deleted before the run began; apply it again",)


def test_a_job_that_never_was() -> None:
    with pytest.raises(InvalidRunRequestError) as refused:
        expect_job("nightly", None, NOON)
    assert refused.value.problems == ("job: there is no job nightly; apply it first",)


def test_the_job_and_the_run_may_not_go_together() -> None:
    job = a_job(task_definition=FAMILY, cpu=512, memory=1024, environment={"A": CANARY * 200})
    with pytest.raises(InvalidRunRequestError, match='memory: "4096" does not go with cpu "256"'):
        with_job(asked(cpu="256"), stored(a_job(task_definition=FAMILY, memory=4096)))
    with pytest.raises(InvalidRunRequestError, match="and ECS takes 8192") as refused:
        with_job(asked(environment={"B": "x" * 7_000}), stored(job))
    assert CANARY not in str(refused.value)


def test_no_repr_shows_a_value() -> None:
    assert CANARY not in repr(with_job(asked(), stored(a_job(task_definition=FAMILY, environment={"A": CANARY}))))
