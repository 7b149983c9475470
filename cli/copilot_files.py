"""A workspace of AWS Copilot on disk, and the notes about each manifest in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.copilot import AS_WRITTEN, imported
from cli.errors import BadInputError
from cli.text import clean
from cli.yaml_text import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.copilot import Context, Imported
    from cli.copilot_keys import Note
    from cli.yaml_text import Document, Place

#: True of every job, whatever its manifest says.
_ALWAYS: Final = (
    (
        "Copilot gave the job a role of its own, with the policies of its addons. List a role in the stack's parameter "
        "AllowedTaskRoles and give it as taskRole, if the program calls AWS."
    ),
    (
        "Copilot set COPILOT_APPLICATION_NAME, COPILOT_ENVIRONMENT_NAME, COPILOT_SERVICE_NAME and "
        "COPILOT_SERVICE_DISCOVERY_ENDPOINT, and a variable for each output of the addons. Put into environment what "
        "the program reads."
    ),
)


@dataclass(frozen=True)
class Workspace:
    """The directory at which paths in a manifest begin."""

    root: Path

    @classmethod
    def of(cls, file: str, given: str | None) -> Workspace:
        """The workspace of a manifest: the directory with copilot/ in it, or else that of the manifest."""
        above = (parent.parent for parent in Path(file).resolve().parents if parent.name == "copilot")
        return cls(Path(given) if given else next(above, Path(file).resolve().parent))

    def application(self) -> str | None:
        """The application's name, if it is on disk."""
        for line in (self.read("copilot/.workspace") or "").splitlines():
            key, _, value = line.partition(":")
            if key == "application":
                return value.strip() or None
        return None

    def read(self, path: str) -> str | None:
        """The text of a file; None if there is none."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None


@dataclass(frozen=True)
class ImportedFile:
    """A manifest that became a job."""

    file: str
    environment: str | None
    imported: Imported
    document: Document

    @property
    def name(self) -> str:
        """The job's."""
        return self.imported.name

    @property
    def is_something_lost(self) -> bool:
        """Whether something of the manifest is not in the job."""
        return any(note.is_lost for note in self.imported.notes)

    def lines(self) -> Iterator[str]:
        """Yields the notes, each with its place in the manifest."""
        for note in self.imported.notes:
            place = self._place(note)
            lost = "left out: " if note.is_lost else ""
            yield clean(f"{self.file}:{place.line}:{place.column}: {_path(note)}: {lost}{note.detail}")
        yield from (f"{clean(self.file)}: {said}" for said in _ALWAYS)

    def comments(self) -> dict[str, Sequence[str]]:
        """The same as comments of the job's keys."""
        found: dict[str, list[str]] = defaultdict(list)
        environment = f" for the environment {self.environment}" if self.environment else ""
        found[""] = [f"From {self.file}{environment}.", *_ALWAYS]
        for note in self.imported.notes:
            lost = "LEFT OUT: " if note.is_lost else ""
            found[note.beside or "rest"].append(f"{lost}{_path(note)}: {note.detail}")
        return dict(found)

    def _place(self, note: Note) -> Place:
        """Returns the place in the overrides of the environment, or else in the rest."""
        of_environment = ("environments", self.environment or "", *note.path)
        return self.document.place(of_environment if of_environment in self.document.places else note.path)


def import_file(file: str, context: Context) -> ImportedFile:
    """Read a manifest. Raises BadInputError for what is none of a scheduled job, with the place of what is no YAML."""
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise BadInputError(f"Cannot read {file}: {error.strerror}.") from error
    document = read(content, as_written=AS_WRITTEN, merges=True)
    if document.flaws:
        told = (f"{file}:{flaw.place.line}:{flaw.place.column}: {flaw.detail}" for flaw in document.flaws)
        raise BadInputError(clean("\n".join(told)))
    if not isinstance(document.data, dict):
        raise BadInputError(f"{file} is no manifest.")
    try:
        return ImportedFile(file, context.environment, imported(document.data, context), document)
    except BadInputError as error:
        raise BadInputError(f"{file} {error.message}") from error


def _path(note: Note) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in note.path).removeprefix(".")
