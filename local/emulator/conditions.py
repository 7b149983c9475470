"""Conditions of a template with functions in them, as CloudFormation evaluates them.

Of the functions in a condition MiniStack knows `Ref` and `Fn::Select`, and compares others as they are written:
`!Equals [!Join ["", !Ref Names], ""]` is false there whatever is in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services.cloudformation import changesets, engine, handlers, stacks

#: What CloudFormation takes in a condition beside Ref and the condition functions.
FUNCTIONS: Final = frozenset({"Fn::FindInMap", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"})


def install_conditions() -> None:
    """Evaluate the functions in conditions first."""
    evaluate: Callable[..., dict[str, bool]] = engine._evaluate_conditions

    def evaluate_conditions(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, bool]:
        return evaluate(with_plain_conditions(template, parameters), parameters)

    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluate_conditions


def with_plain_conditions(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The template with the value of every function in a condition in its place."""
    mappings = template.get("Mappings", {})

    def plain(node: Any) -> Any:
        if isinstance(node, list):
            return [plain(each) for each in node]
        if not isinstance(node, dict):
            return node
        if FUNCTIONS & node.keys():
            return engine._resolve_refs(node, {}, parameters, {}, mappings, "", "")
        return {name: plain(given) for name, given in node.items()}

    return {**template, "Conditions": plain(template.get("Conditions", {}))}
