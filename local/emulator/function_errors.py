"""The type of an error that a function raised, or that ended it.

Lambda names the exception's class (docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html); MiniStack calls every
one `Runtime.HandlerError`, but its log ends with the traceback, and that with `package.Class: message`. A function
whose process died is `Runtime.ExitError` (the same pages, "Troubleshoot execution issues").
"""

from __future__ import annotations

import re
from typing import Any, Final

from ministack.services import lambda_svc

UNNAMED: Final = "Runtime.HandlerError"
DIED: Final = "Worker process died"  # MiniStack's words
_CLASS: Final = re.compile(r"[\w.<>]+")


def install_error_types() -> None:
    """Name the errors of Python functions by their classes, in answers and in dead letters."""
    run = lambda_svc._execute_function_warm

    def execute(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        result: dict[str, Any] = run(*arguments, **keywords)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == UNNAMED:
            body.update(_named(body, str(result.get("log", "")), str(arguments[-1])))
        return result

    lambda_svc._execute_function_warm = execute


def _named(body: dict[str, Any], log: str, request_id: str) -> dict[str, str]:
    message = str(body.get("errorMessage", ""))
    if message == DIED:
        text = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
        return {"errorType": "Runtime.ExitError", "errorMessage": text}
    return {"errorType": error_type(log, message)}


def error_type(log: str, message: str) -> str:
    """Returns the class in a traceback's last lines, without its package; UNNAMED if there is none."""
    ending = f": {message}".rstrip() if message else ""
    text = log.rstrip()
    if not text.endswith(ending):
        return UNNAMED
    name = text.removesuffix(ending).rpartition("\n")[2]
    return name.rpartition(".")[2] if _CLASS.fullmatch(name) else UNNAMED
