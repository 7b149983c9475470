"""The place of a container's log, and the result in its last lines."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from fargate_runs.reading.links import log_stream_url, partition_and_region

LARGEST_RESULT: Final = 250_000  # bytes of JSON: the output that carries it may have 262,144 (fact B30)
DEEPEST_RESULT: Final = 100  # levels: readers that are deep in their own calls must be able to read it
MOST_LINES: Final = 20
LARGEST_TAIL: Final = 4_096  # bytes of UTF-8 of the lines that are kept, an end of line counted with each
CUT: Final = "… [cut]"


@dataclass(frozen=True, slots=True)
class LogLocation:
    """A CloudWatch Logs stream. `partition` is the task's; `region` may be another one than the task's."""

    group: str
    stream: str
    region: str
    partition: str = "aws"

    @classmethod
    def of(cls, task_arn: str, group: str, stream: str, region: str | None = None) -> "LogLocation":
        """Returns a stream's location, in this Region or in the task's own."""
        partition, of_task = partition_and_region(task_arn)
        return cls(group, stream, region or of_task, partition)

    @property
    def url(self) -> str:
        """Returns the link to the stream in the console."""
        return log_stream_url(self.partition, self.region, self.group, self.stream)

    @property
    def container(self) -> str:
        """Returns the container of the stream: streams are `prefix/container/task id` (documentation of awslogs)."""
        return self.stream.rpartition("/")[0].rpartition("/")[2]

    def as_json(self) -> dict[str, str]:
        """Returns the location for answers and documents."""
        return {"group": self.group, "stream": self.stream, "url": self.url}


@dataclass(frozen=True, slots=True)
class LogTail:
    """The last lines of a log, oldest first.

    `problem` says why the log could not be read; somebody may mend that. `absent` says why there is nothing to read.
    """

    lines: tuple[str, ...] = ()
    problem: str | None = None
    absent: str | None = None

    @property
    def note(self) -> str | None:
        """Returns why there are no lines, for readers; None if there are some."""
        return None if self.lines else self.problem or self.absent or "the log is empty"

    def without(self, secret: str | None) -> "LogTail":
        """Returns the same with a secret masked: a container may print its own token."""
        if not secret:
            return self
        # Making a token's pattern takes longer than all the rest of a settlement, and few containers print their
        # token. So look for a plain part first: encoders leave letters and digits as they are.
        telling = max(re.split(_NEITHER_LETTER_NOR_DIGIT, secret), key=len)
        if not any(telling in line for line in self.lines):
            return self
        in_any_form = re.compile("".join(map(_form, secret)))
        return replace(self, lines=tuple(in_any_form.sub("[task token]", line) for line in self.lines))

    def kept(self) -> "LogTail":
        """Returns the lines to keep and show: at most MOST_LINES and LARGEST_TAIL, the newest first to stay.

        A line that is too long is cut to the room that is left, and older lines are dropped.
        """
        kept: list[str] = []
        room = LARGEST_TAIL
        for line in reversed(self.lines[-MOST_LINES:]):
            size = len(line.encode("utf-8")) + 1
            if size <= room:
                kept.append(line)
                room -= size
                continue
            if size > LARGEST_TAIL and room > _SHORTEST_PIECE:
                kept.append(_cut(line, room - 1))
            break
        return replace(self, lines=tuple(reversed(kept)))


def sendable(line: str) -> str:
    """Returns the line without half characters: a container may print them and JSON carry them, but UTF-8 cannot."""
    return line.encode("utf-8", "replace").decode("utf-8")


_NEITHER_LETTER_NOR_DIGIT: Final = re.compile(r"[\W_]+")
_SHORTEST_PIECE: Final = 100  # bytes: a shorter piece of a line is of no use


def _cut(line: str, largest: int) -> str:
    """Returns the beginning of a line, in so many bytes of UTF-8, with a mark."""
    room = largest - len(CUT.encode("utf-8"))
    return line.encode("utf-8")[:room].decode("utf-8", "ignore") + CUT


def _form(sign: str) -> str:
    """Returns a pattern for a sign, also in the forms that encoders of JSON and of addresses give it.

    Encoders leave letters and digits as they are.
    """
    if sign.isalnum():
        return sign
    return rf"(?:\\?{re.escape(sign)}|(?:\\u00|%)(?i:{ord(sign):02x}))"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run. `json` is the text of one JSON object. It may be None, and `note` may say why."""

    json: str | None = None
    note: str | None = None


NO_RESULT: Final = Result()


NO_TAIL: Final = LogTail()


def result_of(tail: LogTail) -> Result:
    """Returns the last line that is not blank, if it is a JSON object small enough to be delivered."""
    if tail.problem or tail.absent:
        return Result(note=tail.problem or tail.absent)
    last = next((line for line in reversed(tail.lines) if line.strip()), "")
    if not last.lstrip().startswith("{"):
        return NO_RESULT
    if len(last) > LARGEST_RESULT:
        return Result(note="the last log line is too large to be delivered as a result: read it in the log")
    return _as_object(last)


def _as_object(line: str) -> Result:
    try:
        value = json.loads(line)
        compact = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(compact.encode("utf-8"))
    except (ValueError, RecursionError):  # UnicodeEncodeError is a ValueError
        return NO_RESULT
    if not isinstance(value, dict):
        return NO_RESULT
    if _is_too_deep(value):
        return Result(note="the last log line is nested too deep to be delivered as a result")
    if size > LARGEST_RESULT:
        return Result(note="the last log line is too large to be delivered as a result: read it in the log")
    return Result(json=compact)


def _is_too_deep(value: object) -> bool:
    """Returns whether a value is nested too deep. Goes level by level, without recursion."""
    level = [value]
    for _ in range(DEEPEST_RESULT):
        level = [each for one in level for each in _members(one)]
        if not level:
            return False
    return True


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
