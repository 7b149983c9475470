"""jobs.yaml: the jobs of a project as they shall be, and the line of everything that is wrong with them.

The file's frame is checked here: version, project, defaults. `fargate_runs.jobs.definition` checks the jobs, as the API
does. Only the API knows the rules of its stack.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

from cli.errors import BadInputError
from cli.text import clean, one_line
from cli.yaml_text import Flaw, Place, read
from fargate_runs.errors import InvalidJobError
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.keys import DEFAULTS, FILE_VERSION, MOST_JOBS, NAME
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.values import Place as Checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cli.yaml_text import Document, Path

DEFAULT_FILE: Final = "jobs.yaml"
STDIN: Final = "-"
#: Below these, numbers and truth values are the texts that were written: a container gets nothing else.
AS_WRITTEN: Final = frozenset({"environment", "command", "commands", "entrypoint"})
_KEYS: Final = ("version", "project", "defaults", "jobs")
_TIME_ZONE: Final = "timeZone"


@dataclass(frozen=True, order=True)
class FileProblem:
    """One thing that is wrong. They sort as they stand in the file."""

    place: Place
    where: str
    """Such as `jobs.nightly.schedules[0].cron`; empty for the file itself."""
    detail: str

    def line(self, file: str) -> str:
        """As compilers write it, so that editors can jump to the place."""
        said = f"{self.where}: {self.detail}" if self.where else self.detail
        return clean(f"{file}:{self.place.line}:{self.place.column}: {said}")


@dataclass(frozen=True)
class JobsFile:
    """A file. `bodies` are those of PUT /jobs/{name}, defaults merged in, as far as they could be read."""

    name: str
    project: str
    bodies: Mapping[str, Mapping[str, object]]
    problems: tuple[FileProblem, ...]
    document: Document = field(repr=False)

    def problem(self, job: str, where: str | Path, detail: str) -> FileProblem:
        """Returns the problem of a field of a job's body. `where` is a path, or a text such as `schedules[0].cron`."""
        path = path_of(where, self.bodies.get(job, {})) if isinstance(where, str) else where
        written = self._written(job, path)
        return FileProblem(self.document.place(written), _told(written), one_line(detail, 500))

    def _written(self, job: str, path: Path) -> Path:
        """Returns the path in the file for a path in a job's body."""
        in_job: Path = ("jobs", job, *path)
        if path[:1] == ("project",):
            return path
        if (
            path
            and ("jobs", job, path[0]) not in self.document.places
            and ("defaults", path[0]) in self.document.places
        ):
            return ("defaults", *path)
        is_zone = path[:1] == ("schedules",) and path[2:] == (_TIME_ZONE,)
        zone: Path = ("defaults", _TIME_ZONE)
        return zone if is_zone and in_job not in self.document.places and zone in self.document.places else in_job


def load(name: str) -> JobsFile:
    """Read a file, or stdin for `-`. Raises BadInputError if there is none."""
    try:
        content = sys.stdin.buffer.read() if name == STDIN else FilePath(name).read_bytes()
    except OSError as error:
        way_out = "" if name != DEFAULT_FILE else " Name another with -f, or begin with the one in docs/jobs.md."
        raise BadInputError(f"Cannot read {name}: {error.strerror}.{way_out}") from error
    return parse(content, "stdin" if name == STDIN else name)


def parse(content: bytes, name: str) -> JobsFile:
    """Returns the file with this content."""
    document = read(content, as_written=AS_WRITTEN)
    problems = [_of_flaw(flaw) for flaw in document.flaws]
    data = document.data
    if not isinstance(data, dict):
        if not problems:
            problems = [FileProblem(Place(1, 1), "", f"must be a mapping with the keys {', '.join(_KEYS)}")]
        return JobsFile(name, "", {}, tuple(problems), document)
    for path, detail in _frame_problems(data):
        problems.append(FileProblem(document.place(path), _told(path), detail))
    file = JobsFile(name, str(data.get("project")), dict(_bodies(data)), (), document)
    problems += [each for job in file.bodies for each in _job_problems(file, job)]
    return replace(file, problems=tuple(sorted(set(problems))))


def _job_problems(file: JobsFile, job: str) -> Iterator[FileProblem]:
    """Yields the problems of a job that every stack has. The project is one matter for the whole file."""
    try:
        read_job(job, file.bodies[job], JobRules())
    except InvalidJobError as error:
        for problem in error.problems:
            if problem.path[:1] != ("project",):
                yield file.problem(job, problem.path, problem.detail)


def raise_for(file: JobsFile, problems: Iterable[FileProblem]) -> None:
    """Raises BadInputError with every problem, if there is one."""
    found = sorted(set(problems))  # the API finds the problems of the file again
    if found:
        count = "a problem" if len(found) == 1 else f"{len(found)} problems"
        lines = "\n".join(each.line(file.name) for each in found)
        raise BadInputError(f"{file.name} has {count}; nothing was changed.\n{lines}")


def path_of(text: str, body: object) -> Path:
    """The path that a text such as `schedules[0].cron` names in a body: a key may hold dots and brackets itself."""
    if not text:
        return ()
    rest = text.removeprefix(".")
    if isinstance(body, list):
        index = re.match(r"\[(\d{1,9})\]", rest)
        return (int(index[1]), *path_of(rest[index.end() :], _item(body, int(index[1])))) if index else ()
    if isinstance(body, dict):
        for key in sorted(map(str, body), key=len, reverse=True):
            if rest == key or rest.startswith((f"{key}.", f"{key}[")):
                return (key, *path_of(rest[len(key) :], body[key]))
    first = re.match(r"[^.\[]+", rest)
    return (first[0],) if first else ()


def _item(items: list[object], index: int) -> object:
    return items[index] if index < len(items) else None


def _told(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _of_flaw(flaw: Flaw) -> FileProblem:
    return FileProblem(flaw.place, _told(flaw.path), flaw.detail)


def _frame_problems(data: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    yield from (((key,), f"is no key of a jobs file; it has {', '.join(_KEYS)}") for key in data if key not in _KEYS)
    version = data.get("version")
    if version != FILE_VERSION or isinstance(version, bool):
        yield ("version",), f"{'is missing' if version is None else 'must be another'}; {FILE_VERSION} is the only one"
    project = data.get("project")
    if project is None:
        yield ("project",), "is missing; `apply --prune` removes only jobs of the same project"
    elif (problem := _name_problem(project)) is not None:
        yield ("project",), problem
    defaults = data.get("defaults", {})
    if not isinstance(defaults, dict):
        yield ("defaults",), "must be a mapping: keys of a job, and timeZone for its schedules"
    else:
        yield from ((("defaults", key), "is no key of a job") for key in defaults if key not in DEFAULTS)
    jobs = data.get("jobs")
    if not isinstance(jobs, dict):
        yield ("jobs",), "must be a mapping of names to jobs; {} for none"
        return
    if len(jobs) > MOST_JOBS:
        yield ("jobs",), f"has {len(jobs)} jobs, and {MOST_JOBS} is the most"
    for name, job in jobs.items():
        if not isinstance(job, dict):
            yield ("jobs", name), "must be a mapping: what to run, when, and how many at a time"
        elif "project" in job:
            yield ("jobs", name, "project"), "is no key of a job; all jobs of a file have its project"


def _name_problem(name: object) -> str | None:
    place = Checked()
    NAME.read(place, name)
    return place.problems[0].detail if place.problems else None


def _bodies(data: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each job, with the defaults for the keys that it does not have."""
    given, jobs = data.get("defaults"), data.get("jobs")
    defaults = {key: value for key, value in given.items() if key in DEFAULTS} if isinstance(given, dict) else {}
    zone = defaults.pop(_TIME_ZONE, None)
    for name, job in jobs.items() if isinstance(jobs, dict) else ():
        if isinstance(job, dict):
            body = {**defaults, **job, "project": data.get("project")}
            schedules = body.get("schedules")
            if zone is not None and isinstance(schedules, list):
                body["schedules"] = [_with_zone(schedule, zone) for schedule in schedules]
            yield name, body


def _with_zone(schedule: object, zone: object) -> object:
    return {_TIME_ZONE: zone, **schedule} if isinstance(schedule, dict) else schedule


def editor_schema() -> dict[str, object]:
    """Returns the JSON Schema of a file. Numbers and truth values are right too in places where they are texts."""
    from fargate_runs.jobs.schema import file_schema

    found = _loosened(file_schema(), inside=False)
    return found if isinstance(found, dict) else {}


def _loosened(schema: object, *, inside: bool) -> object:
    if isinstance(schema, list):
        return [_loosened(each, inside=inside) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _loosened(value, inside=inside or key in AS_WRITTEN) for key, value in schema.items()}
    return {**found, "type": ["string", "number", "boolean"]} if inside and found.get("type") == "string" else found
