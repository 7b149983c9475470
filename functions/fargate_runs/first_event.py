"""No garbage is looked for until a process has handled its first event.

A start makes some 200,000 objects, and nearly all of them stay: modules, and botocore's models of services. Looking
through them again and again is a sixth of what a first event costs (docs/performance.md). Every function's package
imports this before anything else.
"""

import gc
import os
from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

#: Lambda sets it, and so does the local runtime. Elsewhere, such as in tests, other code shares the process.
_ON_LAMBDA: Final = "AWS_LAMBDA_FUNCTION_NAME"

Event = TypeVar("Event")
Context = TypeVar("Context")
Answer = TypeVar("Answer")

if _ON_LAMBDA in os.environ:
    gc.disable()


def collect_from_now_on() -> None:
    """Look for garbage again, but not among what stands now."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def then_collect(handler: Callable[[Event, Context], Answer]) -> Callable[[Event, Context], Answer]:
    """Decorate a handler whose first event is short; one that works long says `collect_from_now_on` itself."""

    @wraps(handler)
    def handle(event: Event, context: Context) -> Answer:
        try:
            return handler(event, context)
        finally:
            collect_from_now_on()

    return handle
