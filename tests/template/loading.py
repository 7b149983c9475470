"""The template and the state machines as plain data."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
MACHINES = ROOT / "statemachines"
MACHINE_FILES = sorted(MACHINES.glob("*.asl.json"))

#: A node of a template or a state machine. Its shape is what these tests are about, so it has no narrower type.
Node = Any
Object = dict[str, Node]


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags into their long form: `!Ref X` into `{"Ref": "X"}`."""


def _long_form(loader: TemplateLoader, suffix: str, node: yaml.Node) -> Object:
    value: Node
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(cast("yaml.MappingNode", node), deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", _long_form)


def load_template() -> Object:
    return cast("Object", yaml.load((ROOT / "template.yaml").read_text(), Loader=TemplateLoader))


def load_machine(path: Path) -> Object:
    return cast("Object", json.loads(path.read_text()))


def event_sample(path: Path) -> Object:
    return cast("Object", json.loads(path.read_text()))


def substituted(machine: Object, values: dict[str, str]) -> Object:
    """A machine as DefinitionSubstitutions leaves it."""
    text = re.sub(r"\$\{(\w+)}", lambda name: values[name[1]], json.dumps(machine))
    return cast("Object", json.loads(text))


def nodes(tree: Node) -> Iterator[Node]:
    """Every node of a tree, the root first."""
    yield tree
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for child in children:
        yield from nodes(child)


def branches(value: Node) -> list[Node]:
    """Whatever an `Fn::If` may turn into; several levels of them flattened, AWS::NoValue left out."""
    if isinstance(value, dict) and "Fn::If" in value:
        return [found for branch in value["Fn::If"][1:] for found in branches(branch)]
    return [] if value == {"Ref": "AWS::NoValue"} else [value]


def resources_of_type(template: Object, kind: str) -> dict[str, Object]:
    return {name: body for name, body in template["Resources"].items() if body["Type"] == kind}
