"""What a state of the world is: small, hashable, and complete."""

from enum import StrEnum
from typing import NamedTuple


class Phase(StrEnum):
    """Where the execution of a run is."""

    UNBORN = "not started"
    PREPARING = "Prepare the run"
    WAITING = "Wait for a slot"
    RUNNING = "Run the task"
    OVER = "ended"


class Task(StrEnum):
    """What ECS says of the task of a run."""

    NONE = "none"
    ALIVE = "alive"
    STOPPED = "stopped"


class Run(NamedTuple):
    """`token` counts the tasks tokens of the state "Wait for a slot": the newest one is open while the run waits there.

    `ended_as` is the status of an execution that is over, `redrives` how often it was opened again.
    """

    phase: Phase = Phase.UNBORN
    task: Task = Task.NONE
    token: int = 0
    ended_as: str = ""
    redrives: int = 0

    @property
    def takes_place(self) -> bool:
        """Whether it counts: its task runs, or is about to."""
        return self.phase is Phase.RUNNING or self.task is Task.ALIVE


class Job(NamedTuple):
    """A process before its next call, by the number of its point. Nobody waits for the answer of a `stale` one."""

    point: int
    is_stale: bool = False


class State(NamedTuple):
    """`tables` is the number of what the tables hold, `limit` the place of the job's limit among the scenario's.

    `bag` has what is on its way to a process, as numbers of triggers; `left` how often each fault may still happen,
    `budget` how many of them together; `broken` what a call did that may never be.
    """

    runs: tuple[Run, ...]
    tables: int
    limit: int
    bag: tuple[int, ...]
    jobs: tuple[Job, ...]
    left: tuple[int, ...]
    budget: int
    broken: str = ""

    def with_run(self, number: int, run: Run) -> "State":
        """With this run as it is now."""
        return self._replace(runs=(*self.runs[:number], run, *self.runs[number + 1 :]))

    def sending(self, *triggers: int) -> "State":
        """With more on its way; the order means nothing."""
        return self._replace(bag=tuple(sorted((*self.bag, *triggers))))

    def without(self, trigger: int) -> "State":
        """With one less on its way."""
        at = self.bag.index(trigger)
        return self._replace(bag=self.bag[:at] + self.bag[at + 1 :])

    def working(self, job: Job) -> "State":
        """With one more process."""
        return self._replace(jobs=tuple(sorted((*self.jobs, job))))

    def resting(self, job: Job) -> "State":
        """With one process less."""
        at = self.jobs.index(job)
        return self._replace(jobs=self.jobs[:at] + self.jobs[at + 1 :])
