"""What a sweep has done, counted."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final

from fargate_runs.errors import FargateRunsError
from fargate_runs.ports import UnreadableRecordError
from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.turn import OutOfShareError, OutOfTurnError

_NOT_SAID: Final = frozenset({"seen_until", "places", "news", "unforeseen", "_unreadable"})


@dataclass(slots=True)
class SweepReport:
    """Counts of one sweep.

    `recovered` is the outcomes that no event had brought; `delivered` the answers that were still to be given; `lost`
    the tasks that ECS has forgotten; `missing` those that it does not know and that are waited for; `stopped` the tasks
    that were told to stop; `noted` the executions whose end was news; `refused` the tokens for which Step Functions
    took no answer at all; `withheld` those whose key is not ours to use, to be answered by a later sweep;
    `refused_tasks` the tasks that ECS will not describe, `not_shown` the executions that Step Functions will not;
    `unreadable` the tasks that ECS showed and that cannot be read; `unreadable_records` the open
    records of that kind; `failures` what is tried again by the next sweep. `cut_short` names the parts that have used
    up their share of the time: what they left is the next sweep's. `is_complete` says that the sweep came to its end
    and left nothing out, `is_skipped` that another one was at work. `seen_until` and `places` are the mark's (see
    SweepMark). `news` is the runs of which this sweep was the first to see a task. `unforeseen` is the first error that
    is a fault of the code.
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
        """For the log and for the function's answer."""
        names = [each.name for each in fields(self) if each.name not in _NOT_SAID]
        return {_camel(name): getattr(self, name) for name in names}

    def do_part(self, name: str, work: Callable[[], None]) -> None:
        """One part of the sweep, which may use up its share of the time, or fail: the other parts have theirs."""
        try:
            self.attempt(work)
        except OutOfShareError:
            self.cut_short.append(name)

    def attempt(self, work: Callable[[], None]) -> None:
        """One piece of the work: what fails is counted and left to the next sweep, and its neighbours go on."""
        try:
            work()
        except OutOfTurnError:
            raise
        except UnreadableRecordError as error:
            self.unreadable_record(error.run_id, error.task_id)
        except FargateRunsError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - raised by the sweep, after the others had their turn
            self._fail(type(error).__name__)  # its message may hold anything
            self.unforeseen = self.unforeseen or error

    def unreadable_record(self, run_id: str, task_id: str | None) -> None:
        """One that this version cannot read, whichever part meets it: the next sweep will not either."""
        self._unreadable.add((run_id, task_id))
        self.unreadable_records = len(self._unreadable)

    def _fail(self, why: str) -> None:
        self.failures += 1
        self.first_failure = self.first_failure or why


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
