"""The template's two faces: what can be given to it and what it gives back."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from fargate_runs.settings import (
    ApiSettings,
    ExecutionStateChangeSettings,
    JobsSettings,
    JudgeTaskSettings,
    PrepareRunSettings,
    StartScheduledRunSettings,
    SweepSettings,
    TaskStateChangeSettings,
    WaitForSlotSettings,
)
from tests.template.loading import EVENTS, ROOT, Object, event_sample, resources_of_type

OUTPUTS = {
    "AlarmTopicArn",
    "ApiFunctionName",
    "ApiUrl",
    "ClusterArn",
    "ContainerName",
    "DeadLetterQueueUrl",
    "EventArchiveArn",
    "ExecutionStateChangeFunctionName",
    "ExecutionStateChangeRuleArn",
    "JwtApiUrl",
    "RunTaskCallbackStateMachineArn",
    "RunTaskStateMachineArn",
    "RunTaskSyncStateMachineArn",
    "RunsTableName",
    "JobScheduleGroupName",
    "JobsFunctionName",
    "JobsTableName",
    "ScheduleDeadLetterQueueUrl",
    "SecurityGroupIds",
    "SubnetIds",
    "StartScheduledRunFunctionName",
    "SweepFunctionName",
    "TaskDefinitionArn",
    "TaskLogGroupName",
    "TaskStateChangeFunctionName",
    "TaskStateChangeRuleArn",
    "TimerDeadLetterQueueUrl",
}


class Readable(Protocol):
    """The settings of a function."""

    def from_env(self, environ: Mapping[str, str]) -> object:
        """Read from an environment."""


SETTINGS: Mapping[str, Readable] = {
    "ApiFunction": ApiSettings,
    "ExecutionStateChangeFunction": ExecutionStateChangeSettings,
    "JobsFunction": JobsSettings,
    "JudgeTaskFunction": JudgeTaskSettings,
    "PrepareRunFunction": PrepareRunSettings,
    "StartScheduledRunFunction": StartScheduledRunSettings,
    "SweepFunction": SweepSettings,
    "TaskStateChangeFunction": TaskStateChangeSettings,
    "WaitForSlotFunction": WaitForSlotSettings,
}
#: Powertools reads these itself, in every function.
COMMON = {"POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"}
INPUT = {"ALLOWED_TASK_DEFINITIONS", "JOBS_TABLE_NAME", "TASK_CPU", "TASK_MEMORY", "TASK_TOKEN_VARIABLE_NAMES"}


class Asked(dict[str, str]):
    """An environment that has every variable. It notes which ones were read."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: object = None) -> str:
        """A value that is a text, a list and a number."""
        self.names.add(key)
        return "1"


def names_read_by(function: str) -> set[str]:
    """The variables that the settings of a function read."""
    environment = Asked()
    SETTINGS[function].from_env(environment)
    return environment.names


def test_every_parameter_has_a_description_and_a_default_that_it_allows_itself(template: Object) -> None:
    for name, parameter in template["Parameters"].items():
        default = parameter["Default"]
        assert parameter["Description"].endswith("."), name
        assert default in parameter.get("AllowedValues", [default]), name
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(default)), name
        assert len(str(default)) >= parameter.get("MinLength", 0), name
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", default) <= default <= parameter.get("MaxValue", default), name


def test_every_parameter_is_in_exactly_one_group(template: Object) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])


def test_the_outputs_have_the_names_that_callers_know(template: Object) -> None:
    assert template["Outputs"].keys() == OUTPUTS
    assert all(output["Description"] for output in template["Outputs"].values())


def test_each_function_gets_the_variables_that_it_reads_and_no_others(template: Object) -> None:
    assert template["Globals"]["Function"]["Environment"]["Variables"].keys() == COMMON
    functions = resources_of_type(template, "AWS::Serverless::Function")
    given = {name: set(body["Properties"]["Environment"]["Variables"]) for name, body in functions.items()}
    assert given == {name: names_read_by(name) for name in SETTINGS}


def test_an_input_is_read_by_the_same_settings_at_every_door(template: Object) -> None:
    api, *others = (
        template["Resources"][f"{name}Function"]["Properties"]["Environment"]["Variables"]
        for name in ("Api", "PrepareRun", "StartScheduledRun", "Jobs")
    )
    for each in others:
        assert all(api[name] == each[name] for name in INPUT)


def test_the_samples_environment_names_only_variables_that_the_functions_have() -> None:
    """`sam local invoke` ignores any other."""
    for name, variables in event_sample(EVENTS / "env.json").items():
        assert variables.keys() <= names_read_by(name), name


@pytest.mark.parametrize("function", ["TaskStateChange", "Sweep", "JudgeTask", "Api"])
def test_the_log_streams_are_where_the_function_looks_for_them(function: str, template: Object) -> None:
    resources = template["Resources"]
    container = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    options = container["LogConfiguration"]["Options"]
    variables = resources[f"{function}Function"]["Properties"]["Environment"]["Variables"]
    assert options["awslogs-group"] == variables["LOG_GROUP_NAME"] == {"Ref": "TaskLogGroup"}
    assert options["awslogs-stream-prefix"] == variables["LOG_STREAM_PREFIX"] == "runs"
    policy = resources[f"{function}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (read,) = [statement for statement in policy if statement.get("Action") == "logs:GetLogEvents"]
    assert read["Resource"]["Fn::Sub"].endswith(":log-group:${TaskLogGroup}:log-stream:runs/*")


def test_no_line_of_a_container_is_dropped(template: Object) -> None:
    """The driver's own default drops the newest ones, and the last of them is the result (fact B45)."""
    (container,) = template["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"
    assert container["LogConfiguration"]["Options"]["mode"] == "blocking"


@pytest.mark.parametrize(
    ("arn", "is_taken"),
    [
        ("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/app_1.x#y:*", True),
        ("arn:aws-cn:logs:cn-north-1:123456789012:log-group:a:*", True),
        ("", True),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/app", False),
        ("arn:aws:logs:us-east-1:123456789012:log-group:*:*", False),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/app:log-stream:x", False),
        ("/ecs/app", False),
    ],
)
def test_the_log_groups_that_may_be_read_besides(arn: str, is_taken: bool, template: Object) -> None:
    """In the form in which CloudWatch Logs shows an ARN, which is the one that covers the streams."""
    pattern = template["Parameters"]["AllowedLogGroups"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, arn)) is is_taken


def test_every_log_group_has_a_retention(template: Object) -> None:
    groups = resources_of_type(template, "AWS::Logs::LogGroup")
    assert len(groups) == 13
    assert all(body["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"} for body in groups.values())


def test_the_records_outlive_a_deleted_stack_and_are_protected(template: Object) -> None:
    table = template["Resources"]["RunsTable"]
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_an_update_leaves_the_task_definition_that_runs_under_way_name(template: Object) -> None:
    definition = template["Resources"]["TaskDefinition"]
    assert definition["UpdateReplacePolicy"] == "Retain"
    assert definition["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize("name", ["Schedule", "ScheduleRole"])
def test_the_schedule_is_off_by_default(name: str, template: Object) -> None:
    assert template["Resources"][name]["Condition"] == "HasSchedule"
    assert template["Parameters"]["ScheduleExpression"]["Default"] == ""


def test_the_schedule_comes_after_what_tells_of_its_runs(template: Object) -> None:
    resources: Object = template["Resources"]
    rules = {
        f"{name}{event}"
        for name, resource in resources.items()
        for event, source in resource.get("Properties", {}).get("Events", {}).items()
        if source["Type"] == "EventBridgeRule"
    }
    assert len(rules) == 2
    assert set(resources["Schedule"]["DependsOn"]) == {*rules, *(f"{rule}Permission" for rule in rules)}


def test_the_default_image_has_a_command_of_its_own(template: Object) -> None:
    image = template["Parameters"]["ContainerImage"]["Default"]
    assert template["Conditions"]["ImageIsDefault"] == {"Fn::Equals": [{"Ref": "ContainerImage"}, image]}
    condition, command, otherwise = template["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"][0][
        "Command"
    ]["Fn::If"]
    assert (condition, otherwise) == ("ImageIsDefault", {"Ref": "AWS::NoValue"})
    assert command[:2] == ["python", "-c"]


def test_samconfig_names_nothing_of_one_machine_or_account() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert config["default"]["deploy"]["parameters"].keys() == {
        "capabilities",
        "confirm_changeset",
        "fail_on_empty_changeset",
        "resolve_s3",
    }
    assert config["default"]["global"]["parameters"] == {"stack_name": "fargate-runs"}


def test_sam_finds_the_template_valid_and_the_linter_clean(tmp_path: Path) -> None:
    sam = Path(sys.executable).with_name("sam")
    # Without an account and without a network: no credentials, no telemetry, a home of its own.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
    }
    done = subprocess.run(
        [sam, "validate", "--lint"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
