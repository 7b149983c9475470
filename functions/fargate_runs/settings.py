"""The settings of the functions: one frozen dataclass each, read once from the environment that template.yaml sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from fargate_runs.answers.usage import Prices
from fargate_runs.errors import MissingSettingError
from fargate_runs.reading.patterns import FollowedMachines, StateMachines
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES

_RETENTION_DAYS = "120"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Of each function that reads logs: where the stack's own containers log, and whether others' logs are read."""

    task_definition_arn: str
    container_name: str
    log_group_name: str
    log_stream_prefix: str
    reads_other_logs: bool

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "LogSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            task_definition_arn=_required(environ, "TASK_DEFINITION_ARN"),
            container_name=_required(environ, "CONTAINER_NAME"),
            log_group_name=_required(environ, "LOG_GROUP_NAME"),
            log_stream_prefix=_required(environ, "LOG_STREAM_PREFIX"),
            reads_other_logs=environ.get("READS_OTHER_LOGS", "").strip() == "true",
        )


@dataclass(frozen=True, slots=True)
class TaskStateChangeSettings:
    """Of the function behind the rule on "ECS Task State Change"."""

    runs_table_name: str
    jobs_table_name: str
    cluster_arn: str
    logs: LogSettings
    token_variables: tuple[str, ...]
    retention_days: int
    state_machines: StateMachines
    prices: Prices

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "TaskStateChangeSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            runs_table_name=_required(environ, "RUNS_TABLE_NAME"),
            jobs_table_name=_required(environ, "JOBS_TABLE_NAME"),
            cluster_arn=_required(environ, "CLUSTER_ARN"),
            logs=LogSettings.from_env(environ),
            token_variables=_token_variables(environ),
            retention_days=_days(environ),
            state_machines=_state_machines(environ),
            prices=_prices(environ),
        )


@dataclass(frozen=True, slots=True)
class ExecutionStateChangeSettings:
    """Of the function behind the rule on "Step Functions Execution Status Change"."""

    runs_table_name: str
    jobs_table_name: str
    cluster_arn: str
    retention_days: int
    state_machines: StateMachines

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "ExecutionStateChangeSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            runs_table_name=_required(environ, "RUNS_TABLE_NAME"),
            jobs_table_name=_required(environ, "JOBS_TABLE_NAME"),
            cluster_arn=_required(environ, "CLUSTER_ARN"),
            retention_days=_days(environ),
            state_machines=_state_machines(environ),
        )


@dataclass(frozen=True, slots=True)
class WaitForSlotSettings:
    """Of the function that a run waits with for a slot of its job.

    The state machines are made of its ARN, so its variables cannot have theirs.
    """

    runs_table_name: str
    jobs_table_name: str
    cluster_arn: str
    retention_days: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "WaitForSlotSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            runs_table_name=_required(environ, "RUNS_TABLE_NAME"),
            jobs_table_name=_required(environ, "JOBS_TABLE_NAME"),
            cluster_arn=_required(environ, "CLUSTER_ARN"),
            retention_days=_days(environ),
        )


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Of the function that sweeps: what settles a task, and which other machines' executions are asked for."""

    settling: TaskStateChangeSettings
    followed: FollowedMachines
    alarm_topic_arn: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "SweepSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            settling=TaskStateChangeSettings.from_env(environ),
            followed=FollowedMachines(_list(environ, "FOLLOW_OTHER_STATE_MACHINES")),
            alarm_topic_arn=_required(environ, "ALARM_TOPIC_ARN"),
        )


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """Of the functions that read a run's input and record the run: the same for the API and for `prepare_run`."""

    runs_table_name: str
    retention_days: int
    task_definition_arn: str
    allowed_task_definitions: tuple[str, ...]
    task_size: tuple[str, str]
    """CPU units and MiB of memory of the stack's own task definition."""
    token_variables: tuple[str, ...]
    jobs_table_name: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "RequestSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            runs_table_name=_required(environ, "RUNS_TABLE_NAME"),
            retention_days=_days(environ),
            task_definition_arn=_required(environ, "TASK_DEFINITION_ARN"),
            allowed_task_definitions=_list(environ, "ALLOWED_TASK_DEFINITIONS"),
            task_size=(_required(environ, "TASK_CPU"), _required(environ, "TASK_MEMORY")),
            token_variables=_token_variables(environ),
            jobs_table_name=_required(environ, "JOBS_TABLE_NAME"),
        )


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Of the function behind the REST API."""

    request: RequestSettings
    logs: LogSettings
    cluster_arn: str
    state_machines: StateMachines
    prices: Prices

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "ApiSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            request=RequestSettings.from_env(environ),
            logs=LogSettings.from_env(environ),
            cluster_arn=_required(environ, "CLUSTER_ARN"),
            state_machines=_state_machines(environ),
            prices=_prices(environ),
        )


@dataclass(frozen=True, slots=True)
class OwnDefinitionSettings:
    """What the stack's own task definition says, and that of a job repeats."""

    family: str
    container_name: str
    architecture: str
    execution_role_arn: str
    task_role_arn: str
    log_group_name: str
    region: str
    stop_timeout_seconds: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "OwnDefinitionSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            family=_required(environ, "TASK_FAMILY"),
            container_name=_required(environ, "CONTAINER_NAME"),
            architecture=_required(environ, "TASK_ARCHITECTURE"),
            execution_role_arn=_required(environ, "EXECUTION_ROLE_ARN"),
            task_role_arn=_required(environ, "TASK_ROLE_ARN"),
            log_group_name=_required(environ, "LOG_GROUP_NAME"),
            region=_required(environ, "LOG_REGION"),
            stop_timeout_seconds=int(_required(environ, "STOP_TIMEOUT_SECONDS")),
        )


@dataclass(frozen=True, slots=True)
class TimerSettings:
    """What the schedules of jobs call, and as which role."""

    group_name: str
    function_arn: str
    role_arn: str
    dead_letter_arn: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "TimerSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            group_name=_required(environ, "SCHEDULE_GROUP_NAME"),
            function_arn=_required(environ, "START_SCHEDULED_RUN_FUNCTION_ARN"),
            role_arn=_required(environ, "TIMER_ROLE_ARN"),
            dead_letter_arn=_required(environ, "TIMER_DEAD_LETTER_ARN"),
        )


@dataclass(frozen=True, slots=True)
class JobsSettings:
    """Of the function that shows and changes jobs."""

    request: RequestSettings
    cluster_arn: str
    state_machines: StateMachines
    own: OwnDefinitionSettings
    timers: TimerSettings
    allowed_task_roles: tuple[str, ...]
    allowed_secrets: tuple[str, ...]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "JobsSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            request=RequestSettings.from_env(environ),
            cluster_arn=_required(environ, "CLUSTER_ARN"),
            state_machines=_state_machines(environ),
            own=OwnDefinitionSettings.from_env(environ),
            timers=TimerSettings.from_env(environ),
            allowed_task_roles=_list(environ, "ALLOWED_TASK_ROLES"),
            allowed_secrets=_list(environ, "ALLOWED_SECRETS"),
        )


@dataclass(frozen=True, slots=True)
class PrepareRunSettings:
    """Of the function that each execution begins with."""

    request: RequestSettings
    container_name: str
    default_timeout_seconds: int
    default_retries: int
    retry_interval_seconds: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "PrepareRunSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            request=RequestSettings.from_env(environ),
            container_name=_required(environ, "CONTAINER_NAME"),
            default_timeout_seconds=int(_required(environ, "DEFAULT_TIMEOUT_SECONDS")),
            default_retries=int(_required(environ, "DEFAULT_RETRIES")),
            retry_interval_seconds=int(_required(environ, "RETRY_INTERVAL_SECONDS")),
        )


@dataclass(frozen=True, slots=True)
class StartScheduledRunSettings:
    """Of the function that the schedules of jobs call."""

    request: RequestSettings
    state_machines: StateMachines

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "StartScheduledRunSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(request=RequestSettings.from_env(environ), state_machines=_state_machines(environ))


@dataclass(frozen=True, slots=True)
class JudgeTaskSettings:
    """Of the function that judges why a state failed that runs a task."""

    logs: LogSettings
    prices: Prices

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "JudgeTaskSettings":
        """Raises MissingSettingError, which names the variable."""
        return cls(
            logs=LogSettings.from_env(environ),
            prices=_prices(environ),
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise MissingSettingError(name)
    return value


def _list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in (each.strip() for each in environ.get(name, "").split(",")) if part)


def _token_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """TASK_TOKEN comes first, whatever the stack names: it is where our own machine puts the token."""
    named = _list(environ, "TASK_TOKEN_VARIABLE_NAMES") or DEFAULT_TOKEN_VARIABLES
    return tuple(dict.fromkeys((DEFAULT_TOKEN_VARIABLES[0], *named)))


def _days(environ: Mapping[str, str]) -> int:
    return int(environ.get("RECORD_RETENTION_DAYS", "").strip() or _RETENTION_DAYS)


def _state_machines(environ: Mapping[str, str]) -> StateMachines:
    return StateMachines(
        request_response=_required(environ, "RUN_TASK_STATE_MACHINE_ARN"),
        sync=_required(environ, "RUN_TASK_SYNC_STATE_MACHINE_ARN"),
        callback=_required(environ, "RUN_TASK_CALLBACK_STATE_MACHINE_ARN"),
    )


def _prices(environ: Mapping[str, str]) -> Prices:
    return Prices(
        vcpu_hour_usd=float(_required(environ, "FARGATE_VCPU_HOUR_USD")),
        gb_hour_usd=float(_required(environ, "FARGATE_GB_HOUR_USD")),
        spot_factor=float(_required(environ, "FARGATE_SPOT_PRICE_FACTOR")),
    )
