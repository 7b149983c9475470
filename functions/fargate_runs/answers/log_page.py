"""The lines of a log in an answer: masked, valid UTF-8, and small enough for an answer of Lambda. Pure."""

from collections.abc import Sequence
from typing import Final

from fargate_runs.answers.document_size import LARGEST_DOCUMENT, size_of
from fargate_runs.ports import LogLine
from fargate_runs.reading import lenient
from fargate_runs.runs.log import CUT, LogTail, sendable

LARGEST_LINES: Final = LARGEST_DOCUMENT - 50_000  # the rest is the cursor and the place
_MOST_OF_A_CHARACTER: Final = 14  # of JSON as a text in JSON: two escaped surrogates, their backslashes doubled
Shown = dict[str, object]


def shown(lines: Sequence[LogLine], token: str | None, largest: int = LARGEST_LINES) -> list[Shown]:
    """Returns the lines that fit, oldest first, with the task's own token masked. A first line that is too long is cut.

    A page of CloudWatch Logs has up to 1 MB, and control characters take seven times that.
    """
    tail = LogTail(tuple(sendable(each.text) for each in lines)).without(token)
    documents: list[Shown] = [
        {"time": lenient.iso(line.time), "text": text} for line, text in zip(lines, tail.lines, strict=True)
    ]
    if size_of(documents) <= largest:
        return documents
    fitting: list[Shown] = []
    for document in documents:
        largest -= size_of(document)
        if largest < 0:
            break
        fitting.append(document)
    return fitting or [_cut(documents[0], largest + size_of(documents[0]))]


def _cut(document: Shown, largest: int) -> Shown:
    room = (largest - size_of({**document, "text": CUT})) // _MOST_OF_A_CHARACTER
    return {**document, "text": str(document["text"])[:room] + CUT}
