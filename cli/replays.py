"""Replays: the stack's archived events of a time range, sent to its rules once more.

Harmless to repeat: the functions know an event by its task and version, never by its id (fault F02).
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import BadInputError, CliError, UnavailableError
from cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_events.client import EventBridgeClient

    from cli.target import Target

ARCHIVE_OUTPUT: Final = "EventArchiveArn"
RULE_OUTPUTS: Final = ("TaskStateChangeRuleArn", "ExecutionStateChangeRuleArn")
# "We recommend that you delay replaying archived events for 10 minutes to make sure that all events are replayed"
# (docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html).
LATEST_IN_ARCHIVE: Final = timedelta(minutes=10)
COMPLETED: Final = "COMPLETED"
ENDED: Final = frozenset({COMPLETED, "CANCELLED", "FAILED"})
POLL_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Range:
    """The times between which events happened that are to be replayed, in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: str, end: str | None, now: datetime) -> Range:
        """What was typed; no end: until now. Raises BadInputError."""
        found = cls(_time("--from", start, now), now if end is None else _time("--to", end, now))
        if found.start >= found.end:
            raise BadInputError(f"--from must be before --to: {shown(found.start)} is not before {shown(found.end)}.")
        return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    state: str
    """STARTING, RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED."""
    reason: str
    last: datetime | None
    """When the last event that was replayed had happened; None while there was none."""


def shown(when: datetime) -> str:
    """A time as the commands print and take it."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(option: str, text: str, now: datetime) -> datetime:
    try:
        typed = datetime.fromisoformat(text)
        when = typed.replace(tzinfo=UTC) if typed.tzinfo is None else typed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        example = shown(now - timedelta(hours=2))
        raise BadInputError(f"{option} is no time: {one_line(text, 40)!r}. Give one such as {example}.") from error
    if when > now:
        raise BadInputError(f"{option} is in the future: {shown(when)}; it is {shown(now)} (times are in UTC).")
    return when


class Replays:
    """The replays of one stack. Every method raises UnavailableError when EventBridge cannot be asked."""

    def __init__(self, client: EventBridgeClient, archive_arn: str, rule_arns: list[str]) -> None:
        self._client = client
        self._archive_arn = archive_arn
        self._rule_arns = rule_arns

    @classmethod
    def of(cls, target: Target) -> Replays:
        """For the stack of `target`."""
        return cls(target.events(), target.output(ARCHIVE_OUTPUT), [target.output(name) for name in RULE_OUTPUTS])

    def start(self, events: Range, now: datetime) -> str:
        """Start a replay to the stack's rules only and return its name. Raises CliError when EventBridge refuses."""
        name = f"runs-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        with _readable("start the replay", refused=CliError):
            # An archive replays only to the bus that it was filled from.
            bus = self._client.describe_archive(ArchiveName=self._archive_arn.rpartition("/")[2])["EventSourceArn"]
            try:
                self._client.start_replay(
                    ReplayName=name,
                    EventSourceArn=self._archive_arn,
                    EventStartTime=events.start,
                    EventEndTime=events.end,
                    Destination={"Arn": bus, "FilterArns": self._rule_arns},
                )
            except self._client.exceptions.ResourceAlreadyExistsException:
                # Nobody else has this name: a call that got no answer was carried out, and this is its repetition.
                return name
        return name

    def progress(self, name: str) -> Progress:
        """How far it is."""
        with _readable(f"ask for replay {name}"):
            found = self._client.describe_replay(ReplayName=name)
        return Progress(found["State"], found.get("StateReason", ""), found.get("EventLastReplayedTime"))

    def follow(self, name: str, sleep: Callable[[float], None]) -> Iterator[Progress]:
        """Yield how far it is, again and again; the last one is its end."""
        while True:
            progress = self.progress(name)
            yield progress
            if progress.state in ENDED:
                return
            sleep(POLL_SECONDS)


@contextmanager
def _readable(what: str, refused: type[CliError] = UnavailableError) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        readable = refused if isinstance(error, ClientError) else UnavailableError
        raise readable(f"Cannot {what}: {one_line(str(error), 300)}") from error
