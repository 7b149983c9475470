"""Whether a job has not succeeded for too long, and what people are told then. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fargate_runs.jobs.job import StoredJob
from fargate_runs.reading import lenient
from fargate_runs.runs.request import iso_seconds

_LONGEST_SUMMARY = 500
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a job that has ended. `ended_at` is when its task stopped, else when the run was created."""

    run_id: str
    ended_at: datetime
    error: str | None = None
    summary: str | None = None


def allowed_time(stored: StoredJob) -> timedelta | None:
    """Returns how long a job may be without a success; None if nobody is to be told: it is paused, or has no alarm."""
    seconds = stored.job.no_success_for_seconds
    return None if seconds is None or stored.is_paused or stored.is_deleted else timedelta(seconds=seconds)


def waits_since(stored: StoredJob, last_success: datetime | None) -> datetime:
    """Returns since when a success is waited for. A job that was just created or resumed has all of its time."""
    return max(each for each in (stored.created_at, stored.resumed_at, last_success) if each is not None)


def subject_of(stored: StoredJob) -> str:
    """Returns the subject of the notification: at most 100 ASCII characters, as SNS wants them."""
    return f"Job {stored.job.name} has not succeeded for {_duration(stored.job.no_success_for_seconds or 0)}"


def message_of(stored: StoredJob, since: datetime, success: PastRun | None, failures: Sequence[PastRun]) -> str:
    """Returns the notification. It has times, ids, errors and their summaries, and no value of a variable."""
    job = stored.job
    last_success = f"{success.run_id}, {iso_seconds(success.ended_at)}" if success else "none is known"
    return "\n".join(
        (
            f"Job {job.name} of project {job.project} has not succeeded since {iso_seconds(since)}.",
            f"Its alarm is noSuccessFor {_duration(job.no_success_for_seconds or 0)}.",
            "",
            f"Last success: {last_success}",
            f"Last failure: {_failure(failures[0]) if failures else 'none since then: no run of it has ended'}",
            "",
            f"See its runs with: runs list --job {job.name}",
            "You are told once. It is told again after a success, or when the job is paused and resumed.",
        )
    )


def _failure(run: PastRun) -> str:
    why = ": ".join(each for each in (run.error, lenient.text(run.summary, _LONGEST_SUMMARY)) if each)
    return f"{run.run_id}, {iso_seconds(run.ended_at)}{f', {why}' if why else ''}"


def _duration(seconds: int) -> str:
    return next((f"{seconds // unit}{name}" for unit, name in _UNITS if seconds % unit == 0), f"{seconds}s")
