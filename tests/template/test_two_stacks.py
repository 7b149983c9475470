"""Two stacks of one account and Region share no name, and no stack name is too long for the names made of it."""

import copy
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from typing import Final
from unittest import mock

import pytest
from ministack.services.cloudformation import engine
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.emulator.conditions import with_plain_conditions
from tests.template.loading import Node, Object

#: CloudFormation's own limit of a stack's name.
LONGEST_STACK_NAME: Final = "s" * 128
#: Properties that look like a resource's own name, and name another resource or a part of one.
OF_OTHERS: Final = {
    ("AWS::ApiGateway::Stage", "StageName"),
    ("AWS::ApiGatewayV2::Authorizer", "Name"),
    ("AWS::ApiGatewayV2::Stage", "StageName"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::IAM::Policy", "PolicyName"),  # one of its role
    ("AWS::Lambda::EventInvokeConfig", "FunctionName"),
    ("AWS::Lambda::Permission", "FunctionName"),
}
#: The longest name that the service takes, in characters.
LONGEST: Final = {
    ("AWS::ApiGatewayV2::Api", "Name"): 128,
    ("AWS::ECS::TaskDefinition", "Family"): 255,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
}
#: Addresses that AWS keeps for itself in every subnet.
KEPT_ADDRESSES: Final = 5


def transformed(template: Object, parameters: Mapping[str, object]) -> Object:
    """The template as SAM hands it to CloudFormation."""
    given = copy.deepcopy(template)
    given["Globals"]["Function"]["CodeUri"] = "s3://bucket/functions"
    for resource in given["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://bucket/machine"
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": "us-east-1"}):
        answer: Object = Translator({}, Parser()).translate(given, dict(parameters))
    return answer


def defaults(template: Object) -> dict[str, object]:
    return {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}


def own_names(template: Object) -> Iterator[tuple[str, tuple[str, str], Node]]:
    """Logical id, type and property, and value of every name that the template gives a resource."""
    for logical_id, resource in transformed(template, defaults(template))["Resources"].items():
        for name, value in resource.get("Properties", {}).items():
            place = (resource["Type"], name)
            if re.fullmatch(r"(\w*Name|Family)", name) and place not in OF_OTHERS:
                yield logical_id, place, value


def named(value: Node, stack: str) -> str:
    """A name as CloudFormation makes it."""
    text = value if isinstance(value, str) else value.get("Fn::Sub", f"${{{value.get('Ref')}}}")
    found = str(text).replace("${AWS::StackName}", stack)
    assert "${" not in found, value
    return found


def test_every_name_that_is_given_has_the_stacks_in_it(template: Object) -> None:
    names = {logical_id: value for logical_id, _place, value in own_names(template)}
    assert {"TaskDefinition", "TaskLogGroup"} <= names.keys()
    assert [logical_id for logical_id, value in names.items() if named(value, "one") == named(value, "two")] == []


def test_no_two_names_of_two_stacks_are_the_same(template: Object) -> None:
    """Not even where the one stack's name begins with the other's."""
    given = [
        (place, named(value, stack)) for stack in ("jobs", "jobs-tasks") for _id, place, value in own_names(template)
    ]
    assert len(given) == len(set(given))


def test_the_longest_stack_name_makes_no_name_too_long(template: Object) -> None:
    lengths = [(place, len(named(value, LONGEST_STACK_NAME))) for _id, place, value in own_names(template)]
    assert {place for place, _length in lengths} == LONGEST.keys()
    assert [(place, length) for place, length in lengths if length > LONGEST[place]] == []


def test_nothing_is_exported(template: Object) -> None:
    """The name of an export is one of the account and Region."""
    assert [name for name, output in template["Outputs"].items() if "Export" in output] == []


def parameters_of(template: Object, **changes: str) -> Object:
    values = {**defaults(template), **changes}
    return {name: {"Value": value, "Type": template["Parameters"][name]["Type"]} for name, value in values.items()}


def conditions_of(template: Object, **changes: str) -> dict[str, bool]:
    """As the emulator's CloudFormation evaluates them."""
    parameters = parameters_of(template, **changes)
    found: dict[str, bool] = engine._evaluate_conditions(with_plain_conditions(template, parameters), parameters)
    return found


def subnets(template: Object, cidr: str) -> list[ipaddress.IPv4Network]:
    """The made subnets, as the emulator's CloudFormation reads the template."""
    parameters, conditions = parameters_of(template, VpcCidr=cidr), conditions_of(template, VpcCidr=cidr)
    return [
        ipaddress.IPv4Network(
            engine._resolve_refs(
                template["Resources"][name]["Properties"]["CidrBlock"],
                {},
                parameters,
                conditions,
                {},
                "jobs",
                "arn:aws:cloudformation:us-east-1:123456789012:stack/jobs/1",
            )
        )
        for name in ("PublicSubnetOne", "PublicSubnetTwo")
    ]


@pytest.mark.parametrize("prefix", range(16, 25))
def test_the_made_subnets_share_the_whole_vpc(prefix: int, template: Object) -> None:
    cidr = f"172.20.0.0/{prefix}"
    assert re.fullmatch(template["Parameters"]["VpcCidr"]["AllowedPattern"], cidr)
    assert subnets(template, cidr) == list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=1))


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/25", "10.0.0/24", "256.0.0.0/24", "10.0.0.0", "::/24", ""])
def test_no_vpc_of_another_size_is_made(cidr: str, template: Object) -> None:
    assert not re.fullmatch(template["Parameters"]["VpcCidr"]["AllowedPattern"], cidr)


@pytest.mark.parametrize("prefix", [16, 24])
def test_how_many_tasks_the_description_promises(prefix: int, template: Object) -> None:
    most = sum(net.num_addresses - KEPT_ADDRESSES for net in subnets(template, f"10.0.0.0/{prefix}"))
    assert re.search(rf"/{prefix} \({most:,}\b", template["Parameters"]["VpcCidr"]["Description"])


@pytest.mark.parametrize(
    ("condition", "parameter", "value", "holds"),
    [
        ("HasAllowedTaskDefinitions", "AllowedTaskDefinitions", "", False),
        ("HasAllowedTaskDefinitions", "AllowedTaskDefinitions", "arn:aws:ecs:::task-definition/a:1,b", True),
        ("HasAllowedTaskRoles", "AllowedTaskRoles", "", False),
        ("HasAllowedLogGroups", "AllowedLogGroups", "", False),
        ("HasAllowedLogGroups", "AllowedLogGroups", "arn:aws:logs:us-east-1:1:log-group:a:*,b", True),
        ("VpcIsSlash16", "VpcCidr", "10.0.0.0/16", True),
        ("VpcIsSlash16", "VpcCidr", "10.0.0.0/17", False),
    ],
)
def test_the_emulator_evaluates_the_functions_in_a_condition(
    condition: str, parameter: str, value: str, holds: bool, template: Object
) -> None:
    assert conditions_of(template, **{parameter: value})[condition] is holds
