"""Everything that the handlers print, looked through for what may never be in it (invariant I9)."""

import io
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from tests.fakes.ecs import CANARY
from tests.simulation.attempts import TOKEN_CANARY

SECRETS: Final = (CANARY, TOKEN_CANARY)


class Printed(io.TextIOBase):
    """A stream that keeps only the first line with a secret in it, and counts the others."""

    def __init__(self) -> None:
        self.leak: str | None = None
        self.lines = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Look it through."""
        self.lines += text != "\n"
        for secret in SECRETS:
            if secret in text and self.leak is None:
                self.leak = text
        return len(text)


class _NoMetric:
    """A metric that is not written down."""

    def add_dimension(self, name: str, value: str) -> None:
        """As Powertools' metrics have it."""


def no_metric(**_metric: object) -> AbstractContextManager[_NoMetric]:
    """In place of a metric, where nobody reads them."""
    return nullcontext(_NoMetric())
