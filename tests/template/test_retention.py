"""No event outlives the record of its task: an event that comes after it would be recorded anew, as a new task."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Final

import pytest

from tests.template.loading import Node, Object, resources_of_type

_SECONDS_OF_A_DAY: Final = 86_400

FUNCTIONS: Final[Mapping[str, Callable[[list[Node]], bool]]] = {
    "Fn::Equals": lambda given: str(given[0]) == str(given[1]),
    "Fn::Contains": lambda given: str(given[1]) in map(str, given[0]),
    "Fn::Not": lambda given: not given[0],
    "Fn::Or": any,
    "Fn::And": all,
}


def value_of(node: Node, parameters: Mapping[str, object]) -> Node:
    """A condition of a rule under these parameters."""
    if isinstance(node, list):
        return [value_of(each, parameters) for each in node]
    if not isinstance(node, dict):
        return node
    ((name, given),) = node.items()
    return parameters[given] if name == "Ref" else FUNCTIONS[name](value_of(given, parameters))


def broken_rules(template: Object, parameters: Mapping[str, object]) -> list[str]:
    """Names of the rules that refuse these parameters."""
    return [
        name
        for name, rule in template["Rules"].items()
        if value_of(rule["RuleCondition"], parameters)
        and not all(value_of(each["Assert"], parameters) for each in rule["Assertions"])
    ]


def days_in_queues(template: Object) -> float:
    """How long an event may wait in a dead-letter queue and be tried before and after that, at most."""
    queues = resources_of_type(template, "AWS::SQS::Queue").values()
    in_a_queue = max(each["Properties"]["MessageRetentionPeriod"] for each in queues)
    ages = [int(line) for line in _numbers_of(template["Resources"], "MaximumEventAgeInSeconds")]
    return float(in_a_queue + 2 * max(ages)) / _SECONDS_OF_A_DAY


def _numbers_of(node: Node, name: str) -> list[Node]:
    if isinstance(node, list):
        return [found for each in node for found in _numbers_of(each, name)]
    if not isinstance(node, dict):
        return []
    here = [value for key, value in node.items() if key == name]
    return here + [found for each in node.values() for found in _numbers_of(each, name)]


def parameters_with(template: Object, **changes: object) -> dict[str, object]:
    defaults = {name: body.get("Default") for name, body in template["Parameters"].items()}
    return {**defaults, **changes}


def pairs(template: Object) -> list[tuple[int, int]]:
    allowed = [template["Parameters"][name]["AllowedValues"] for name in ("RecordRetentionDays", "EventArchiveDays")]
    return list(product(*allowed))


def test_whatever_the_rules_let_through_a_record_outlives_every_event(template: Object) -> None:
    waiting = days_in_queues(template)
    assert waiting > 14
    let_through = [
        (kept, archived)
        for kept, archived in pairs(template)
        if not broken_rules(template, parameters_with(template, RecordRetentionDays=kept, EventArchiveDays=archived))
    ]
    assert let_through
    assert not [(kept, archived) for kept, archived in let_through if kept < archived + waiting]


def test_the_rules_refuse_no_pair_that_does_no_harm(template: Object) -> None:
    waiting = days_in_queues(template)
    refused = [
        (kept, archived)
        for kept, archived in pairs(template)
        if broken_rules(template, parameters_with(template, RecordRetentionDays=kept, EventArchiveDays=archived))
    ]
    assert refused
    assert not [(kept, archived) for kept, archived in refused if kept >= archived + waiting]


@pytest.mark.parametrize(("kept", "archived"), [(30, 30), (60, 60), (90, 90)])
def test_a_refusal_says_what_would_be_right(template: Object, kept: int, archived: int) -> None:
    parameters = parameters_with(template, RecordRetentionDays=kept, EventArchiveDays=archived)
    (name,) = broken_rules(template, parameters)
    (assertion,) = template["Rules"][name]["Assertions"]
    highest = max(map(int, assertion["Assert"]["Fn::Contains"][0]))
    said = assertion["AssertDescription"]
    assert f"RecordRetentionDays {kept}" in said
    assert f"EventArchiveDays is {highest} at most" in said


def test_the_defaults_break_no_rule(template: Object) -> None:
    assert broken_rules(template, parameters_with(template)) == []
