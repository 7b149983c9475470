"""Intrinsic functions: read by this runtime, carried out by MiniStack but for what AWS does otherwise."""

from __future__ import annotations

import math
from typing import Final

from ministack.services import stepfunctions

from local.ecs.model import Json
from local.stepfunctions.errors import RUNTIME, StateError
from local.stepfunctions.execution import as_json
from local.stepfunctions.intrinsics import Argument, Call, Constant, PathArgument, Quoted, read_intrinsic
from local.stepfunctions.jsonpath import BadPathError, NoResultError, look_up

FORMAT: Final = "States.Format"


def evaluated_intrinsic(expression: str, data: object, context: Json) -> object:
    """The value of an intrinsic function; its failure is States.Runtime, with the whole expression in the cause."""
    try:
        return _carried_out(read_intrinsic(expression), data, context)
    except Exception as error:
        message = f"The function '{expression}' had the following error: {error}"
        raise StateError(RUNTIME, message) from error


def _carried_out(call: Call, data: object, context: Json) -> object:
    values = [_argument(each, call.name, data, context) for each in call.arguments]
    if call.name == FORMAT:
        values = [*values[:1], *(each if isinstance(each, str) else _java_text(each) for each in values[1:])]
    if call.name == "States.MathAdd":
        values = [math.floor(value + 0.5) for value in values]  # type: ignore[operator]
    if call.name == "States.JsonToString":
        return as_json(values[0])
    result: object = stepfunctions._exec_intrinsic(("call", call.name, [("num", value) for value in values]), {}, {})
    return result


def _argument(argument: Argument, function: str, data: object, context: Json) -> object:
    if isinstance(argument, Constant):
        return argument.value
    if isinstance(argument, Quoted):
        return argument.raw if function == FORMAT else argument.text
    if isinstance(argument, PathArgument):
        try:
            return look_up(argument.path, context if argument.of_context else data)
        except NoResultError as error:
            raise BadPathError(
                f"The JsonPath argument for the field '{argument.written}' could not be found in the input "
                f"'{as_json(data)}'"
            ) from error
    return _carried_out(argument, data, context)


def _java_text(value: object) -> str:
    """What States.Format makes of a value that is no text: Java's toString (as recorded, fact B49)."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={_java_text(each)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_java_text(each) for each in value)}]"
    return value if isinstance(value, str) else as_json(value)
