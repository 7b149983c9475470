"""Cuts a run's document to the size of one answer of Lambda, 6 MB. Pure.

A run may have thousands of attempts, each with a result of 250,000 bytes. Newer attempts come before older ones, and
all attempts before the results of older ones. A log link stands where a result is left out.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

LARGEST_DOCUMENT: Final = 5_000_000  # characters of the answer; the rest is headers and room
LEFT_OUT: Final = "the answer has no room for this result: read it in the log"
Document = dict[str, object]


def size_of(value: object) -> int:
    """Returns the bytes of a value in an answer: JSON in ASCII, escaped again as a JSON text."""
    return len(json.dumps(json.dumps(value)))


def fitted(document: Document, attempts: Sequence[Document], largest: int = LARGEST_DOCUMENT) -> Document:
    """Returns the document with as many attempts as fit, the newest first to stay, and as many of their results.

    `attempts` are in order, oldest first. `attemptsLeftOut` counts the older ones that are missing.
    """
    left = largest - size_of({**document, "attempts": [], "attemptsLeftOut": len(attempts)})
    shown: list[Document] = []
    for attempt in reversed(attempts):
        bare = _without_result(attempt)
        left -= size_of(bare)
        if left < 0:
            break
        shown.append(bare)
    for index, bare in enumerate(shown):
        whole = attempts[len(attempts) - 1 - index]
        more = size_of(whole) - size_of(bare)
        if more <= left:
            shown[index] = whole
            left -= max(0, more)
    return {**document, "attempts": shown[::-1], "attemptsLeftOut": len(attempts) - len(shown)}


def _without_result(attempt: Mapping[str, object]) -> Document:
    if attempt["result"] is None:
        return dict(attempt)
    return {**attempt, "result": None, "resultNote": LEFT_OUT}
