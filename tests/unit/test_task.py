"""Reading an ECS task (facts B2 to B9)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fargate_runs.errors import MalformedTaskError
from fargate_runs.reading.task import Container, EcsTask, from_pascal_case
from tests.fakes.ecs import (
    CANARY,
    EXECUTION_ARN,
    GUARD_DUTY,
    RUN_ID,
    TASK_ID,
    TOKEN,
    container,
    detail,
    overrides,
    task,
)


def test_reads_what_matters() -> None:
    read = task()
    assert (read.task_id, read.version, read.last_status) == (TASK_ID, 5, "STOPPED")
    assert (read.run_id, read.execution_arn, read.token) == (RUN_ID, EXECUTION_ARN, TOKEN)
    assert read.main_container == "main"
    assert read.containers == (Container("main", 0, None, "STOPPED"),)
    assert read.timeline.pull_stopped_at == datetime(2025, 5, 6, 11, 2, 30, 120_000, UTC)
    assert (read.cpu, read.memory) == ("256", "512")


@pytest.mark.parametrize("field", ["taskArn", "clusterArn", "lastStatus"])
@pytest.mark.parametrize("value", [None, "", 7, [], {}])
def test_what_cannot_be_missing_is_named(field: str, value: object) -> None:
    broken = {**detail(), field: value}
    with pytest.raises(MalformedTaskError, match=field):
        EcsTask.from_detail(broken)


@pytest.mark.parametrize("field", ["taskArn", "clusterArn"])
@pytest.mark.parametrize("value", ["task/jobs/1", "arn:aws:s3:::bucket", "arn:aws:ecs:::task/", "arn:" + "x" * 3000])
def test_other_arns_are_refused(field: str, value: str) -> None:
    with pytest.raises(MalformedTaskError, match=field):
        EcsTask.from_detail({**detail(), field: value})


@pytest.mark.parametrize("version", ["5", "five", -1, 1.5, True, [], 10**40])
def test_a_version_that_is_no_number_is_refused(version: object) -> None:
    with pytest.raises(MalformedTaskError, match="version"):
        EcsTask.from_detail({**detail(), "version": version})


def test_an_absent_version_is_the_oldest() -> None:
    assert task(version=None).version == 0


OPTIONAL = sorted(set(detail()) - {"taskArn", "clusterArn", "lastStatus"})


@pytest.mark.parametrize("field", OPTIONAL)
@pytest.mark.parametrize("value", [None, "absent", 3.5, "", "null", [], {}, [None, 1, "x", {}], {"a": [1]}])
def test_every_other_field_may_be_anything(field: str, value: object) -> None:
    changed: dict[str, Any] = {**detail(), field: value}
    if field == "version":
        return
    if value == "absent":
        del changed[field]
    EcsTask.from_detail(changed)


def test_old_and_new_arns() -> None:
    old = task(taskArn="arn:aws:ecs:us-east-1:123456789012:task/b99d40b3-5176-4f71-9a52-9dbd6f1cebef")
    assert old.task_id == "b99d40b3-5176-4f71-9a52-9dbd6f1cebef"
    assert task().task_id == TASK_ID


@pytest.mark.parametrize(
    ("given", "read"), [("0", 0), (137.0, 137), ("", None), ("x", None), (True, None), ([], None), (None, None)]
)
def test_exit_codes(given: object, read: int | None) -> None:
    changed = {**container(), "exitCode": given}
    assert task(containers=[changed]).containers[0].exit_code == read


def test_cpu_of_an_injected_container_and_of_a_task_may_be_the_text_null() -> None:
    assert task(cpu="null", memory="null").cpu is None


def test_a_huge_reason_is_cut() -> None:
    read = task(stoppedReason="x" * 100_000, containers=[container(reason="y" * 100_000)])
    assert read.stopped_reason is not None
    assert len(read.stopped_reason) <= 2_048
    assert len(read.containers[0].reason or "") <= 2_048


@pytest.mark.parametrize("variable", ["TASK_TOKEN", "TASK_TOKEN_ENV_VARIABLE"])
def test_the_token_in_either_variable_and_another_machine(variable: str) -> None:
    read = task(overrides=overrides(run_id=None, token_variable=variable))
    assert (read.token, read.main_container) == (TOKEN, "main")
    assert read.run_id == TASK_ID


def test_the_names_of_the_token_are_settings() -> None:
    named = detail(overrides=overrides(token_variable="MY_TOKEN"))
    assert EcsTask.from_detail(named).token is None
    assert EcsTask.from_detail(named, token_variables=("MY_TOKEN",)).token == TOKEN


def test_run_id_names_the_main_container_even_if_another_has_the_token() -> None:
    entries = [
        {"name": "talker", "environment": [{"name": "TASK_TOKEN", "value": TOKEN}]},
        {"name": "worker", "environment": [{"name": "RUN_ID", "value": RUN_ID}]},
    ]
    for order in (entries, entries[::-1]):
        read = task(overrides={"containerOverrides": order})
        assert (read.main_container, read.token, read.run_id) == ("worker", TOKEN, RUN_ID)


def test_no_run_id_and_no_token() -> None:
    read = task(overrides={"containerOverrides": [{"name": "main"}]})
    assert (read.main_container, read.token, read.run_id, read.execution_arn) == (None, None, TASK_ID, None)


@pytest.mark.parametrize("value", ["", "x" * 3_000, None, 7, "\ud800"])
def test_an_unusable_token_is_none(value: object) -> None:
    entries = [{"name": "main", "environment": [{"name": "TASK_TOKEN", "value": value}]}]
    assert task(overrides={"containerOverrides": entries}).token is None


def test_injected_containers_never_are_the_main_one() -> None:
    entries = [{"name": GUARD_DUTY, "environment": [{"name": "RUN_ID", "value": RUN_ID}]}]
    assert task(overrides={"containerOverrides": entries}).main_container is None


def test_the_repr_shows_neither_token_nor_environment() -> None:
    shown = repr(task())
    assert TOKEN not in shown
    assert CANARY not in shown
    assert "prod" not in shown


def test_describe_tasks_gives_datetimes_and_pascal_case_gives_milliseconds() -> None:
    moment = datetime(2025, 5, 6, 11, 2, 13, 877_000, UTC)
    described = {**detail(), "createdAt": moment}
    pascal = {
        "TaskArn": detail()["taskArn"],
        "CreatedAt": int(moment.timestamp() * 1000),
        "Containers": [{"Name": "a"}],
    }
    assert EcsTask.from_detail(described) == task()
    camel = from_pascal_case(pascal)
    assert camel["containers"] == [{"name": "a"}]
    again = EcsTask.from_detail({**detail(), **camel, "containers": detail()["containers"]})
    assert again == task()
