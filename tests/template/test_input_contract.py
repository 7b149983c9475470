"""The Choice that every run meets first: which inputs it refuses, what it says, and what it makes of a good one."""

import json

import pytest

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.request import RunRequest
from fargate_runs.usecases.start_run import TaskDefinitions
from tests.template.evaluating import CONTEXT, NAME, SUBSTITUTIONS, Evaluate, choose, evaluated
from tests.template.loading import Node, Object

REFUSED: list[tuple[Node, str]] = [
    (None, "must be an object"),
    ("echo", "must be an object"),
    (3, "must be an object"),
    ([], "must be an object"),
    ([{"commands": ["echo"]}], "not of type array"),
    ({"command": ["echo"]}, "Unknown keys: command."),
    ({"commands": ["echo"], "pattern": "sync", "x": None}, "Unknown keys: pattern, x."),
    ({"commands": None}, "commands must be a non-empty list"),
    ({"commands": "echo"}, "commands must be a non-empty list"),
    ({"commands": {}}, "commands must be a non-empty list"),
    ({"commands": []}, "commands must be a non-empty list"),
    ({"commands": [1]}, "commands must be a non-empty list"),
    ({"commands": ["echo", None]}, "commands must be a non-empty list"),
    ({"commands": ["echo", True]}, "commands must be a non-empty list"),
    ({"commands": [["echo"]]}, "commands must be a non-empty list"),
    ({"commands": [[]]}, "commands must be a non-empty list"),
    ({"environment": None}, "environment must be an object"),
    ({"environment": []}, "environment must be an object"),
    ({"environment": [{"A": "1"}]}, "environment must be an object"),
    ({"environment": {"1A": "x"}}, "not variable names: 1A."),
    ({"environment": {"": "x"}}, "not variable names"),
    ({"environment": {"A-B": "x", "C": "x", "D E": "x"}}, "not variable names: A-B, D E."),
    ({"environment": {"A\n": "x"}}, "not variable names"),
    ({"environment": {"É": "x"}}, "not variable names: É."),
    ({"environment": {"RUN_ID": "x"}}, "may not set RUN_ID:"),
    ({"environment": {"RUN_EXECUTION_ARN": "x"}}, "may not set RUN_EXECUTION_ARN:"),
    ({"environment": {"RUN_ATTEMPT": "x"}}, "may not set RUN_ATTEMPT:"),
    ({"environment": {"TASK_TOKEN": "x"}}, "may not set TASK_TOKEN:"),
    ({"environment": {"A": "x", "TASK_TOKEN_ENV_VARIABLE": "x"}}, "may not set TASK_TOKEN_ENV_VARIABLE:"),
    ({"environment": {"RUN_TIMEOUT_SECONDS": "x"}}, "may not set RUN_TIMEOUT_SECONDS:"),
    ({"environment": {"JOB_TOKEN": "x", "RUN_ID": "x"}}, "may not set JOB_TOKEN, RUN_ID:"),
    ({"environment": {"A": 1}}, "these are not: A."),
    ({"environment": {"A": "x", "B": None, "C": ["x"]}}, "these are not: B, C."),
    ({"taskDefinition": None}, "taskDefinition of type null is not one"),
    ({"taskDefinition": ""}, "taskDefinition  is not one"),
    ({"taskDefinition": ["fargate-runs"]}, "is not one that this stack allows"),
    ({"taskDefinition": "other"}, "taskDefinition other is not one"),
    ({"taskDefinition": "fargate-runs:6"}, "is not one that this stack allows"),
    ({"taskDefinition": "fargate"}, "is not one that this stack allows"),
    ({"taskDefinition": "report:4"}, "is not one that this stack allows"),
    ({"taskDefinition": "jobs-of-others:1"}, "is not one that this stack allows"),
    ({"taskDefinition": "arn:aws:ecs:us-east-1:999999999999:task-definition/jobs:1"}, "is not one that this stack"),
    ({"cpu": 512}, "cpu must be a string of digits"),
    ({"cpu": ""}, "cpu must be a string of digits"),
    ({"cpu": "1 vCPU"}, "cpu must be a string of digits"),
    ({"cpu": None, "memory": "1GB"}, "cpu and memory must be a string of digits"),
    ({"memory": ["1024"]}, "memory must be a string of digits"),
    ({"capacity": "SPOT"}, "capacity must be"),
    ({"capacity": None}, "capacity must be"),
    ({"capacity": ["spot"]}, "capacity must be"),
    ({"timeoutSeconds": "60"}, "timeoutSeconds must be a whole number"),
    ({"timeoutSeconds": True}, "timeoutSeconds must be a whole number"),
    ({"timeoutSeconds": None}, "timeoutSeconds must be a whole number"),
    ({"timeoutSeconds": 0}, "timeoutSeconds must be a whole number"),
    ({"timeoutSeconds": -5}, "timeoutSeconds must be a whole number"),
    ({"timeoutSeconds": 1.5}, "timeoutSeconds must be a whole number"),
    ({"timeoutSeconds": 100000000}, "timeoutSeconds must be a whole number"),
    ({"retries": -1}, "retries must be a whole number from 0 to 10"),
    ({"retries": 11}, "retries must be a whole number from 0 to 10"),
    ({"retries": 1.5}, "retries must be a whole number from 0 to 10"),
    ({"retries": "3"}, "retries must be a whole number from 0 to 10"),
    ({"retries": None}, "retries must be a whole number from 0 to 10"),
    ({"retries": True}, "retries must be a whole number from 0 to 10"),
    ({"retries": [3]}, "retries must be a whole number from 0 to 10"),
    ({"retryOnExitCodes": 3}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": None}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": {}}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": ["3"]}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": [0]}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": [3, 256]}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": [3, 1.5]}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": [True]}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": [[3]]}, "retryOnExitCodes must be a list"),
    ({"retryOnExitCodes": [None]}, "retryOnExitCodes must be a list"),
    ({"commands": ["x" * 8200]}, "too long"),
    # What has no end: it is counted first, and no message is longer than a cause may be.
    ({f"key-{n}": n for n in range(51)}, "The input has 51 keys."),
    ({f"key-{n}": "x" * 200 for n in range(1_000)}, "The input has 1000 keys."),
    ({"k" * 100_000: "x"}, "Unknown keys: kkk"),
    ({"commands": ["a"] * 1_001}, "commands has 1001 parts, and 1000 is the most"),
    ({"commands": [1] * 50_000}, "commands has 50000 parts"),
    ({"environment": {f"V{n}": "" for n in range(301)}}, "environment has 301 variables, and 300 is the most"),
    ({"environment": {"V" * 100_000: 1}}, "these are not: VVV"),
    ({"environment": {"-" * 100_000: ""}}, "not variable names: ---"),
    ({"environment": {"A": "x" * 200_000}}, "too long"),
    ({"taskDefinition": "x" * 200_000}, "is not one that this stack allows"),
    ({"taskDefinition": [[["x"] * 10_000]]}, "of type array is not one that this stack allows"),
    ({"cpu": "5" * 100_000}, "too long"),
    ({"retryOnExitCodes": [1] * 256}, "retryOnExitCodes has 256 codes, and 255 is the most"),
    ({"retryOnExitCodes": [1] * 87_000}, "retryOnExitCodes has 87000 codes"),
    ({"environment": {f"NAME_{n}": "x" * 100 for n in range(90)}}, "too long"),
]

STACKS_OWN = "arn:aws:ecs:us-east-1:123456789012:task-definition/fargate-runs:7"
DEFAULTS: Object = {
    "attempt": 1,
    "capacity": "on-demand",
    "command": {},
    "environment": [],
    "provider": "FARGATE",
    "retried": 0,
    "retries": 3,
    "retryOnExitCodes": [],
    "size": {},
    "taskDefinition": STACKS_OWN,
    "throttles": 0,
    "timeoutSeconds": 3600,
}
VARIABLES = {f"V{n}": "" for n in range(200)}  # more fit into the overrides of no machine
ACCEPTED: list[tuple[Object, Object]] = [
    ({}, {}),
    ({"commands": ["echo"]}, {"command": {"Command": ["echo"]}}),
    ({"commands": ["sh", "-c", ""]}, {"command": {"Command": ["sh", "-c", ""]}}),
    ({"environment": {}}, {}),
    ({"environment": {"A": ""}}, {"environment": [{"Name": "A", "Value": ""}]}),
    (
        {"environment": {"_a1": "x", "B": "{% $states %}"}},
        {"environment": [{"Name": "_a1", "Value": "x"}, {"Name": "B", "Value": "{% $states %}"}]},
    ),
    ({"cpu": "512"}, {"size": {"Cpu": "512"}}),
    ({"cpu": "512", "memory": "1024"}, {"size": {"Cpu": "512", "Memory": "1024"}}),
    ({"capacity": "spot"}, {"capacity": "spot", "provider": "FARGATE_SPOT"}),
    ({"capacity": "spot-first"}, {"capacity": "spot-first", "provider": "FARGATE_SPOT"}),
    ({"retries": 0}, {"retries": 0}),
    ({"retries": 10}, {"retries": 10}),
    ({"retryOnExitCodes": []}, {"retryOnExitCodes": []}),
    ({"retryOnExitCodes": [75]}, {"retryOnExitCodes": [75]}),
    ({"retryOnExitCodes": [1, 255, 1]}, {"retryOnExitCodes": [1, 255, 1]}),
    ({"retryOnExitCodes": [*range(1, 256)]}, {"retryOnExitCodes": [*range(1, 256)]}),
    ({"commands": ["a"] * 1_000}, {"command": {"Command": ["a"] * 1_000}}),
    ({"environment": VARIABLES}, {"environment": [{"Name": name, "Value": ""} for name in VARIABLES]}),
    ({"timeoutSeconds": 1}, {"timeoutSeconds": 1}),
    ({"timeoutSeconds": 99999999}, {"timeoutSeconds": 99999999}),
    ({"taskDefinition": "fargate-runs"}, {}),
    ({"taskDefinition": "fargate-runs:7"}, {}),
    ({"taskDefinition": STACKS_OWN}, {}),
    ({"taskDefinition": "report"}, {"taskDefinition": STACKS_OWN.replace("fargate-runs:7", "report:3")}),
    ({"taskDefinition": "jobs"}, {"taskDefinition": "jobs"}),
    ({"taskDefinition": "jobs:12"}, {"taskDefinition": "jobs:12"}),
    (
        {"taskDefinition": STACKS_OWN.replace("fargate-runs:7", "jobs:12")},
        {"taskDefinition": STACKS_OWN.replace("fargate-runs:7", "jobs:12")},
    ),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_refuses_what_is_wrong_and_says_so(given: Node, said: str, deployed: Object, evaluate: Evaluate) -> None:
    after, variables = choose(
        deployed["States"]["Check the input"], evaluate, states={"input": given, "context": CONTEXT}
    )
    refusal = deployed["States"][after]
    assert refusal["Error"] == "Run.InvalidInput"
    cause = evaluated(refusal["Cause"], evaluate, {}, variables)
    assert said in cause
    assert cause.endswith(".")
    assert len(cause) < 2_000


@pytest.mark.parametrize(("given", "differing"), ACCEPTED)
def test_takes_what_is_right(given: Object, differing: Object, deployed: Object, evaluate: Evaluate) -> None:
    after, variables = choose(
        deployed["States"]["Check the input"], evaluate, states={"input": given, "context": CONTEXT}
    )
    assert deployed["States"][after]["Type"] == "Task"
    assert variables == DEFAULTS | differing


def test_the_limit_of_the_overrides_is_counted_to_the_character(deployed: Object, evaluate: Evaluate) -> None:
    """ECS counts the JSON of the overrides (fact B30); a callback keeps 1,024 characters of it for its token."""
    check = deployed["States"]["Check the input"]
    callback = "TASK_TOKEN'" in str(check["Choices"][-2])
    own = [("RUN_ID", NAME), ("RUN_EXECUTION_ARN", CONTEXT["Execution"]["Id"]), ("RUN_ATTEMPT", "9999")]
    own += [("TASK_TOKEN", "x" * 1024)] if callback else []
    own += [("RUN_TIMEOUT_SECONDS", "9" * 8)] if "RUN_TIMEOUT_SECONDS', 'Value'" in str(check["Choices"][-2]) else []
    environment = [{"Name": name, "Value": value} for name, value in own]
    least = {"ContainerOverrides": [{"Name": "main", "Environment": environment, "Command": [""]}]}
    without = json.dumps(least, separators=(",", ":"))
    room = 8192 - len(without)
    fits, _ = choose(check, evaluate, states={"input": {"commands": ["x" * room]}, "context": CONTEXT})
    too_long, variables = choose(
        check, evaluate, states={"input": {"commands": ["x" * (room + 1)]}, "context": CONTEXT}
    )
    assert fits != "Refuse the input"
    assert too_long == "Refuse the input"
    assert "8193 characters" in variables["problem"]


def api_takes(given: Object) -> bool:
    definitions = TaskDefinitions(
        SUBSTITUTIONS["TaskDefinitionArn"], tuple(SUBSTITUTIONS["AllowedTaskDefinitions"].split(","))
    )
    try:
        tokens = SUBSTITUTIONS["TaskTokenVariableNames"].split(",")
        asked = RunRequest.from_mapping(given, require_commands=False, token_variables=tokens).task_definition
    except InvalidRunRequestError:
        return False
    return asked is None or definitions.allow(asked)


@pytest.mark.parametrize(
    ("given", "_said"), [case for case in REFUSED if isinstance(case[0], dict) and "pattern" not in case[0]]
)
def test_the_api_refuses_it_too(given: Object, _said: str) -> None:
    """So that a run which the API has accepted never fails on its input. The key `pattern` is the API's alone."""
    assert not api_takes(given)


@pytest.mark.parametrize(("given", "_differing"), ACCEPTED)
def test_the_api_takes_it_too(given: Object, _differing: Object) -> None:
    assert api_takes(given)
