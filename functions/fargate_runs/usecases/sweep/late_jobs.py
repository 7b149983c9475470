"""Tells people of jobs that have not succeeded for too long (`alarm.noSuccessFor`), once for each such time.

A job whose alarm cannot ring yet costs no call: its last success is known, or it is too young. `late_since` on the job
says that people have been told. It is written after they were told, so a crash in between tells them twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fargate_runs.jobs.job import StoredJob
from fargate_runs.jobs.lateness import PastRun, allowed_time, message_of, subject_of, waits_since
from fargate_runs.ports import Clock, RunLists, RunQuery, RunRow
from fargate_runs.ports.jobs import JobAlarms
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.sweep.jobs_read_once import JobsReadOnce
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

PART: Final = "late jobs"
PAGE: Final = 50  # runs
MOST_RUNS: Final = 1_000  # of a job that are looked at for a success in one sweep
#: A run that began so long before the time in question may have ended in it.
LONGEST_RUN: Final = timedelta(days=1)
_FAILED: Final = frozenset({RunStatus.FAILED.value, RunStatus.MISSED.value, RunStatus.STOPPED.value})


@dataclass(frozen=True, slots=True)
class _Past:
    """The newest success of a job, and the newest failure after it."""

    success: PastRun | None
    failures: tuple[PastRun, ...] = ()


class SweepLateJobs:
    """One part of the sweep. A process remembers when each job succeeded last: that never becomes earlier."""

    def __init__(self, jobs: JobsReadOnce, lists: RunLists, alarms: JobAlarms, clock: Clock) -> None:
        self._jobs = jobs
        self._lists = lists
        self._alarms = alarms
        self._clock = clock
        self._succeeded: dict[str, datetime] = {}

    def __call__(self, report: SweepReport, go_on: Go) -> None:
        """Look at all jobs that have an alarm.

        Raises StoreUnavailableError if the jobs cannot be read, and every error of `go_on`.
        """
        watched = {each.job.name: each for each in self._jobs.taken() if each.late_since or allowed_time(each)}
        for stored in report.places.walk(PART, watched, go_on):
            report.attempt(self._look_at, stored, report, go_on)

    def _look_at(self, stored: StoredJob, report: SweepReport, go_on: Go) -> None:
        allowed, now = allowed_time(stored), self._clock.now()
        if allowed is None:
            self._note(stored, None)
            return
        known = self._succeeded.get(stored.job.name)
        if stored.late_since is None and now - waits_since(stored, known) <= allowed:
            return
        past = self._past(stored, now - allowed, go_on)
        since = waits_since(stored, past.success.ended_at if past.success else known)
        if now - since <= allowed:
            self._note(stored, None)
            return
        report.late_jobs += 1
        if stored.late_since is None:
            self._alarms.tell(subject_of(stored), message_of(stored, since, past.success, past.failures))
            report.late_jobs_told += 1
            self._note(stored, now)

    def _note(self, stored: StoredJob, late_since: datetime | None) -> None:
        """Write since when people know. If somebody changes the job now, the next sweep writes it."""
        if stored.late_since != late_since:
            self._jobs.write_job(replace(stored, late_since=late_since))

    def _past(self, stored: StoredJob, window: datetime, go_on: Go) -> _Past:
        """Read the runs of a job, newest first, up to a success in the time in question, else to the newest one.

        The list goes by creation, so an older run may have succeeded later.
        """
        failures: list[PastRun] = []
        newest: PastRun | None = None
        for row in self._rows(stored.job.name, window - LONGEST_RUN, go_on):
            run = _past_run(row)
            if run is None:
                continue
            if newest and (newest.ended_at >= window or run.ended_at < window - LONGEST_RUN):
                break
            if row.status == RunStatus.SUCCEEDED:
                newest = max(newest or run, run, key=lambda each: each.ended_at)
            elif newest is None:
                failures.append(run)
        if newest:
            self._succeeded[stored.job.name] = newest.ended_at
        return _Past(newest, tuple(failures))

    def _rows(self, job: str, window: datetime, go_on: Go) -> Iterator[RunRow]:
        """Yield runs: all that may have ended in the time in question, and then up to MOST_RUNS for the message."""
        place, count = None, 0
        while True:
            go_on()
            page = self._lists.page(RunQuery(job=job), PAGE, place)
            yield from page.rows
            count, place = count + len(page.rows), page.place
            oldest = page.rows[-1].created_at if page.rows else None
            if place is None or (count >= MOST_RUNS and (oldest is None or oldest < window)):
                return


def _past_run(row: RunRow) -> PastRun | None:
    """Returns a run that has ended, well or not; None for any other, such as one that was skipped."""
    ended_at = row.stopped_at or row.created_at
    if ended_at is None or (row.status != RunStatus.SUCCEEDED and row.status not in _FAILED):
        return None
    return PastRun(row.run_id, ended_at, row.error, row.summary)
