"""Runs and verdicts as text to read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.documents import SUCCEEDED
from cli.text import clean, columns, compact, duration, moment, one_line, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cli.documents import Attempt, Execution, LastLines, Log, Run, Slot, StopRequest, Usage

Line = tuple[str, str | None]

_ENDED_BADLY = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})
_WITHOUT_TASK = frozenset({"SKIPPED", "MISSED"})
_LONGEST_CAUSE = 300

_RETRY = {True: "a retry may help", False: "a retry alone will not help", None: ""}


COLOURS: Mapping[str, str] = {
    "SUCCEEDED": "green",
    "FAILED": "red",
    "STOPPED": "yellow",
    "SKIPPED": "yellow",
    "MISSED": "red",
    "RUNNING": "cyan",
}


def run_page(run: Run, now: datetime) -> str:
    """Returns everything that is known of a run, with states in colour. Callers without a terminal strip the colour."""
    heading = " · ".join(part for part in (f"Run {clean(run.run_id)}", run.pattern, coloured(run.status)) if part)
    lines = [heading, *_fields((*_run_lines(run), ("elapsed", _elapsed(run, now))))]
    for place, attempt in enumerate(run.attempts, start=run.attempts_left_out + 1):
        lines += ["", *_attempt_lines(attempt.number or place, attempt)]
    return "\n".join(lines)


def end_line(run: Run, way_to_more: str) -> str:
    """How a run ended, in one line; for one that did not succeed, with what to type to learn more."""
    took = f" after {duration(run.duration_seconds)}" if run.duration_seconds is not None else ""
    cost = f", about {run.usage.cost_usd:.6f} USD" if run.usage else ""
    said = f"Run {clean(run.run_id)} {coloured(run.status)}{took}{cost}"
    if run.status == SUCCEEDED:
        return f"{said}."
    reason = ": ".join(part for part in (run.error, run.summary) if part)
    why = f": {one_line(reason, _LONGEST_CAUSE)}" if reason else ""
    return f"{said}{why}  More:  {way_to_more}"


def coloured(state: str) -> str:
    """A status as it is shown everywhere."""
    import click

    return click.style(clean(state), fg=COLOURS.get(state))


def _elapsed(run: Run, now: datetime) -> str | None:
    """For how long a run that has not ended has been there."""
    began = moment(run.created_at or "")
    return None if run.ended or began is None else duration(max((now - began).total_seconds(), 0))


def verdict_page(name: str, verdict: Mapping[str, object]) -> str:
    """What `runs explain` says about one task; `verdict` has the keys of its --json."""
    if not verdict["ended"]:
        lines: list[Line] = [("stop code", _shown(verdict["stopCode"])), ("reason", _shown(verdict["stoppedReason"]))]
        return "\n".join([f"{clean(name)}: has not ended", *_fields(lines)])
    retry = _RETRY[verdict["transient"] is True] if verdict["error"] else None
    lines = [
        ("error", f"{verdict['error']} ({retry})" if retry else None),
        ("summary", _shown(verdict["summary"])),
        ("advice", _shown(verdict["advice"])),
        ("container", _shown(verdict["container"])),
        ("exit code", _shown(verdict["exitCode"])),
        ("culprit", _shown(verdict["culprit"])),
        ("stop code", _shown(verdict["stopCode"])),
        ("reason", _shown(verdict["stoppedReason"])),
    ]
    return "\n".join([f"{clean(name)}: {verdict['status']}", *_fields(lines)])


def _shown(value: object) -> str | None:
    return str(value) if value not in {None, ""} else None


def _verdict_lines(run: Run) -> Iterator[Line]:
    retry = _RETRY[run.transient]
    yield "error", f"{run.error} ({retry})" if run.error and retry else run.error
    yield "summary", run.summary
    yield "advice", run.advice
    yield "task", "none was seen" if run.ended and not run.attempts and run.status not in _WITHOUT_TASK else None
    yield "exit code", _shown(run.exit_code)
    yield "culprit", run.culprit
    yield "result", None if run.result is None else compact(run.result)
    yield "duration", duration(run.duration_seconds)
    yield "cost", _cost(run.usage)


def _last_lines(end: LastLines) -> str | None:
    """As the container printed them: a blank line is one too."""
    if end.lines:
        return "\n".join(end.lines)
    return f"none: {end.note}" if end.note else None


def _cost(usage: Usage | None) -> str | None:
    """Returns the estimate, always with the figures that it was made from."""
    if usage is None:
        return None
    spot = ", Spot" if usage.spot else ""
    return (
        f"about {usage.cost_usd:.6f} USD ({usage.vcpu_seconds:g} vCPU-seconds, {usage.gb_seconds:g} GB-seconds{spot})"
    )


def _run_lines(run: Run) -> Iterator[Line]:
    yield from _verdict_lines(run)
    yield "command", None if run.commands is None else shlex.join(run.commands)
    yield "execution", "\n".join(part for part in (run.execution_arn, _other_end(run)) if part)
    yield "redrives", _redrives(run)
    yield "rerun of", run.rerun_of
    yield "job", _job(run)
    yield "slot", _slot(run.slot)
    yield "stop", _stop(run.stop_request)
    yield "attempts", "\n".join(_attempts_not_shown(run))


def _attempts_not_shown(run: Run) -> Iterator[str]:
    if run.attempts_left_out:
        yield f"{run.attempts_left_out} older not shown: they have no room in one answer"
    if run.unreadable_attempts:
        yield f"{run.unreadable_attempts} not shown: the stack's version cannot read their records"


def _other_end(run: Run) -> str | None:
    """Returns how the execution ended, if the run ended otherwise. It does not repeat the run's own lines."""
    execution = run.execution
    if execution is None or not _ended_otherwise(run, execution):
        return None
    error = execution.error if execution.error != run.error else None
    cause = execution.cause if execution.cause != run.summary else None
    said = f"{execution.status} {error}" if error else execution.status
    return f"{said}: {one_line(cause, _LONGEST_CAUSE)}" if cause else said


def _ended_otherwise(run: Run, execution: Execution) -> bool:
    if run.status in _WITHOUT_TASK:
        return False
    if execution.status in _ENDED_BADLY:
        return (execution.status, execution.error) != (run.status, run.error)
    # Nobody of a request-response execution waits for how its task ends.
    waited = run.pattern != "request-response"
    return waited and execution.status == SUCCEEDED and run.ended and run.status != SUCCEEDED


def _stop(request: StopRequest | None) -> str | None:
    if request is None:
        return None
    asked = (("at", request.at), ("by", request.by))
    told = " ".join(["asked for", *(f"{word} {value}" for word, value in asked if value)])
    return f"{told}: {one_line(request.reason, _LONGEST_CAUSE)}" if request.reason else told


def _job(run: Run) -> str | None:
    planned = f"schedule {run.schedule} at {run.scheduled_time}" if run.schedule else None
    return ", ".join(part for part in (run.job, planned) if part) or None


def _slot(slot: Slot) -> str | None:
    """Returns how the run stands to its job's slots; None if nothing is to be said."""
    place = f", number {slot.place} of those that wait" if slot.place else ""
    waited = f"waited from {slot.queued_at}" if slot.admitted_at else f"waits since {slot.queued_at}{place}"
    lines = (
        waited if slot.queued_at else None,
        f"admitted {slot.admitted_at}" if slot.admitted_at else None,
        "above the limit, as asked for" if slot.is_forced else None,
        f"blocked by {slot.blocked_by}" if slot.blocked_by else None,
    )
    return "\n".join(line for line in lines if line) or None


def _redrives(run: Run) -> str | None:
    return str(run.execution.redrive_count) if run.execution and run.execution.redrive_count else None


def _attempt_lines(number: int, attempt: Attempt) -> Iterator[str]:
    state = attempt.status or attempt.last_status
    cpu, memory = attempt.size
    size = f"{cpu} CPU units, {memory} MiB" if cpu and memory else None
    heading = (f"Attempt {number}", f"task {attempt.task_id}", state, attempt.error)
    yield " · ".join(coloured(part) if part is state else clean(part) for part in heading if part)
    yield from _fields(
        (
            ("ran on", ", ".join(part for part in (attempt.capacity_provider, size) if part)),
            ("container", attempt.container),
            ("exit code", _shown(attempt.exit_code)),
            ("culprit", attempt.culprit),
            *_log_lines("its log", attempt.culprit_log),
            ("stop code", attempt.stop_code),
            ("reason", attempt.stopped_reason),
            ("answer", attempt.delivery),
            ("cost", _cost(attempt.usage)),
            *_log_lines("log", attempt.log),
            ("task", attempt.task_url),
            ("last lines", _last_lines(attempt.last_lines)),
        )
    )
    yield from _timeline(attempt.timeline)


def _log_lines(name: str, log: Log) -> Iterator[Line]:
    yield name, " ".join(part for part in (log.group, log.stream) if part)
    yield "", log.url


def _timeline(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """When, what, and how long after the step before."""
    known = sorted(((when, label) for label, text in entries if (when := moment(text))), key=lambda entry: entry[0])
    before = None
    for position, (when, label) in enumerate(known):
        name = "timeline" if position == 0 else ""
        passed = "" if before is None else f"  +{duration((when - before).total_seconds())}"
        yield f"  {name:<10} {when.isoformat(timespec='milliseconds')}  {label:<16}{passed}".rstrip()
        before = when


def _fields(lines: Iterable[Line]) -> list[str]:
    """`name  value` in columns, without those that have no value; further lines of a value are indented to it.

    A line that is wider than the terminal is broken between words; what a container printed is left as it is.
    """
    indent = " " * 13
    width = columns() - len(indent)
    found = []
    for name, value in lines:
        if value:
            text = clean(value)
            parts = text.split("\n") if name == "last lines" else wrapped(text, width)
            found.append(f"  {name:<10} " + f"\n{indent}".join(parts))
    return found
