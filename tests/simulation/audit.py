"""What many worlds come to, in one line (after Jepsen: lost, unexpected, duplicated, recovered)."""

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.story import Report


@dataclass
class Audit:
    """The sum of reports.

    lost: tasks without an outcome, and tokens without an answer. unexpected: outcomes that contradict what really
    happened, answers that differ from the record, and whatever else does not hold. duplicates: tasks with more than one
    outcome or more than one answer of ours. recovered: tasks that were settled only by the sweep or by another try.
    overadmitted: worlds in which a run of a job began beside too many, or before its turn. stuck: worlds in which a run
    waited beside a free slot, or an ended one had a slot or a ticket.
    """

    worlds: int = 0
    tasks: int = 0
    lost: int = 0
    unexpected: int = 0
    duplicates: int = 0
    recovered: int = 0
    overadmitted: int = 0
    stuck: int = 0
    first_seed: int | None = None
    violations: list[Report] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        """One more world."""
        self.worlds += 1
        self.first_seed = report.seed if self.first_seed is None else min(self.first_seed, report.seed)
        self.tasks += report.tasks
        self.lost += report.lost
        self.unexpected += report.unexpected
        self.duplicates += report.duplicates
        self.recovered += report.recovered
        self.overadmitted += report.overadmitted
        self.stuck += report.stuck
        self.count += report.count
        if not report.is_clean:
            self.violations.append(report)

    @property
    def is_clean(self) -> bool:
        """Whether everything held everywhere."""
        return not (self.violations or self.lost or self.unexpected or self.duplicates)

    @property
    def line(self) -> str:
        """The whole in one line."""
        return (
            f"seed={self.first_seed} worlds={self.worlds} tasks={self.tasks} lost={self.lost} "
            f"unexpected={self.unexpected} duplicates={self.duplicates} recovered={self.recovered} "
            f"overadmitted={self.overadmitted} stuck={self.stuck}"
        )

    @property
    def progress(self) -> str:
        """The same while it goes on."""
        failed = ", ".join(f"{each.seed} ({each.violation})" for each in self.violations[:5])
        return f"{self.line}{'; does not hold: ' + failed if failed else ''}"
