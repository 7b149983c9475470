"""JSONata by `jsonata-python`, JSONPath and intrinsic functions by MiniStack."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonata
from jsonata.utils import Utils
from ministack.services import stepfunctions

from local.ecs.model import Json
from local.stepfunctions.errors import QUERY_EVALUATION, RUNTIME, StateError
from local.stepfunctions.ports import Language

CACHED_EXPRESSIONS = 512
LONGEST_MILLISECONDS = 10_000
DEEPEST = 1_000


class EmulatorLanguage(Language):
    """The two query languages. JSONata's time limit is ten times AWS's: a busy machine must not fail an execution."""

    def jsonata(self, expression: str, bindings: Mapping[str, object]) -> object:
        """See `Language.jsonata`."""
        bound = {name: Utils.NULL_VALUE if value is None else value for name, value in bindings.items()}
        value = _evaluated(expression, expression, bound)
        if value is None and not _evaluated(f"$exists(({expression}))", expression, bound):
            raise StateError(QUERY_EVALUATION, f"The JSONata expression '{expression}' returned nothing (undefined).")
        return _plain(value)

    def path(self, path: str, data: object, context: Json) -> object:
        """See `Language.path`."""
        if path.startswith("States."):
            return _translated(stepfunctions._evaluate_intrinsic, path, data, context)
        return _translated(stepfunctions._resolve_path_or_ctx, path, data, context)

    def payload(self, template: object, data: object, context: Json) -> object:
        """See `Language.payload`."""
        return _translated(stepfunctions._resolve_params_obj, template, data, context)

    def choice_rule(self, rule: Json, data: object, context: Json) -> bool:
        """See `Language.choice_rule`."""
        return bool(_translated(stepfunctions._evaluate_rule, rule, data, context))


def _evaluated(text: str, shown: str, bound: dict[str, object]) -> object:
    try:
        parsed = _parsed(text)
        # For each evaluation: the clock of these bounds starts when they are set.
        parsed.environment.set_runtime_bounds(LONGEST_MILLISECONDS, DEEPEST)
        value: object = parsed.evaluate(None, bound)
    except Exception as error:
        raise StateError(
            QUERY_EVALUATION, f"The JSONata expression '{shown}' threw an error during evaluation. {error}"
        ) from error
    return value


def _translated(function: Any, *arguments: object) -> object:
    try:
        result: object = function(*arguments)
    except stepfunctions._ExecutionError as error:
        raise StateError(error.error, error.cause) from error
    except Exception as error:
        raise StateError(RUNTIME, str(error)) from error
    return result


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def _parsed(expression: str) -> Any:
    parsed = jsonata.Jsonata(expression)
    stepfunctions._register_sfn_jsonata_functions(parsed)
    return parsed


def _plain(value: object) -> object:
    """Lists and objects of the standard library: jsonata's own subclasses carry state of an evaluation."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
