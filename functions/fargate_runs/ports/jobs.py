"""The ports of jobs: their definitions, their slots, their schedules and their task definitions.

The methods of JobStore and Gates raise StoreUnavailableError.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.job import StoredJob


class JobStore(ABC):
    """The definitions in the jobs table. A lost race is a result of a conditional write, not an error."""

    @abstractmethod
    def find_job(self, name: str) -> StoredJob | None:
        """Return a job, a deleted one too; None if there is none. The read is consistent.

        Raises UnreadableJobError.
        """

    @abstractmethod
    def all_jobs(self) -> Iterator[StoredJob]:
        """Yield all readable jobs by name, deleted ones too. The read is consistent."""

    @abstractmethod
    def write_job(self, stored: StoredJob) -> StoredJob | None:
        """Write if the stored revision matches (0: no job); returns the conflicting job, else None."""


class Gates(ABC):
    """The slots in the jobs table, and the task tokens of runs that wait for one."""

    @abstractmethod
    def find_gate(self, job: str) -> Gate:
        """Return the gate of a job; an empty one with revision 0 if there is none. The read is consistent."""

    @abstractmethod
    def write_gate(self, gate: Gate) -> Gate | None:
        """Write if the stored revision matches (0: no gate); returns the conflicting gate, else None."""

    @abstractmethod
    def keep_ticket(self, job: str, run_id: str, token: str) -> None:
        """Keep the task token of a run that waits, beside its earlier ones: nobody knows which of them is open."""

    @abstractmethod
    def find_tickets(self, job: str, run_id: str) -> Sequence[str]:
        """Return the tokens of a run that waits. The read is consistent."""

    @abstractmethod
    def drop_ticket(self, job: str, run_id: str, token: str) -> None:
        """Forget this token of a run. Another one of the same run stays."""

    @abstractmethod
    def ticket_holders(self, job: str) -> Sequence[str]:
        """Return the ids of the runs that have a ticket. The read is consistent."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One schedule in EventBridge Scheduler. `expression` and `time_zone` are Scheduler's own words."""

    job: str
    schedule: str
    expression: str
    time_zone: str
    is_enabled: bool


class Timers(ABC):
    """The schedules of jobs in EventBridge Scheduler. The methods raise TimersUnavailableError.

    Nothing lists them: StoredJob.timers names those that there may be.
    """

    @abstractmethod
    def put(self, timer: Timer) -> None:
        """Create or replace a timer. Raises TimerRefusedError if Scheduler does not take it."""

    @abstractmethod
    def remove(self, job: str, schedule: str) -> None:
        """Remove a timer. One that is not there is no error."""


class JobTaskDefinitions(ABC):
    """Task definitions of jobs. Raises TaskDefinitionUnavailableError, or TaskDefinitionRefusedError for good."""

    @abstractmethod
    def register(self, definition: Mapping[str, object]) -> str:
        """Register a revision of the family that a definition names (`jobs/task_definition.py`); returns its ARN."""

    @abstractmethod
    def deregister_all(self, family: str) -> None:
        """Deregister every revision of a family, so that nobody starts it any more. Tasks that run go on."""


class JobAlarms(ABC):
    """Tells people about jobs. Raises AlarmsUnavailableError."""

    @abstractmethod
    def tell(self, subject: str, message: str) -> None:
        """Send one notification."""
