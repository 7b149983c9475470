"""What no linter looks at inside a state machine file: targets, reachability, substitutions, expressions."""

import json
import re
from pathlib import Path

import cfnlint  # type: ignore[import-untyped]  # it ships no types
import jsonata
import pytest

from fargate_runs.errors import InvalidRunRequestError, QueueFullError, RunSkippedError, SlotTakenError
from fargate_runs.ports import ClusterUnavailableError, ExecutionsUnavailableError, StoreUnavailableError
from fargate_runs.reading.patterns import Pattern
from tests.template.loading import MACHINE_FILES, Object, load_machine, nodes, resources_of_type

EXPRESSION = re.compile(r"\{%(.*)%}", re.DOTALL)
MOST_LINES = 130
LONGEST_EXPRESSION = 120
#: What passes, whatever its text is, as AWS calls it, case and all (fact B24).
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
#: What a second call of a function may mend that does the same however often it is called. The last two of AWS's names
#: are a function's own time-out and the end of its process; the last of all is the class of our own error.
PASSING_WHERE_TWICE_IS_ONCE = {
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
    "StoreUnavailableError",
    "ClusterUnavailableError",
    "ExecutionsUnavailableError",
}
#: The limit of each Task state, in seconds or as the functions say.
TIME_LIMITS = {
    "Prepare the run": 30,
    "Wait for a slot": "{% $slot.waitSeconds %}",
    "Run the task": "{% $plan.timeoutSeconds %}",
    "Judge the failure": 30,
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
    prepare, task = machine["States"][machine["StartAt"]], machine["States"]["Run the task"]
    assert machine["States"][prepare["Next"]] == task
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
        assert len(f"{{%{expression}%}}") <= LONGEST_EXPRESSION, "what takes more is decided in Python"
        assert "$eval(" not in expression  # the one function that Step Functions leaves out


def test_a_machine_can_be_read(machine_file: Path) -> None:
    assert len(machine_file.read_text().splitlines()) <= MOST_LINES


def test_one_state_starts_tasks(machine: Object) -> None:
    """Where a task runs and which attempt it is are variables: a second state would be a copy to keep in step."""
    assert len(runs(machine)) == 1


def test_every_task_has_a_time_limit_and_named_retries(machine: Object) -> None:
    assert {name: state["TimeoutSeconds"] for name, state in machine["States"].items() if state["Type"] == "Task"} == (
        TIME_LIMITS
    )
    for name in TIME_LIMITS:
        task = machine["States"][name]
        retried = [name for retry in task["Retry"] for name in retry["ErrorEquals"]]
        calls_again = name in {"Prepare the run", "Wait for a slot"}
        assert set(retried) <= PASSING | (PASSING_WHERE_TWICE_IS_ONCE if calls_again else set())
        assert len(retried) == len(set(retried))
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL"
            assert retry["MaxAttempts"] <= 8
            assert retry["IntervalSeconds"] < retry["MaxDelaySeconds"] <= 60


def test_every_error_of_the_call_that_may_pass_is_judged(machine: Object) -> None:
    """What a Retry names is judged after its last try. The texts decide, and they stand in no machine."""
    (task,) = runs(machine)
    retried = {name for retry in task["Retry"] for name in retry["ErrorEquals"]}
    (catch,) = task["Catch"]
    caught = set(catch["ErrorEquals"])
    disguises = {"ECS.AmazonECSException", "ECS.ClientException", "ECS.InvalidParameterException", "AmazonECS.Unknown"}
    assert caught == {"States.TaskFailed"} or caught >= disguises | retried  # that one stands for all (fact B27)
    assert catch["Next"] == "Judge the failure"
    assert not re.search("capacity is|RESOURCE:|vCPU|exceeded", json.dumps(machine))
    assert "States.ALL" not in caught  # every other error ends the execution under its own name
    assert "States.Timeout" not in caught


@pytest.mark.parametrize(
    ("state", "classes"),
    [
        (
            "Prepare the run",
            {InvalidRunRequestError, SlotTakenError, RunSkippedError, QueueFullError, StoreUnavailableError},
        ),
        ("Wait for a slot", {StoreUnavailableError, ExecutionsUnavailableError, ClusterUnavailableError}),
    ],
)
def test_the_errors_of_our_own_functions_are_names_of_classes(
    state: str, classes: set[type[Exception]], machine: Object
) -> None:
    """Lambda gives the name of the exception's class, so a class that is renamed would be caught no more."""
    calls = machine["States"][state]
    named = {name for entry in (*calls["Retry"], *calls["Catch"]) for name in entry["ErrorEquals"]}
    ours = {name for name in named if not name.startswith(("Lambda.", "States.", "Sandbox.", "Runtime."))}
    assert ours == {each.__name__ for each in classes}


def test_no_wait_is_tried_again_after_its_time(machine: Object) -> None:
    """A retry would give it the whole time once more."""
    assert "States.Timeout" not in {
        name for each in machine["States"]["Wait for a slot"]["Retry"] for name in each["ErrorEquals"]
    }
    assert machine["States"]["Wait for a slot"]["Catch"][0]["ErrorEquals"] == ["States.Timeout"]


#: States of request-response alone: it has to look at what the others are told.
OF_ONE_MACHINE = {"Did it start?", "Started"}


def same_in_all(path: Path) -> Object:
    """What the machines must have in common, word for word: everything but the pattern itself."""
    states = load_machine(path)["States"]
    common = {name: state for name, state in states.items() if name not in OF_ONE_MACHINE}
    common["Prepare the run"]["Arguments"]["Payload"].pop("pattern")
    run = common["Run the task"]
    run["Arguments"].pop("Overrides")  # a callback's has a token in it, see below
    return {**common, "Run the task": {name: run[name] for name in ("Type", "Arguments", "TimeoutSeconds", "Retry")}}


@pytest.mark.parametrize("state", same_in_all(MACHINE_FILES[0]))
def test_one_rule_has_one_text_in_every_machine(state: str) -> None:
    """They are small enough to be read three times, and stay one: each state, but for what makes the pattern."""
    first, *others = (same_in_all(path) for path in MACHINE_FILES)
    assert all(other.keys() == first.keys() for other in others)
    assert all(other[state] == first[state] for other in others)


def test_the_pattern_is_what_differs() -> None:
    tokens = " & $cut[1] & Task.Token & $cut[2]"
    by_pattern = {}
    for path in MACHINE_FILES:
        states = load_machine(path)["States"]
        run = states["Run the task"]
        (catch,) = run["Catch"]
        of_the_call = [name for name in catch.pop("ErrorEquals") if not name.startswith(("Task.", "Container."))]
        by_pattern[states["Prepare the run"]["Arguments"]["Payload"]["pattern"]] = (
            run["Resource"].rpartition(":")[2],
            run["Arguments"]["Overrides"].replace(tokens, " & $cut[1]"),
            of_the_call,
            catch,
        )
    request_response, sync, callback = (by_pattern[pattern] for pattern in Pattern)
    assert (request_response[0], sync[0], callback[0]) == ("runTask", "runTask.sync", "runTask.waitForTaskToken")
    assert request_response[1] == sync[1] == callback[1]
    assert request_response[2] == callback[2]
    assert sync[2] == ["States.TaskFailed"]
    assert request_response[3] == sync[3] == callback[3]


def test_a_machine_is_its_states(machine: Object) -> None:
    """So nothing else can differ: a time limit of the whole machine, for instance."""
    assert machine.keys() == {"Comment", "QueryLanguage", "StartAt", "States"}


def test_the_linter_accepts_the_definition(deployed: Object) -> None:
    """As it is deployed, and inline, because it does not look into a file that a SAM template names."""
    # Its schema knows TimeoutSeconds as a number only; of a JSONata state it may be an expression.
    states = {
        name: {**state, "TimeoutSeconds": 60} if "TimeoutSeconds" in state else state
        for name, state in deployed["States"].items()
    }
    assert lint({**deployed, "States": states}) == []


def test_the_linter_does_look_into_it(deployed: Object) -> None:
    broken = {**deployed, "States": {**deployed["States"], "The run failed": {"Type": "Fail", "Next": "nowhere"}}}
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
