"""Bring the jobs of a project to what a file says: ask for the changes first, then make them one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cli.documents import text
from cli.errors import FAILED, INTERRUPTED, OK, CliError, InvalidFieldsError, RefusedError, UnavailableError
from cli.jobs_file import raise_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.jobs_api import Change, JobsApi, LiveRuns
    from cli.jobs_file import FileProblem, JobsFile

_OWNED_BY_ANOTHER: Final = "Job.OwnedByAnother"


@dataclass(frozen=True)
class Plan:
    """The changes to make. `others` are jobs of the project that the file does not have."""

    file: JobsFile
    changes: tuple[Change, ...]
    others: tuple[str, ...]
    prunes: bool

    @property
    def to_put(self) -> tuple[Change, ...]:
        """The jobs that are not as the file says."""
        return tuple(change for change in self.changes if not change.is_none)

    @property
    def to_remove(self) -> tuple[str, ...]:
        """The jobs that go."""
        return self.others if self.prunes else ()

    @property
    def is_empty(self) -> bool:
        """Whether everything is already as the file says."""
        return not self.to_put and not self.to_remove


def planned(jobs: JobsApi, file: JobsFile, *, prunes: bool) -> Plan:
    """Ask for the changes; make none. Raises BadInputError with every problem of every job, line by line."""
    problems: list[FileProblem] = list(file.problems)
    changes = []
    try:
        for name, body in file.bodies.items():
            try:
                changes.append(jobs.put(name, body, dry_run=True))
            except InvalidFieldsError as error:
                problems += [file.problem(name, where, detail) for where, detail in error.problems]
            except RefusedError as error:
                if error.name != _OWNED_BY_ANOTHER:
                    raise
                problems.append(file.problem(name, "", error.message))
    except UnavailableError:
        raise_for(file, problems)  # what is known without the API is of use without it
        raise
    raise_for(file, problems)
    others = [other for each in jobs.all(file.project) if (other := text(each, "name")) is not None]
    return Plan(file, tuple(changes), tuple(sorted({*others} - {*file.bodies})), prunes)


@dataclass
class Progress:
    """How far an apply has come. `unknown` is a job whose change failed, if nobody says what it is now."""

    new: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unknown: str | None = None
    pending: str | None = None
    """A job that is new, but for its schedules in EventBridge Scheduler."""
    error: CliError | None = None
    is_interrupted: bool = False

    def old(self, plan: Plan) -> list[str]:
        """The jobs that are still as they were."""
        wanted = [*(change.job for change in plan.to_put), *plan.to_remove]
        return [name for name in wanted if name not in {*self.new, *self.removed, self.unknown}]

    @property
    def exit_code(self) -> int:
        """0 when everything is done; 69 when the API could not be asked; 130 after Ctrl-C."""
        if self.error is None:
            return INTERRUPTED if self.is_interrupted else OK
        return self.error.exit_code if isinstance(self.error, UnavailableError) else FAILED


def applied(jobs: JobsApi, plan: Plan, live_runs: LiveRuns | None, tell: Callable[[str, str], None]) -> Progress:
    """Make the changes, each job as a whole, until one fails. `tell` gets each job and its change."""
    progress = Progress()
    current = ""
    try:
        for change in plan.to_put:
            current = change.job
            jobs.put(current, plan.file.bodies[current], dry_run=False)
            progress.new.append(current)
            tell(current, "created" if change.kind == "create" else "updated")
        for current in plan.to_remove:
            jobs.delete(current, live_runs)
            progress.removed.append(current)
            tell(current, "removed")
    except CliError as error:
        progress.error = error
        _look_at(jobs, plan, current, progress)
    except KeyboardInterrupt:
        progress.is_interrupted = True
        progress.unknown = None if current in {*progress.new, *progress.removed} else current
    return progress


def _look_at(jobs: JobsApi, plan: Plan, name: str, progress: Progress) -> None:
    """Look at the job whose change failed: the answer may be lost, and the job new all the same."""
    try:
        if name in plan.file.bodies:
            left = jobs.put(name, plan.file.bodies[name], dry_run=True)
            if left.is_only_pending:
                progress.new.append(name)
                progress.pending = None if left.is_none else name
        elif not jobs.exists(name):
            progress.removed.append(name)
    except CliError:
        progress.unknown = name
