"""Evaluates the JSONata of a state machine as Step Functions does, state by state.

Two evaluators take part: the `jsonata` package by itself, and the emulator that the local runtime deploys to.
"""

from collections.abc import Callable, Mapping

import jsonata
from ministack.services import stepfunctions

from tests.template.loading import Node, Object

NAME = "20260302T090007-0000000a"
CONTEXT: Object = {
    "Execution": {
        "Name": NAME,
        "Id": f"arn:aws:states:us-east-1:123456789012:execution:fargate-runs-run-task:{NAME}",
        "StartTime": "2026-03-02T09:00:07.123Z",
    },
    "Task": {"Token": "AQC-token"},
}
#: What the stack substitutes.
SUBSTITUTIONS = {
    "ClusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/fargate-runs",
    "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupIds": "sg-1",
    "AssignPublicIp": "ENABLED",
    "Partition": "aws",
    "PrepareRunFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:fargate-runs-PrepareRunFunction",
    "WaitForSlotFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:fargate-runs-WaitForSlotFunction",
    "JudgeTaskFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:fargate-runs-JudgeTaskFunction",
}

Evaluate = Callable[[str, Mapping[str, Node], Mapping[str, Node]], Node]


class UndefinedResultError(AssertionError):
    """An expression evaluated to nothing, which on AWS is a States.QueryEvaluationError."""


def with_jsonata(expression: str, states: Mapping[str, Node], variables: Mapping[str, Node]) -> Node:
    value = _evaluated(expression, states, variables)
    if value is None and not _evaluated(f"$exists(({expression}))", states, variables):
        raise UndefinedResultError(expression)
    return value


def _evaluated(expression: str, states: Mapping[str, Node], variables: Mapping[str, Node]) -> Node:
    parsed = jsonata.Jsonata.jsonata(expression)
    parsed.register_lambda("parse", stepfunctions._sfn_jsonata_parse)
    return parsed.evaluate(None, {**variables, "states": states})


def with_emulator(expression: str, states: Mapping[str, Node], variables: Mapping[str, Node]) -> Node:
    context = {**states["context"], "variables": dict(variables)}
    try:
        return stepfunctions._evaluate_jsonata(
            expression, states.get("input"), context, states.get("result"), states.get("errorOutput")
        )
    except stepfunctions._ExecutionError as error:
        raise UndefinedResultError(expression) from error


EVALUATORS: dict[str, Evaluate] = {"jsonata": with_jsonata, "emulator": with_emulator}


def evaluated(
    value: Node, evaluate: Evaluate, states: Mapping[str, Node], variables: Mapping[str, Node] | None = None
) -> Node:
    """A field of a state with every `{% %}` in it replaced by its value."""
    states = {"context": CONTEXT, **states}
    variables = variables or {}
    if isinstance(value, str) and value.startswith("{%"):
        return evaluate(value.removeprefix("{%").removesuffix("%}").strip(), states, variables)
    if isinstance(value, dict):
        return {key: evaluated(item, evaluate, states, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluated(item, evaluate, states, variables) for item in value]
    return value


def choose(
    state: Object, evaluate: Evaluate, states: Mapping[str, Node], variables: Mapping[str, Node] | None = None
) -> tuple[str, dict[str, Node]]:
    """The next state of a Choice, and the variables as the rule that matched assigns them."""
    known = dict(variables or {})
    for rule in state["Choices"]:
        answer = evaluated(rule["Condition"], evaluate, states, known)
        assert isinstance(answer, bool), "a Condition must be a boolean, whatever the input"
        if answer:
            return rule["Next"], known | evaluated(rule.get("Assign", {}), evaluate, states, known)
    return state["Default"], known | evaluated(state.get("Assign", {}), evaluate, states, known)
