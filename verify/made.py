"""What the suite has made, to be removed again in reverse order whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

#: Of AWS's error codes, what they say of a thing that is not there (any more).
_GONE = ("NotFound", "NoSuchEntity", "DoesNotExist", "NonExistentQueue")


def is_gone(error: ClientError) -> bool:
    """Whether an error says that the thing is not there."""
    return any(word in error.response["Error"].get("Code", "") for word in _GONE)


@dataclass
class Made:
    """A list of things and of how each is removed. A thing is noted before it is made, so that none is forgotten."""

    _removals: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def will_remove(self, what: str, remove: Callable[[], object]) -> None:
        """Note how a thing is removed that is about to be made."""
        with self._lock:
            self._removals.append((what, remove))

    def remove_all(self) -> list[str]:
        """Remove everything, the newest first; gives a sentence for each thing that is left."""
        with self._lock:
            removals, self._removals = self._removals[::-1], []
        return [problem for what, remove in removals for problem in _tried(what, remove)]


def _tried(what: str, remove: Callable[[], object]) -> Iterator[str]:
    try:
        remove()
    except ClientError as error:
        if not is_gone(error):
            yield f"{what} is left: {error}"
    except BotoCoreError as error:
        yield f"{what} is left: {error}"
