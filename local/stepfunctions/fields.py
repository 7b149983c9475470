"""The fields of a state that select and shape data, in both query languages."""

from __future__ import annotations

import copy
from typing import Final

from local.ecs.model import Json
from local.stepfunctions.errors import QUERY_EVALUATION, RUNTIME, StateError
from local.stepfunctions.execution import Frame, as_json
from local.stepfunctions.jsonpath import BadPathError, parse
from local.stepfunctions.jsonpath.steps import Property
from local.stepfunctions.ports import Language

JSONATA: Final = "JSONata"
_ABSENT: Final = object()


class Fields:
    """Reads a state's fields for one frame."""

    def __init__(self, language: Language, frame: Frame, state: Json, data: object) -> None:
        self._language = language
        self._frame = frame
        self._state = state
        self._data = data
        self.is_jsonata = state.get("QueryLanguage", frame.query_language) == JSONATA

    def arguments(self) -> object:
        """What a Task, Parallel or Map works on: `Arguments`, or InputPath and `Parameters`."""
        if self.is_jsonata:
            return self.template(self._state["Arguments"]) if "Arguments" in self._state else self._data
        return self._parameters(self.selected_input())

    def selected_input(self) -> object:
        """The state's input after InputPath; the input itself in JSONata."""
        if self.is_jsonata:
            return self._data
        return self._path_field("InputPath", self._data)

    def output(self, result: object, *, source: Json | None = None) -> object:
        """The state's output from its result, and its `Assign`ments done."""
        source = source or self._state
        if self.is_jsonata:
            output = self.template(source["Output"], result=result) if "Output" in source else result
        else:
            output = self._path_field("OutputPath", self._with_result(result))
        self.assign(source, result=result)
        return output

    def caught(self, catcher: Json, failure: StateError) -> object:
        """The output of a catcher, and its `Assign`ments done."""
        error_output = failure.output()
        if self.is_jsonata:
            output = self.template(catcher["Output"], error=error_output) if "Output" in catcher else error_output
        else:
            output = set_at(catcher.get("ResultPath", "$"), self._data, error_output)
        self.assign(catcher, error=error_output)
        return output

    def assign(self, source: Json, *, result: object = None, error: object = None) -> None:
        """Carry out `Assign`: every value is computed before any variable changes."""
        assign = source.get("Assign")
        if not isinstance(assign, dict):
            return
        if self.is_jsonata:
            values = {name: self.template(value, result=result, error=error) for name, value in assign.items()}
        else:
            data = error if error is not None else result if result is not None else self._data
            computed = self._language.payload(assign, data, self._frame.context)
            values = computed if isinstance(computed, dict) else {}
        self._frame.variables.update(values)

    def template(self, value: object, *, result: object = None, error: object = None) -> object:
        """A JSONata field: every `{% … %}` in it evaluated."""
        if isinstance(value, dict):
            return {name: self.template(item, result=result, error=error) for name, item in value.items()}
        if isinstance(value, list):
            return [self.template(item, result=result, error=error) for item in value]
        if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
            bindings = self._frame.bindings(self._data, result=result, error_output=error)
            return self._language.jsonata(value[2:-2].strip(), bindings)
        return value

    def number(self, name: str) -> float | None:
        """A number field: a literal, a JSONata expression, or `<name>Path` (fact B27); None if it is absent."""
        value: object = _ABSENT
        if name in self._state:
            value = self.template(self._state[name]) if self.is_jsonata else self._state[name]
        elif f"{name}Path" in self._state:
            value = self._language.path(str(self._state[f"{name}Path"]), self._data, self._frame.context)
        if value is _ABSENT:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise StateError(
                QUERY_EVALUATION if self.is_jsonata else RUNTIME,
                f"The field '{name}' must be a number that is not negative, but was: {as_json(value)}",
            )
        return float(value)

    def text(self, name: str) -> str | None:
        """A text field: a literal, a JSONata expression, or `<name>Path`; None if it is absent."""
        value: object = None
        if name in self._state:
            value = self.template(self._state[name]) if self.is_jsonata else self._state[name]
        elif f"{name}Path" in self._state:
            path = str(self._state[f"{name}Path"])
            value = self._language.field(f"{name}Path", path, self._data, self._frame.context)
        if value is not None and not isinstance(value, str):
            raise StateError(RUNTIME, f"The field '{name}' must be a string, but was: {as_json(value)}")
        return value

    def items(self) -> list[object]:
        """A Map's items."""
        if self.is_jsonata:
            value = self.template(self._state["Items"]) if "Items" in self._state else self._data
        else:
            path = str(self._state.get("ItemsPath", "$"))
            value = self._language.path(path, self.selected_input(), self._frame.context)
        if not isinstance(value, list):
            error = QUERY_EVALUATION if self.is_jsonata else RUNTIME
            raise StateError(error, f"Map state input must be an array but was: {as_json(value)[:200]}")
        return value

    def item_input(self, item: object, context: Json) -> object:
        """One item's input, by `ItemSelector` (or `Parameters`, its older name)."""
        selector = self._state.get("ItemSelector", self._state.get("Parameters"))
        if selector is None:
            return item
        inner = Frame(self._frame.execution, self._frame.query_language, context, self._frame.variables)
        if self.is_jsonata:
            return Fields(self._language, inner, self._state, self._data).template(selector)
        return self._language.payload(selector, self.selected_input(), context)

    def shaped(self, template: object) -> object:
        """A template in the state's own language, from the state's input."""
        if self.is_jsonata:
            return self.template(template)
        return self._language.payload(template, self.selected_input(), self._frame.context)

    def _parameters(self, data: object) -> object:
        if "Parameters" not in self._state:
            return data
        return self._language.payload(self._state["Parameters"], data, self._frame.context)

    def _with_result(self, result: object) -> object:
        if "ResultSelector" in self._state:
            result = self._language.payload(self._state["ResultSelector"], result, self._frame.context)
        return set_at(self._state.get("ResultPath", "$"), self._data, result)

    def _path_field(self, name: str, data: object) -> object:
        path = self._state.get(name, "$")
        return {} if path is None else self._language.path(str(path), data, self._frame.context)


def _names(reference_path: str) -> list[str]:
    try:
        steps = parse(reference_path).steps
    except BadPathError as error:
        raise StateError(RUNTIME, f"Invalid path '{reference_path}' : {error}") from error
    names = [step.names[0] for step in steps if isinstance(step, Property) and len(step.names) == 1]
    if not names or len(names) != len(steps):
        raise StateError(RUNTIME, f"ResultPath must be a path of names, but was: {reference_path}")
    return names


def set_at(result_path: object, original: object, result: object) -> object:
    """`ResultPath`: `$` replaces, null drops the result, `$.a.b` puts it there."""
    if result_path is None:
        return original
    if result_path == "$":
        return result
    output: Json = copy.deepcopy(original) if isinstance(original, dict) else {}
    *parents, last = _names(str(result_path))
    place = output
    for name in parents:
        inner = place.get(name)
        if not isinstance(inner, dict):
            inner = place[name] = {}
        place = inner
    place[last] = result
    return output
