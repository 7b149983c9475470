"""JSONata by `jsonata-python`, JSONPath by this runtime, the comparisons of choice rules by MiniStack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import jsonata
from jsonata.functions import Functions
from jsonata.utils import Utils
from ministack.services import stepfunctions

from local.ecs.model import Json
from local.emulator.intrinsic_functions import evaluated_intrinsic
from local.stepfunctions.errors import QUERY_EVALUATION, RUNTIME, StateError
from local.stepfunctions.execution import as_json
from local.stepfunctions.intrinsics import PREFIX
from local.stepfunctions.jsonpath import BadPathError, NoResultError, Path, look_up, parse
from local.stepfunctions.ports import Language

CACHED_EXPRESSIONS: Final = 512
LONGEST_MILLISECONDS: Final = 10_000
DEEPEST: Final = 1_000


class _AsItIs(Functions.Encoder):  # type: ignore[misc]
    """`$string` writes JSON as JSON.stringify does, which escapes no letter: what is measured is what is sent."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "ensure_ascii": False})


Functions.Encoder = _AsItIs


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
        if path.startswith(PREFIX):
            return evaluated_intrinsic(path, data, context)
        try:
            return _found(path, data, context)
        except (BadPathError, NoResultError) as error:
            raise _invalid(path, error) from error

    def field(self, name: str, path: str, data: object, context: Json) -> object:
        """See `Language.field`."""
        if path.startswith(PREFIX):
            return evaluated_intrinsic(path, data, context)
        try:
            return _found(path, data, context)
        except NoResultError as error:
            raise StateError(
                RUNTIME,
                f"The JSONPath '{path}' specified for the field '{name}' could not be found in the input "
                f"'{as_json(data)}'",
            ) from error
        except BadPathError as error:
            raise _no_path(name, str(error)) from error

    def payload(self, template: object, data: object, context: Json) -> object:
        """See `Language.payload`."""
        if isinstance(template, list):
            return [self.payload(item, data, context) for item in template]
        if not isinstance(template, dict):
            return template
        shaped: Json = {}
        for name, value in template.items():
            if not name.endswith(".$"):
                shaped[name] = self.payload(value, data, context)
            elif isinstance(value, str):
                shaped[name.removesuffix(".$")] = self.field(name, value, data, context)
            else:
                raise _no_path(name, f"it is {as_json(value)}")
        return shaped

    def choice_rule(self, rule: Json, data: object, context: Json) -> bool:
        """See `Language.choice_rule`."""
        for combination, combine in _COMBINATIONS.items():
            if combination in rule:
                return combine(self.choice_rule(each, data, context) for each in _rules(rule[combination]))
        if "Not" in rule:
            return not self.choice_rule(_rules([rule["Not"]])[0], data, context)
        variable, operator = str(rule.get("Variable")), _operator(rule)
        if operator == "IsPresent":
            return _is_present(variable, data, context) is rule[operator]
        return self._compares(self._referenced(variable, data, context), operator, rule[operator], data, context)

    def _compares(self, value: object, operator: str, wanted: object, data: object, context: Json) -> bool:
        if operator.endswith("Path"):
            operator, wanted = operator.removesuffix("Path"), self._referenced(str(wanted), data, context)
        if operator == "IsNumeric":
            return (isinstance(value, int | float) and not isinstance(value, bool)) is wanted
        return bool(
            _translated(stepfunctions._evaluate_rule, {"Variable": "$.value", operator: wanted}, {"value": value}, {})
        )

    @staticmethod
    def _referenced(path: str, data: object, context: Json) -> object:
        try:
            return _found(path, data, context)
        except BadPathError as error:
            raise _invalid(path, error) from error
        except NoResultError as error:
            message = f"Invalid path '{path}': The choice state's condition path references an invalid value."
            raise StateError(RUNTIME, message) from error


_COMBINATIONS: Final[dict[str, Callable[..., bool]]] = {"And": all, "Or": any}
_OF_TYPES: Final = frozenset({"IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp"})
_OF_ORDER: Final = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_OF_VALUES: Final = frozenset(
    {f"{kind}{order}" for kind in ("String", "Numeric", "Timestamp") for order in _OF_ORDER} | {"BooleanEquals"}
)
OPERATORS: Final = _OF_TYPES | _OF_VALUES | {f"{name}Path" for name in _OF_VALUES} | {"StringMatches"}


def _operator(rule: Json) -> str:
    found = [name for name in rule if name in OPERATORS]
    if len(found) != 1 or "Variable" not in rule:
        raise StateError(RUNTIME, f"A choice rule has a Variable and one known operator, but was: {as_json(rule)}")
    return found[0]


def _rules(value: object) -> list[Json]:
    if not isinstance(value, list) or not value or not all(isinstance(rule, dict) for rule in value):
        raise StateError(RUNTIME, f"Choice rules must be objects, but were: {as_json(value)}")
    return value


def _is_present(path: str, data: object, context: Json) -> bool:
    try:
        _found(path, data, context)
    except BadPathError as error:
        raise _invalid(path, error) from error
    except NoResultError:
        return False
    return True


def _found(path: str, data: object, context: Json) -> object:
    """What a path into the input, or with `$$` into the context object, leads to."""
    of_context = path.startswith("$$")
    return look_up(_read(path.removeprefix("$") if of_context else path), context if of_context else data)


def _invalid(path: str, why: Exception) -> StateError:
    return StateError(RUNTIME, f"Invalid path '{path}' : {why}")


def _no_path(name: str, why: str) -> StateError:
    message = f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call: {why}"
    return StateError(RUNTIME, message)


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def _read(path: str) -> Path:
    return parse(path)


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
