"""What no linter looks at inside a state machine file: targets, reachability, substitutions, expressions."""

import json
import re
from pathlib import Path

import cfnlint  # type: ignore[import-untyped]  # it ships no types
import jsonata
import pytest

from tests.template.loading import MACHINE_FILES, Node, Object, load_machine, nodes, resources_of_type

EXPRESSION = re.compile(r"\{%(.*)%}", re.DOTALL)
#: What passes, whatever its text is, as AWS calls it, case and all (fact B24). Lambda's are of the judge alone.
PASSING = {
    "ECS.ThrottlingException",
    "ECS.ServerException",
    "ECS.SdkClientException",
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
}


def targets(state: Object) -> set[str]:
    found = {state[key] for key in ("Next", "Default") if key in state}
    return found | {rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, [])}


def tasks(machine: Object) -> list[Object]:
    return [state for state in machine["States"].values() if state["Type"] == "Task"]


def runs(machine: Object) -> list[Object]:
    """The Task states that start an ECS task."""
    return [task for task in tasks(machine) if ":ecs:runTask" in task["Resource"]]


def test_there_are_the_three_machines() -> None:
    assert [path.name for path in MACHINE_FILES] == [
        "run-task-callback.asl.json",
        "run-task-sync.asl.json",
        "run-task.asl.json",
    ]


def test_every_target_exists(machine: Object) -> None:
    named = {machine["StartAt"]}.union(*(targets(state) for state in machine["States"].values()))
    assert named <= machine["States"].keys()


def test_every_state_is_reachable(machine: Object) -> None:
    reached, waiting = set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += targets(machine["States"][name])
    assert reached == machine["States"].keys()


def test_the_happy_path_is_short(machine: Object, machine_file: Path) -> None:
    """Transitions are most of what the control plane costs."""
    check, task = machine["States"][machine["StartAt"]], tasks(machine)[0]
    assert machine["States"][check["Choices"][-1]["Next"]] == task
    assert task.get("End", False) is (machine_file.name != "run-task.asl.json")


@pytest.mark.parametrize("path", MACHINE_FILES, ids=lambda path: path.name)
def test_every_substitution_is_used_and_every_use_has_one(path: Path, template: Object) -> None:
    used = set(re.findall(r"\$\{(\w+)}", path.read_text()))
    owner = [
        body["Properties"]
        for body in resources_of_type(template, "AWS::Serverless::StateMachine").values()
        if body["Properties"]["DefinitionUri"] == f"statemachines/{path.name}"
    ]
    assert len(owner) == 1
    assert used == owner[0]["DefinitionSubstitutions"].keys()


def test_every_expression_parses_and_is_jsonata(machine: Object) -> None:
    assert machine["QueryLanguage"] == "JSONata"
    expressions = [found[1] for node in nodes(machine) if isinstance(node, str) and (found := EXPRESSION.search(node))]
    assert len(expressions) > 20
    for expression in expressions:
        jsonata.Jsonata.jsonata(expression)
        assert "$eval(" not in expression  # the one function that Step Functions leaves out


def test_one_state_starts_tasks(machine: Object) -> None:
    """Where a task runs and which attempt it is are variables: a second state would be a copy to keep in step."""
    assert len(runs(machine)) == 1


def test_every_task_has_a_time_limit_and_named_retries(machine: Object) -> None:
    for task in tasks(machine):
        assert task["TimeoutSeconds"] == ("{% $timeoutSeconds %}" if task in runs(machine) else 30)
        retried = [name for retry in task["Retry"] for name in retry["ErrorEquals"]]
        assert set(retried) <= PASSING
        assert len(retried) == len(set(retried))
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL"
            assert retry["MaxAttempts"] <= 8
            assert retry["IntervalSeconds"] < retry["MaxDelaySeconds"] <= 60


def test_every_error_of_the_call_that_may_pass_is_judged(machine: Object) -> None:
    """What a Retry names is judged after its last try. The texts decide, and they stand in no machine."""
    (task,) = runs(machine)
    retried = {name for retry in task["Retry"] for name in retry["ErrorEquals"]}
    caught = {name for catch in task["Catch"] for name in catch["ErrorEquals"]}
    disguises = {"ECS.AmazonECSException", "ECS.ClientException", "ECS.InvalidParameterException", "AmazonECS.Unknown"}
    refused = task["Catch"][0]
    assert set(refused["ErrorEquals"]) == disguises | retried
    assert refused["Next"] == "Judge the failure"
    assert "attempt" not in refused["Assign"]
    assert not re.search("capacity is|RESOURCE:|vCPU|exceeded", json.dumps(machine))
    assert "States.ALL" not in caught  # every other error ends the execution under its own name
    assert "States.Timeout" not in caught


def test_the_input_contract_is_one_and_the_same_in_every_machine() -> None:
    """But for the room that a callback keeps for its token."""

    def rules(path: Path) -> Node:
        machine = load_machine(path)
        choices = machine["States"]["Check the input"]["Choices"]
        return [
            {**rule, "Next": rule["Next"] == "Refuse the input"} for rule in choices if "8192" not in json.dumps(rule)
        ]

    first, *others = (rules(path) for path in MACHINE_FILES)
    assert len(first) == 18
    assert all(other == first for other in others)


@pytest.mark.parametrize("state", ["Judge the failure", "What now?", "Wait before the next attempt", "The run failed"])
def test_what_comes_after_a_failure_is_one_and_the_same_in_every_machine(state: str) -> None:
    """But for the name of the state that starts a task."""
    first, *others = (
        json.dumps(load_machine(path)["States"][state]).replace("Start the task", "Run the task")
        for path in MACHINE_FILES
    )
    assert all(other == first for other in others)


def test_the_linter_accepts_the_definition(deployed: Object) -> None:
    """As it is deployed, and inline, because it does not look into a file that a SAM template names."""
    # Its schema knows TimeoutSeconds as a number only; of a JSONata state it may be an expression.
    states = {
        name: {**state, "TimeoutSeconds": 60} if "TimeoutSeconds" in state else state
        for name, state in deployed["States"].items()
    }
    assert lint({**deployed, "States": states}) == []


def test_the_linter_does_look_into_it(deployed: Object) -> None:
    broken = {**deployed, "States": {**deployed["States"], "Refuse the input": {"Type": "Fail", "Next": "nowhere"}}}
    assert lint(broken) != []


def lint(machine: Object) -> list[str]:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/machine", "Definition": machine},
            }
        },
    }
    config = cfnlint.ManualArgs(regions=["us-east-1"])
    return [str(match) for match in cfnlint.lint(json.dumps(template), config=config)]
