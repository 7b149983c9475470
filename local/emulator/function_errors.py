"""The type of an error that a function raised.

Lambda names the exception's class (docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html); MiniStack calls every
one `Runtime.HandlerError`, but its log ends with the traceback, and that with `package.Class: message`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ministack.services import lambda_svc

UNNAMED: Final = "Runtime.HandlerError"
_CLASS: Final = re.compile(r"[\w.<>]+")


def install_error_types() -> None:
    """Name the errors of Python functions by their classes, in answers and in dead letters."""
    run = lambda_svc._execute_function_warm

    def execute(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        result: dict[str, Any] = run(*arguments, **keywords)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == UNNAMED:
            body["errorType"] = error_type(str(result.get("log", "")), str(body.get("errorMessage", "")))
        return result

    lambda_svc._execute_function_warm = execute


def error_type(log: str, message: str) -> str:
    """The class in a traceback's last lines, without its package; UNNAMED where there is none."""
    ending = f": {message}".rstrip() if message else ""
    text = log.rstrip()
    if not text.endswith(ending):
        return UNNAMED
    name = text.removesuffix(ending).rpartition("\n")[2]
    return name.rpartition(".")[2] if _CLASS.fullmatch(name) else UNNAMED
