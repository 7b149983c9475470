"""Where a container's log is, and what its last lines say."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fargate_runs.links import log_stream_url, partition_and_region

LARGEST_RESULT: Final = 250_000  # bytes of JSON: the output that carries it may have 262,144 (fact B30)
DEEPEST_RESULT: Final = 100  # levels: what reads it, and is deeper in its own calls, must read it too
MOST_LINES: Final = 10
LONGEST_LINE: Final = 2_000


@dataclass(frozen=True, slots=True)
class LogLocation:
    """A CloudWatch Logs stream. `partition` and `region` are those of the task."""

    group: str
    stream: str
    region: str
    partition: str = "aws"

    @classmethod
    def of(cls, task_arn: str, group: str, stream: str) -> "LogLocation":
        """The stream in the Region that the task ran in."""
        partition, region = partition_and_region(task_arn)
        return cls(group, stream, region, partition)

    @property
    def url(self) -> str:
        """The link to the stream in the console."""
        return log_stream_url(self.partition, self.region, self.group, self.stream)

    def as_json(self) -> dict[str, str]:
        """For answers and documents."""
        return {"group": self.group, "stream": self.stream, "url": self.url}


@dataclass(frozen=True, slots=True)
class LogTail:
    """The last lines of a log, oldest first. `problem` says why there are none where it could not be read."""

    lines: tuple[str, ...] = ()
    problem: str | None = None

    def without(self, secret: str | None) -> "LogTail":
        """The same with a secret masked: a container may print its own token."""
        if not secret:
            return self
        in_any_form = re.compile("".join(map(_form, secret)))
        return LogTail(tuple(in_any_form.sub("[task token]", line) for line in self.lines), self.problem)


def _form(sign: str) -> str:
    """A pattern of a sign as it is, and as encoders of JSON and of addresses may write what is no letter or digit."""
    if sign.isalnum():
        return sign
    return rf"(?:\\?{re.escape(sign)}|(?:\\u00|%)(?i:{ord(sign):02x}))"


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave back: `json` is the text of one JSON object, or None, and then `note` says why if that is odd."""

    json: str | None = None
    note: str | None = None


NO_RESULT: Final = Result()


def result_of(tail: LogTail) -> Result:
    """The last line that is not blank, if it is a JSON object of a size that can be delivered."""
    if tail.problem:
        return Result(note=tail.problem)
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
    """Level by level, without a call for each of them."""
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
