"""The counts of a sweep."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final, TypeVarTuple

from fargate_runs.errors import FargateRunsError
from fargate_runs.ports import UnreadableRecordError
from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.turn import OutOfShareError, OutOfTurnError

Arguments = TypeVarTuple("Arguments")

_NOT_SAID: Final = frozenset({"seen_until", "places", "news", "unforeseen", "_unreadable"})


@dataclass(slots=True)
class SweepReport:
    """Counts of one sweep.

    Each of these is a number:

    - `recovered`: outcomes that no event had brought
    - `delivered`: answers that were still to be sent
    - `lost`: tasks that ECS has forgotten
    - `missing`: tasks that ECS does not know, and that later sweeps look for again
    - `stopped`: StopTask calls
    - `noted`: executions whose state was new
    - `refused`: tokens for which Step Functions accepted no answer at all
    - `withheld`: tokens whose KMS key we may not use; a later sweep answers them
    - `refused_tasks`: tasks that ECS refuses to describe
    - `not_shown`: executions that Step Functions does not show
    - `unreadable`: tasks of ECS's answers that cannot be read
    - `unreadable_records`: open records that cannot be read
    - `slots_released`: slots, and places of runs that waited, that no event had given back
    - `slots_taken`: slots for runs that went on without one
    - `tickets_answered`: runs that waited for a slot and were told only now
    - `replaced`: runs that were told to stop, because a newer one of their job replaces them
    - `late_jobs`: jobs that have not succeeded for longer than their alarm allows
    - `late_jobs_told`: those of which this sweep has told people
    - `failures`: pieces of work that the next sweep tries again

    `cut_short` names the parts that used up their share of the time. The next sweep does the rest.
    `is_complete`: the sweep came to its end and left nothing out. `is_skipped`: another sweep was at work.
    `seen_until` and `places` are the mark's (see SweepMark).
    `news` has the runs with a task that this sweep was the first to see.
    `unforeseen` is the first error that is a fault of the code.
    """

    open_tasks: int = 0
    open_runs: int = 0
    described: int = 0
    recovered: int = 0
    delivered: int = 0
    lost: int = 0
    missing: int = 0
    stopped: int = 0
    noted: int = 0
    refused: int = 0
    withheld: int = 0
    refused_tasks: int = 0
    not_shown: int = 0
    unreadable: int = 0
    unreadable_records: int = 0
    slots_released: int = 0
    slots_taken: int = 0
    tickets_answered: int = 0
    replaced: int = 0
    late_jobs: int = 0
    late_jobs_told: int = 0
    failures: int = 0
    cut_short: list[str] = field(default_factory=list)
    is_complete: bool = False
    is_skipped: bool = False
    first_failure: str | None = None
    seen_until: datetime | None = None
    places: Places = field(default_factory=Places)
    news: set[str] = field(default_factory=set)
    unforeseen: Exception | None = None
    _unreadable: set[tuple[str, str | None]] = field(default_factory=set, repr=False)

    def as_json(self) -> dict[str, object]:
        """Return the counts for the log and the function's answer."""
        names = [each.name for each in fields(self) if each.name not in _NOT_SAID]
        return {_camel(name): getattr(self, name) for name in names}

    def do_part(self, name: str, work: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Do one part of the sweep. It may use up its share of the time, or fail: the other parts have their own."""
        try:
            self.attempt(work, *arguments)
        except OutOfShareError:
            self.cut_short.append(name)

    def attempt(self, work: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Do one piece of work. A failure is counted and left to the next sweep, and the other pieces continue."""
        try:
            work(*arguments)
        except OutOfTurnError:
            raise
        except UnreadableRecordError as error:
            self.unreadable_record(error.run_id, error.task_id)
        except FargateRunsError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - the sweep raises it, after the other pieces
            self._fail(type(error).__name__)  # its message may contain anything
            self.unforeseen = self.unforeseen or error

    def unreadable_record(self, run_id: str, task_id: str | None) -> None:
        """Count a record that this version cannot read, once for all parts. The next sweep cannot read it either."""
        self._unreadable.add((run_id, task_id))
        self.unreadable_records = len(self._unreadable)

    def _fail(self, why: str) -> None:
        self.failures += 1
        self.first_failure = self.first_failure or why


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
