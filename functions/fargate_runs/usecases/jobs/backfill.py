"""Start what a job has missed: the slots of its schedules whose run is absent, was missed, or failed.

A slot is a time at which a schedule fires. Its run has a fixed id, so a slot that is started twice is one run. Where a
run with that id has failed or was missed, the next one has a number behind the id.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Final

from fargate_runs.errors import InvalidParametersError
from fargate_runs.jobs.expressions import Rate, fires, parse
from fargate_runs.jobs.job import JobSchedule, StoredJob
from fargate_runs.jobs.run_ids import scheduled_run_id
from fargate_runs.ports import Clock, RunStore
from fargate_runs.ports.jobs import JobStore
from fargate_runs.reading import lenient
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.jobs.show import expect_job

MOST_SLOTS: Final = 1_000  # that one call looks at
MOST_STARTS: Final = 100  # of one call, which has half a minute
_STARTED_AGAIN: Final = frozenset({RunStatus.FAILED, RunStatus.MISSED})
_JUST_BEFORE: Final = timedelta(microseconds=1)
_EARLIEST: Final = datetime(1969, 12, 31, tzinfo=UTC)  # no schedule fires before 1970 on the clocks of its zone


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a schedule of a job fires, and the run that is to be started for it.

    `after` is the status of the run that it follows; None if there was none.
    """

    schedule: JobSchedule
    at: datetime
    run_id: str
    after: RunStatus | None = None

    def as_document(self) -> dict[str, object]:
        """Return the slot in the API's answer."""
        return {
            "schedule": self.schedule.name,
            "scheduledTime": lenient.iso(self.at),
            "runId": self.run_id,
            "after": self.after.value if self.after else None,
        }


@dataclass(frozen=True, slots=True)
class Backfill:
    """The slots to start, those that were started by this call, and the schedules whose slots nobody knows."""

    job: str
    slots: Sequence[Slot]
    started: Sequence[Slot]
    unknown: Sequence[str]

    def as_document(self) -> dict[str, object]:
        """Return the API's answer."""
        return {
            "job": self.job,
            "slots": [each.as_document() for each in self.slots],
            "started": [each.run_id for each in self.started],
            "unknown": list(self.unknown),
        }


StartSlot = Callable[[StoredJob, JobSchedule, datetime, str], bool]
"""Starts the run of a schedule at a time, with this id; returns False if somebody else was first.

Raises what StartRun raises.
"""


class BackfillJob:
    """The use case."""

    def __init__(self, jobs: JobStore, runs: RunStore, start: StartSlot, clock: Clock) -> None:
        self._jobs = jobs
        self._runs = runs
        self._start = start
        self._clock = clock

    def __call__(self, name: str, since: datetime, until: datetime, *, is_dry_run: bool = False) -> Backfill:
        """Start the slots from `since` on and before `until`, the oldest first, or only list them.

        Slots that are still to come are left to Scheduler. A rate has no slots that could be known: Scheduler counts it
        from a moment of its own. Its schedules are named in `unknown`.

        Raises JobNotFoundError, UnreadableJobError, InvalidParametersError, StoreUnavailableError and what StartRun
        raises. Those that were started before stay, and the call may be repeated.
        """
        stored = expect_job(self._jobs, name)
        if until <= since:
            raise InvalidParametersError(("to: must be later than from",))
        enabled = [each for each in stored.job.schedules if each.is_enabled]
        unknown = [each.name for each in enabled if isinstance(parse(each.expression), Rate)]
        known = [each for each in enabled if each.name not in unknown]
        past = min(until, self._clock.now())
        # A time at either end of the calendar has no earlier one, and none in some zones.
        slots = self._to_start(stored, _times(known, min(max(since, _EARLIEST), past), past))
        to_start = [] if is_dry_run else slots
        started = [each for each in to_start if self._start(stored, each.schedule, each.at, each.run_id)]
        return Backfill(name, slots, started, unknown)

    def _to_start(self, stored: StoredJob, times: Sequence[tuple[datetime, JobSchedule]]) -> list[Slot]:
        """The slots whose newest run is absent, missed or failed."""
        job = stored.job.name
        slots = {(at, each.name): Slot(each, at, scheduled_run_id(job, each.name, at)) for at, each in times}
        ended: dict[tuple[datetime, str], Slot] = {}
        for number in count(2):
            found = self._runs.find_runs([each.run_id for each in slots.values()]) if slots else {}
            ended.update({key: each for key, each in slots.items() if each.run_id not in found})
            slots = dict(_next(slots, found, number, job))
            if not slots:
                break
        if len(ended) > MOST_STARTS:
            raise InvalidParametersError(
                (f"to: there are {len(ended)} runs to start, and {MOST_STARTS} is the most; ask for a shorter time",)
            )
        return [ended[key] for key in sorted(ended)]


def _times(schedules: Sequence[JobSchedule], since: datetime, until: datetime) -> list[tuple[datetime, JobSchedule]]:
    found = list(islice(_all_times(schedules, since, until), MOST_SLOTS + 1))
    if len(found) > MOST_SLOTS:
        raise InvalidParametersError(
            (f"to: there are more than {MOST_SLOTS} times between from and to; ask for a shorter time",)
        )
    return found


def _all_times(
    schedules: Sequence[JobSchedule], since: datetime, until: datetime
) -> Iterator[tuple[datetime, JobSchedule]]:
    for schedule in schedules:
        for at in fires(schedule.expression, schedule.time_zone, since - _JUST_BEFORE):
            if at >= until:
                break
            yield at, schedule


def _next(
    slots: Mapping[tuple[datetime, str], Slot], found: Mapping[str, RunRecord], number: int, job: str
) -> Iterator[tuple[tuple[datetime, str], Slot]]:
    """Yields the slots whose run has failed or was missed, with the next id."""
    for key, slot in slots.items():
        run = found.get(slot.run_id)
        if run is not None and run.status in _STARTED_AGAIN:
            again = scheduled_run_id(job, slot.schedule.name, slot.at, number)
            yield key, Slot(slot.schedule, slot.at, again, run.status)
