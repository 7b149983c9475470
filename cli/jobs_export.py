"""The jobs of a project as a file: as the API has them, with the values that it never gives from task definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.documents import mapping, text
from cli.errors import BadInputError
from cli.jobs_api import objects, texts
from cli.jobs_yaml import jobs_yaml
from cli.text import clean
from fargate_runs.jobs.keys import JOB, OVERRIDES, SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cli.api_client import Document
    from cli.jobs_api import JobsApi

_NAMES = "environmentNames"


@dataclass(frozen=True)
class Export:
    """A file, and a line for each value that it lacks."""

    text: str
    missing: tuple[str, ...]


def exported(jobs: JobsApi, ecs: Callable[[], Any], project: str | None) -> Export:
    """Returns the file. `ecs` makes a client; without its permission values are missing, and that is no error.

    Raises BadInputError if there is no such project, or if there are several and none is named.
    """
    found = jobs.all(project)
    projects = sorted({text(each, "project") or "" for each in found})
    if len(projects) != 1:
        which = f"There are {', '.join(map(clean, projects))}: name one with --project." if projects else ""
        raise BadInputError(f"There is no job to export. {which}".strip() if not projects else which)
    missing: list[str] = []
    comments: dict[str, dict[str, list[str]]] = {}
    written: dict[str, dict[str, object]] = {}
    for each in found:
        name = text(each, "name") or "?"
        document = jobs.get(name)
        told = [f"{name}: {line}" for line in _fill(written.setdefault(name, {}), document, ecs)]
        missing += told
        comments[name] = {"rest": [f"No value is known: {line}" for line in told]} if told else {}
    return Export(jobs_yaml(projects[0], written, comments), tuple(map(clean, missing)))


def _fill(job: dict[str, object], document: Document, ecs: Callable[[], Any]) -> list[str]:
    """Put the keys of the file into `job`; returns what has no value."""
    missing: list[str] = []
    definition = mapping(document, "definition")
    for key, value in definition.items():
        if key == _NAMES:
            names = texts(definition, key)
            values, why = _values(names, document, ecs)
            if values:
                job["environment"] = values
            missing += [f"environment.{name}: {why}" for name in names if name not in values]
        elif key == "schedules":
            schedules = []
            for index, each in enumerate(objects(definition, key)):
                schedules.append(_known(each, SCHEDULE))
                given = each.get("overrides")
                if isinstance(given, Mapping):
                    schedules[-1]["overrides"] = _known(given, OVERRIDES)
                    missing += [
                        f"schedules[{index}].overrides.environment.{name}: values of overrides are nowhere to be read"
                        for name in texts(dict(given), _NAMES)
                    ]
            job["schedules"] = schedules
        elif key in JOB and value is not None:
            job[key] = value
    return missing


def _known(document: Mapping[str, object], keys: Iterable[str]) -> dict[str, object]:
    return {key: value for key, value in document.items() if key in keys and value is not None}


def _values(names: tuple[str, ...], document: Document, ecs: Callable[[], Any]) -> tuple[dict[str, str], str]:
    """The values of variables in the job's task definition, and why one is missing."""
    from botocore.exceptions import BotoCoreError, ClientError

    arn = text(document, "taskDefinitionArn")
    if arn is None:
        return {}, "its runs have it as an override, which is nowhere to be read"
    try:
        definition = ecs().describe_task_definition(taskDefinition=arn)["taskDefinition"]
    except ClientError as error:
        return {}, f"its task definition cannot be read ({error.response['Error'].get('Code', 'no code')})"
    except BotoCoreError as error:
        return {}, f"its task definition cannot be read ({error})"
    pairs = [pair for container in definition["containerDefinitions"] for pair in container.get("environment", [])]
    known = {pair["name"]: pair["value"] for pair in pairs if "name" in pair and "value" in pair}
    return {name: known[name] for name in names if name in known}, "its task definition has no such variable"
