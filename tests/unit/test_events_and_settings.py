"""Envelopes, settings and patterns: what is read once, at the edge."""

from typing import Any, Final

import pytest

from fargate_runs.answers.usage import Prices
from fargate_runs.errors import EventError, ForeignEventError, MalformedEventError, MissingSettingError
from fargate_runs.reading.events import TaskStateChange
from fargate_runs.reading.patterns import Pattern, execution_arn, state_machine_of
from fargate_runs.settings import (
    ApiSettings,
    JudgeTaskSettings,
    LogSettings,
    PrepareRunSettings,
    RequestSettings,
    SweepSettings,
    TaskStateChangeSettings,
)
from tests.fakes.ecs import CANARY, CLUSTER_ARN, EXECUTION_ARN, MACHINES, RUN_ID, TOKEN, detail, event

OTHER_CLUSTER = {**detail(), "clusterArn": CLUSTER_ARN + "-of-others"}
REFUSED: list[tuple[object, type[EventError], str]] = [
    (None, MalformedEventError, "the event"),
    ("text", MalformedEventError, "the event"),
    ([], MalformedEventError, "the event"),
    ({}, ForeignEventError, "source"),
    ({**event(detail()), "source": "aws.batch"}, ForeignEventError, "source"),
    ({**event(detail()), "detail-type": "ECS Service Action"}, MalformedEventError, "detail-type"),
    ({**event(detail()), "detail-type": None}, MalformedEventError, "detail-type"),
    ({**event(detail()), "detail": None}, MalformedEventError, "detail"),
    ({**event(detail()), "detail": [detail()]}, MalformedEventError, "detail"),
    (event({**detail(), "version": "five"}), MalformedEventError, "detail.version"),
    (event({**detail(), "taskArn": CANARY}), MalformedEventError, "detail.taskArn"),
    (event({**detail(), "lastStatus": None}), MalformedEventError, "detail.lastStatus"),
    (event(OTHER_CLUSTER), ForeignEventError, "detail.clusterArn"),
]


def read(given: object) -> TaskStateChange:
    return TaskStateChange.from_event(given, cluster_arn=CLUSTER_ARN)


def test_an_event() -> None:
    change = read(event(detail()))
    assert (change.event_id, change.task.version) == ("00000000-0000-4000-8000-000000000001", 5)
    assert TOKEN not in repr(change)


@pytest.mark.parametrize(("given", "error", "field"), REFUSED)
def test_what_is_refused_is_named_and_not_repeated(given: object, error: type[EventError], field: str) -> None:
    with pytest.raises(error) as raised:
        read(given)
    assert raised.value.field == field
    assert field in str(raised.value)
    assert CANARY not in str(raised.value)
    assert TOKEN not in str(raised.value)


ENVIRONMENT = {
    "RUNS_TABLE_NAME": "runs",
    "JOBS_TABLE_NAME": "jobs",
    "CLUSTER_ARN": CLUSTER_ARN,
    "TASK_DEFINITION_ARN": "t",
    "CONTAINER_NAME": "main",
    "LOG_GROUP_NAME": "/jobs/tasks",
    "LOG_STREAM_PREFIX": "runs",
    "RUN_TASK_STATE_MACHINE_ARN": MACHINES.request_response,
    "RUN_TASK_SYNC_STATE_MACHINE_ARN": MACHINES.sync,
    "RUN_TASK_CALLBACK_STATE_MACHINE_ARN": MACHINES.callback,
    "FARGATE_VCPU_HOUR_USD": "0.04048",
    "FARGATE_GB_HOUR_USD": "0.004445",
    "FARGATE_SPOT_PRICE_FACTOR": "0.3",
}


API: Final = {**ENVIRONMENT, "TASK_CPU": "512", "TASK_MEMORY": "1024"}


def test_settings_and_their_defaults() -> None:
    ours = TaskStateChangeSettings.from_env(ENVIRONMENT)
    assert ours.token_variables == ("TASK_TOKEN", "TASK_TOKEN_ENV_VARIABLE")
    assert (ours.retention_days, ours.state_machines) == (120, MACHINES)
    assert RequestSettings.from_env(API).allowed_task_definitions == ()
    assert not ours.logs.reads_other_logs
    assert LogSettings.from_env({**ENVIRONMENT, "READS_OTHER_LOGS": "true"}).reads_other_logs
    assert not LogSettings.from_env({**ENVIRONMENT, "READS_OTHER_LOGS": "false"}).reads_other_logs
    assert ours.logs == JudgeTaskSettings.from_env(ENVIRONMENT).logs == ApiSettings.from_env(API).logs
    assert JudgeTaskSettings.from_env(ENVIRONMENT).prices == ours.prices == Prices(0.04048, 0.004445, 0.3)


def test_the_size_of_the_stack_s_own_task() -> None:
    assert RequestSettings.from_env(API).task_size == ("512", "1024")
    for name in ("TASK_CPU", "TASK_MEMORY", "JOBS_TABLE_NAME"):
        with pytest.raises(MissingSettingError, match=name):
            RequestSettings.from_env({**API, name: ""})


DEFAULTS = {"DEFAULT_TIMEOUT_SECONDS": "60", "DEFAULT_RETRIES": "0", "RETRY_INTERVAL_SECONDS": "5"}


def test_what_a_run_begins_with() -> None:
    """The same of the input as the API has, and what a run gets that asks for nothing else."""
    given = {**API, **DEFAULTS, "ALLOWED_TASK_DEFINITIONS": "x,y:1", "TASK_TOKEN_VARIABLE_NAMES": "A"}
    ours, api = PrepareRunSettings.from_env(given), ApiSettings.from_env(given)
    assert (ours.default_timeout_seconds, ours.default_retries, ours.retry_interval_seconds) == (60, 0, 5)
    assert ours.request == api.request == RequestSettings.from_env(given)
    assert (ours.container_name, ours.request.runs_table_name, ours.request.task_definition_arn) == (
        "main",
        "runs",
        "t",
    )
    for name in (*DEFAULTS, "CONTAINER_NAME", "RUNS_TABLE_NAME", "TASK_DEFINITION_ARN"):
        with pytest.raises(MissingSettingError, match=name):
            PrepareRunSettings.from_env({**given, name: ""})


def test_settings_that_are_lists() -> None:
    given = {**API, "TASK_TOKEN_VARIABLE_NAMES": "A, B,", "ALLOWED_TASK_DEFINITIONS": "x,y:1"}
    assert TaskStateChangeSettings.from_env(given).token_variables == ("TASK_TOKEN", "A", "B")
    assert RequestSettings.from_env(given).token_variables == ("TASK_TOKEN", "A", "B")
    again = {**ENVIRONMENT, "TASK_TOKEN_VARIABLE_NAMES": "A,TASK_TOKEN"}
    assert TaskStateChangeSettings.from_env(again).token_variables == ("TASK_TOKEN", "A")
    assert RequestSettings.from_env({**given, "RECORD_RETENTION_DAYS": "7"}).retention_days == 7
    assert RequestSettings.from_env(given).allowed_task_definitions == ("x", "y:1")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_setting_that_is_missing_is_named(name: str) -> None:
    given = {**ENVIRONMENT, name: " "}
    with pytest.raises(MissingSettingError, match=name):
        TaskStateChangeSettings.from_env(given)


PATTERNS: list[tuple[str | None, bool, str | None, Pattern | None]] = [
    (EXECUTION_ARN, True, None, Pattern.CALLBACK),
    (execution_arn(MACHINES.sync, RUN_ID), False, "AWS Step Functions", Pattern.SYNC),
    (execution_arn(MACHINES.request_response, RUN_ID), False, None, Pattern.REQUEST_RESPONSE),
    (execution_arn(MACHINES.sync + "-of-others", RUN_ID), True, None, Pattern.CALLBACK),
    (None, True, None, Pattern.CALLBACK),
    (None, False, "AWS Step Functions", Pattern.SYNC),
    (None, False, "ecs-svc/1", None),
    (None, False, None, None),
    ("nonsense", False, None, None),
]


@pytest.mark.parametrize(("execution", "has_token", "started_by", "pattern"), PATTERNS)
def test_pattern_of_a_task(
    execution: str | None, has_token: bool, started_by: str | None, pattern: Pattern | None
) -> None:
    assert MACHINES.pattern_of(execution, has_token=has_token, started_by=started_by) is pattern


@pytest.mark.parametrize(
    ("execution", "machine"),
    [
        (EXECUTION_ARN, MACHINES.callback),
        (EXECUTION_ARN.replace(f":{RUN_ID}", "/Label:0123"), MACHINES.callback),
        ("arn:aws:states:us-east-1:1:execution:m", None),
        ("arn:aws:states:us-east-1:1:express:m:e", None),
        ("", None),
        (None, None),
    ],
)
def test_state_machine_of(execution: str | None, machine: str | None) -> None:
    assert state_machine_of(execution) == machine


def test_every_error_message_is_free_of_its_input() -> None:
    given: Any = {**event(detail()), "detail": {**detail(), "clusterArn": TOKEN}}
    with pytest.raises(MalformedEventError) as raised:
        read(given)
    assert TOKEN not in str(raised.value.__cause__)


def test_the_sweep_knows_whom_to_tell() -> None:
    assert SweepSettings.from_env({**ENVIRONMENT, "ALARM_TOPIC_ARN": "arn:topic"}).alarm_topic_arn == "arn:topic"
    with pytest.raises(MissingSettingError, match="ALARM_TOPIC_ARN"):
        SweepSettings.from_env(ENVIRONMENT)
