"""Start the run of a schedule at its time. EventBridge Scheduler calls for it, once or more often, on time or later.

A timer may be older than the job: it starts only what the job says now. Each time of a schedule is one run, because its
id is made of both. A run that would begin too late does not begin, and its record says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from fargate_runs.errors import RunAlreadyExistsError
from fargate_runs.jobs.expressions import Rate, fires, parse
from fargate_runs.jobs.job import JobSchedule, StoredJob
from fargate_runs.jobs.run_ids import scheduled_run_id
from fargate_runs.ports import Clock, RunStore
from fargate_runs.ports.jobs import JobStore
from fargate_runs.reading.due import Due
from fargate_runs.runs.request import RunRequest, iso_seconds
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from fargate_runs.usecases.jobs.start import StartJobRun

_A_MOMENT: Final = timedelta(microseconds=1)


class Became(StrEnum):
    """What became of it. All but the first two start nothing and leave no record: nothing was due."""

    STARTED = "started"
    MISSED = "missed"
    NO_JOB = "the job is deleted"
    NO_SCHEDULE = "the job has no such schedule any more"
    DISABLED = "the schedule is disabled"
    PAUSED = "the job is paused"
    CHANGED = "the schedule fires at other times now"


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of a time of a schedule. `is_new` is false if an earlier call started its run, or recorded it."""

    became: Became
    run_id: str | None = None
    is_new: bool = True


class StartScheduledRun:
    """The use case. Every call may be repeated."""

    def __init__(self, jobs: JobStore, runs: RunStore, start: StartJobRun, clock: Clock) -> None:
        self._jobs = jobs
        self._runs = runs
        self._start = start
        self._clock = clock

    def __call__(self, due: Due) -> Fired:
        """Start the run that is due, or record that it was missed.

        Raises StoreUnavailableError, RunThrottledError, RunStartUnknownError or UnreadableJobError: the call may be
        repeated. Raises InvalidRunRequestError or RunNotStartedError if that would not help.
        """
        stored = self._jobs.find_job(due.job)
        if stored is None or stored.is_deleted:
            return Fired(Became.NO_JOB)
        schedule = next((each for each in stored.job.schedules if each.name == due.schedule), None)
        if schedule is None:
            return Fired(Became.NO_SCHEDULE)
        if why := _why_not(stored, schedule, due.at):
            return Fired(why)
        run_id = scheduled_run_id(due.job, due.schedule, due.at)
        if late := self._too_late(schedule, due.at):
            return self._missed(stored, schedule, due, late)
        return Fired(Became.STARTED, run_id, is_new=self.start(stored, schedule, due.at, run_id))

    def start(self, stored: StoredJob, schedule: JobSchedule, at: datetime, run_id: str) -> bool:
        """Start the run of a schedule at a time, with this id; returns False if it was started before.

        Raises whatever StartRun raises, except RunAlreadyExistsError.
        """
        try:
            return self._start.start(self._request(stored, schedule, at), stored, run_id=run_id).is_new
        except RunAlreadyExistsError:
            return False

    def _request(self, stored: StoredJob, schedule: JobSchedule, at: datetime) -> RunRequest:
        due = {"schedule": schedule.name, "scheduledTime": iso_seconds(at)}
        return self._start.request(stored, {**schedule.overrides, **due})

    def _too_late(self, schedule: JobSchedule, at: datetime) -> str | None:
        """Why the run does not begin any more, in a sentence; None if it is not too late."""
        deadline = schedule.starting_deadline_seconds
        late_seconds = (self._clock.now() - at).total_seconds()
        if deadline is None or late_seconds <= deadline:
            return None
        return (
            f"The run was due at {iso_seconds(at)} and could have begun {int(late_seconds)} seconds later; its schedule"
            f" {schedule.name} has a startingDeadline of {deadline} seconds."
        )

    def _missed(self, stored: StoredJob, schedule: JobSchedule, due: Due, reason: str) -> Fired:
        """Record a run that never begins. If there is a record, an earlier call wrote it, perhaps in time."""
        request = self._request(stored, schedule, due.at)
        run = RunRecord(
            run_id=scheduled_run_id(due.job, due.schedule, due.at),
            created_at=self._clock.now(),
            pattern=request.pattern,
            input=request.recorded_input(),
            job=due.job,
            schedule=due.schedule,
            scheduled_at=due.at,
            turned_away=TurnedAway(RunStatus.MISSED, reason),
        )
        stands = self._runs.write_run(run)
        is_missed = stands is None or stands.turned_away is not None
        return Fired(Became.MISSED if is_missed else Became.STARTED, run.run_id, is_new=stands is None)


def _why_not(stored: StoredJob, schedule: JobSchedule, at: datetime) -> Became | None:
    """Returns why nothing is due; None if something is."""
    if stored.is_paused:
        return Became.PAUSED
    if not schedule.is_enabled:
        return Became.DISABLED
    return Became.CHANGED if stored.are_schedules_pending and not _fires_at(schedule, at) else None


def _fires_at(schedule: JobSchedule, at: datetime) -> bool:
    """Returns whether a schedule may fire at a time. Nobody but Scheduler knows the times of a rate."""
    if isinstance(parse(schedule.expression), Rate):
        return True
    return next(iter(fires(schedule.expression, schedule.time_zone, at - _A_MOMENT)), None) == at
