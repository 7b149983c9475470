"""Turns errors of AWS's clients into errors of the ports, for all adapters.

Only the code of an error is passed on: a message of AWS may repeat what was sent, such as a task token.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from botocore.paginate import Paginator

from fargate_runs.errors import PortError

_Paginator: Any = Paginator  # botocore-stubs takes the method for a string
AwsError: TypeAlias = BotoCoreError | ClientError  # no answer from a service, or its answer that is an error


@dataclass(frozen=True, slots=True)
class Translation:
    """The port's errors by AWS's codes. Use `with translation:` around a call, as often as needed.

    `says` begins the message, and the code ends it. A code that is not in `known` becomes `otherwise`.
    """

    says: str
    otherwise: type[PortError]
    known: Mapping[str, type[PortError]] = field(default_factory=dict)

    def of(self, error: AwsError) -> PortError:
        """Returns the port's error."""
        code = code_of(error)
        return self.known.get(code, self.otherwise)(f"{self.says} {code}")

    def __enter__(self) -> None:
        """Begins a call."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Raises the port's error if the call ended with an error of AWS."""
        if isinstance(error, AwsError):
            raise self.of(error) from None

    def pages(
        self, call: Callable[..., Any], paged: Mapping[str, str], **request: object
    ) -> Iterator[Mapping[str, Any]]:
        """Yields the pages of a list. Each page is one call, made when the page is asked for.

        `call` is a client's method and `paged` says which values of it go from page to page. Raises the port's error.
        """
        # A client's `get_paginator` finds the same in its data, and reads 400 directories for it (docs/performance.md).
        pages = iter(_Paginator(call, paged, None).paginate(**request))
        while True:
            with self:
                page = next(pages, None)
            if page is None:
                return
            yield page


def code_of(error: AwsError) -> str:
    """Returns AWS's code of an error, or the name of an error of the client itself."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
