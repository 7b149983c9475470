"""Jobs, and changes of jobs, as text to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from cli.documents import mapping, text, whole
from cli.jobs_api import objects, texts
from cli.run_list import age_text
from cli.text import clean, compact, moment, one_line, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cli.api_client import Document
    from cli.jobs_api import FieldChange, ScheduleChange, Standing
    from cli.jobs_apply import Plan, Progress

_LONGEST_VALUE: Final = 200
_MARKS: Final = {"create": ("+", "green"), "update": ("~", "yellow"), "remove": ("-", "red")}
_WORDS: Final = {"create": "new", "update": "changes", "remove": "goes"}
_HEADINGS: Final = ("job", "state", "schedules", "next fire", "limit", "running", "queued", "last success")


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yields the changes of an apply, with the next fires of each schedule of a changed job, in its own zone."""
    for change in plan.to_put:
        zones = _zones(plan.file.bodies[change.job])
        yield _marked(change.kind, change.job)
        yield from (f"    {_field(each)}" for each in change.fields if each.field != "project")
        for schedule in change.schedules:
            yield from _schedule(schedule, zones.get(schedule.name, "UTC"))
    for name in plan.others:
        yield _marked("remove", name) if plan.prunes else f"  {clean(name)}  is not in the file; --prune removes it"
    same = sum(change.is_none for change in plan.changes)
    if same:
        yield f"  {_count(same)} as the file says"


def _marked(kind: str, name: str) -> str:
    mark, colour = _MARKS.get(kind, ("~", "yellow"))
    return click.style(f"{mark} {clean(name)}", fg=colour) + f"  {_WORDS.get(kind, kind)}"


def _count(jobs: int) -> str:
    return "1 job is" if jobs == 1 else f"{jobs} jobs are"


def _field(change: FieldChange) -> str:
    before = "" if change.old is None else f"{_value(change.old)} → "
    return f"{clean(change.field)}: {before}{_value(change.new)}"


def _value(value: object) -> str:
    if value is None or value in ([], {}):
        return "none"
    return one_line(value if isinstance(value, str) else compact(value), _LONGEST_VALUE)


def _schedule(schedule: ScheduleChange, zone: str) -> Iterator[str]:
    mark, colour = _MARKS.get(schedule.kind, ("=", None))
    yield "    " + click.style(f"{mark} schedule {clean(schedule.name)}", fg=colour)
    if schedule.kind != "remove":
        fires = [fire_text(each, zone) for each in schedule.fires]
        yield f"        next  {', '.join(fires) if fires else 'never'}"


def fire_text(fire: str, zone: str) -> str:
    """A time in a zone, as the clocks there show it: `Mon 2025-03-31 06:00 CEST`."""
    when = moment(fire)
    if when is None or when.tzinfo is None:
        return clean(fire)
    try:
        return f"{when.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"
    except (LookupError, OSError, ValueError):
        return clean(fire)


def _zones(body: Mapping[str, object]) -> dict[str, str]:
    return {text(each, "name") or "": text(each, "timeZone") or "UTC" for each in objects(body, "schedules")}


def result_lines(plan: Plan, progress: Progress) -> Iterator[str]:
    """Yields how far an apply got that did not get to its end. Nothing for one that did."""
    if progress.error is None and not progress.is_interrupted:
        return
    yield f"Not everything was applied: {progress.error.message if progress.error else 'stopped half-way'}"
    yield _names("new", progress.new)
    yield _names("removed", progress.removed)
    yield _names("not known, old or new", [progress.unknown] if progress.unknown else [])
    yield _names("old", progress.old(plan))
    if progress.pending:
        yield f"The schedules of {clean(progress.pending)} are not all in EventBridge Scheduler yet."
    yield "Each of them is whole. Apply the file again to finish."


def _names(word: str, names: Sequence[str]) -> str:
    return f"  {word}: {', '.join(map(clean, names)) or 'none'}"


def job_table(jobs: Sequence[tuple[Document, Standing]], now: datetime) -> str:
    """One line a job below the headings."""
    cells = [_HEADINGS, *(_cells(job, standing, now) for job, standing in jobs)]
    widths = [max(width_of(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = (cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _cells(job: Document, standing: Standing, now: datetime) -> tuple[str, ...]:
    limit = whole(job, "limit")
    return (
        clean(text(job, "name") or "?"),
        ", ".join(states(job)),
        clean(", ".join(text(each, "name") or "?" for each in objects(job, "schedules"))),
        _next_fire(job),
        "" if limit is None else str(limit),
        str(standing.running),
        str(standing.queued),
        _ago(standing.last_success, now),
    )


def states(job: Document) -> Iterator[str]:
    """Yields the states of a job that need a look. Nothing: all is well."""
    yield from (word for key, word in (("pausedAt", "paused"), ("lateSince", "late")) if text(job, key))
    if job.get("schedulesPending") is True:
        yield "schedules pending"


def _next_fire(job: Document) -> str:
    """The first fire of all its schedules, in the zone of the schedule."""
    if text(job, "pausedAt"):
        return ""
    fires = [
        (when, fire_text(fire, text(each, "timeZone") or "UTC"))
        for each in objects(job, "schedules")
        for fire in texts(each, "nextFires")[:1]
        if (when := moment(fire)) is not None
    ]
    return min(fires)[1] if fires else ""


def _ago(time: str | None, now: datetime) -> str:
    when = moment(time or "")
    return "" if when is None else f"{age_text((now - when).total_seconds())} ago"


def job_page(job: Document, standing: Standing, now: datetime) -> str:
    """Everything that the API says of a job: how it stands, then its definition in the words of the file."""
    state = ", ".join(states(job))
    name, project = clean(text(job, "name") or "?"), clean(text(job, "project") or "?")
    lines = [" · ".join(part for part in (f"Job {name}", f"project {project}", state) if part)]
    lines.append(_line("runs", f"{standing.running} running, {standing.queued} queued"))
    lines.append(_line("last success", _ago(standing.last_success, now) or "none"))
    for key, said in _TIMES.items():
        if (when := text(job, key)) is not None:
            lines.append(_line(said, f"{clean(when)} ({_ago(when, now)})"))
    definition = dict(mapping(job, "definition"))
    more = {text(each, "name"): each for each in objects(definition, "schedules")}
    for schedule in objects(job, "schedules"):
        zone = text(schedule, "timeZone") or "UTC"
        off = "" if schedule.get("enabled", True) else ", not enabled"
        told = f"{_value(schedule.get('name'))}: {_value(schedule.get('expression'))} {zone}{off}"
        lines.append(_line("schedule", told))
        lines += [_line("", f"next {fire_text(fire, zone)}") for fire in texts(schedule, "nextFires")]
        rest = more.get(text(schedule, "name"), {})
        lines += [_line("", f"{key} {_value(rest[key])}") for key in ("startingDeadline", "overrides") if key in rest]
    definition |= {"schedules": None, "revision": job.get("taskDefinitionArn")}
    lines += [_line(clean(key), _value(value)) for key, value in definition.items() if value not in (None, [], {})]
    return "\n".join(lines)


_TIMES: Final = {"createdAt": "created", "updatedAt": "updated", "pausedAt": "paused", "lateSince": "late since"}


def _line(name: str, value: str) -> str:
    return f"  {name:<16} {value}"


def backfill_lines(answer: Document, *, is_dry: bool) -> Iterator[str]:
    """Yields the starts of a backfill, a line for each scheduled time, with the reason."""
    slots, started = objects(answer, "slots"), texts(answer, "started")
    for slot in slots:
        after = text(slot, "after")
        why = f"was {after}" if after else "never started"
        parts = [text(slot, key) for key in ("scheduledTime", "schedule", "runId")]
        yield "  ".join(clean(part) for part in (*parts, why) if part)
    yield f"{len(slots)} would be started." if is_dry else f"{len(started)} started."


def unknown_lines(answer: Document) -> Iterator[str]:
    """Yields a line for each schedule whose times nobody knows."""
    for name in texts(answer, "unknown"):
        yield f"Schedule {clean(name)} has a rate: its times are not known, and nothing of it is started."
