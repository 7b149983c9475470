"""Reads an event of a task or an answer of DescribeTasks, and says how the task ended.

A verdict needs no ARN, no cluster and no version. Pure: bytes in, verdicts out; no AWS, no local runtime, no terminal.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cli.documents import mapping, text
from cli.tasks_found import EXPECTED, Detail, Found, newest
from fargate_runs.outcomes.outcome import outcome_of
from fargate_runs.outcomes.start_failures import Says, says_of_start, start_error
from fargate_runs.outcomes.starts import FAILED_TO_START
from fargate_runs.reading import lenient
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES, RUN_ID_VARIABLE, STOPPED, EcsTask, is_injected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fargate_runs.outcomes.outcome import Outcome

NO_LAST_STATUS: Final = "it does not say its lastStatus, and is read as a task that has stopped"

#: The name of a container that a task must have and does not list.
NOT_LISTED: Final = "(not listed)"
_FAILED_TO_START: Final = re.compile(r"\s*task ?failed ?to ?start", re.IGNORECASE)

# What a record needs and a verdict does not.
_STAND_INS: Final = {
    "taskArn": "arn:aws:ecs:::task/unknown",
    "clusterArn": "arn:aws:ecs:::cluster/unknown",
    "version": 0,
}
_QUOTED_BY_PYTHON: Final = frozenset({b"{'", b"['", b"[{"})
_OF_PYTHON: Final = "; if Python printed it, print json.dumps(…, default=str) of it"


class UnexplainableError(Exception):
    """The input tells of no task; the message says why."""


@dataclass(frozen=True)
class Reading:
    """The tasks in the input, in ECS's own camelCase; what ECS did not find; what was assumed."""

    details: tuple[Detail, ...]
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read(data: bytes) -> Reading:
    """The tasks in `data`. Raises UnexplainableError when there is none, or it is something else."""
    try:
        return _reading(_json(data))
    except RecursionError as error:
        raise UnexplainableError(f"its JSON is nested too deeply: {EXPECTED}") from error


def _reading(documents: list[object]) -> Reading:
    found = Found()
    found.look(documents)
    if not found.tasks:
        raise UnexplainableError(_why_none(found, documents))
    details = newest(found.tasks)
    notes = [f"Of {task_name(each)}: {NO_LAST_STATUS}" for each in details if _last_status(each) is None]
    return Reading(tuple(map(_readable, details)), tuple(found.failures), tuple(notes))


def _why_none(found: Found, documents: list[object]) -> str:
    if found.failures:
        return "it holds no task" + "".join(f"; {one}" for one in found.failures)
    if found.problem:
        return found.problem
    if not any(isinstance(each, dict | list) for each in documents):
        return f"this is JSON, but not an object or a list: {EXPECTED}"
    return f"it tells of no task: {EXPECTED}"


def task_name(detail: Detail) -> str:
    """The id at the end of the task's ARN, in its old and its new form (fact B4)."""
    return f"Task {(text(detail, 'taskArn') or '?').rpartition('/')[2] or '?'}"


def _last_status(detail: Detail) -> str | None:
    said = lenient.text(detail.get("lastStatus"))
    return said.strip().upper() if said else None


def _readable(detail: Detail) -> Detail:
    """The task with a status, and with a name of its own for each container.

    Names that are the same are redacted ones: nothing that goes by such a name says which container it means.
    """
    containers = detail.get("containers", [])
    if containers is None:
        containers = []
    if not isinstance(containers, list):
        raise UnexplainableError(f"the `containers` of {task_name(detail)} are not a list")
    status = _last_status(detail) or _status_of_the_rest(detail)
    containers = containers or _not_listed(detail)
    repeated = {name for name, count in Counter(_names(containers)).items() if count > 1}
    overrides = [entry for entry in _overrides(detail) if text(entry, "name") not in repeated]
    return {
        **detail,
        "lastStatus": status,
        "containers": list(_named(containers, {"", None, *repeated})),
        "overrides": {"containerOverrides": overrides},
    }


def _named(containers: list[object], no_names: set[str | None]) -> Iterator[Detail]:
    for number, each in enumerate(lenient.mappings(containers), start=1):
        yield {**each, "name": f"number {number}"} if text(each, "name") in no_names else each


def _not_listed(detail: Detail) -> list[object]:
    """Returns a stand-in for the container of a task that lists none; nothing if the task failed to start.

    ECS lists no container after some failed starts (fact B3), and then its list is empty. A list that is missing was
    cut away, and says nothing about the start.
    """
    has_run = says_of_start(text(detail, "stoppedReason")) is Says.RAN
    cut_away = detail.get("containers") is None
    if not has_run and not (cut_away and not _says_that_it_failed_to_start(detail)):
        return []
    names = _names(list(_overrides(detail)))
    return [{"name": names[0]} if len(names) == 1 else {"name": NOT_LISTED}]


def _says_that_it_failed_to_start(detail: Detail) -> bool:
    reason = text(detail, "stoppedReason") or ""
    said = start_error(reason) is not None or _FAILED_TO_START.match(reason) is not None
    return said or text(detail, "stopCode") == FAILED_TO_START


def _overrides(detail: Detail) -> Iterator[Detail]:
    return lenient.mappings(mapping(detail, "overrides").get("containerOverrides"))


def _main_by_name(detail: Detail) -> str | None:
    """Returns the container that has a variable of ours, also if its value was cut out. RUN_ID says more than a token.

    None if no container or several containers have it.
    """
    for variables in ({RUN_ID_VARIABLE}, set(DEFAULT_TOKEN_VARIABLES)):
        having = [
            name
            for entry in _overrides(detail)
            if (name := text(entry, "name")) and not is_injected(name)
            if variables & set(_names(entry.get("environment")))
        ]
        if having:
            return having[0] if len(having) == 1 else None
    return None


def _status_of_the_rest(detail: Detail) -> str:
    """Whether a task without lastStatus has ended. A stop code alone does not say so (fact B6), unless nothing runs."""
    containers = list(lenient.mappings(detail.get("containers")))
    ended = [_has_ended(each) for each in containers]
    said = text(detail, "stopCode") or text(detail, "stoppedReason")
    runs = any(text(each, "lastStatus") == "RUNNING" for each in containers)
    if detail.get("stoppedAt") or (said and not runs) or (ended and all(ended)):
        return STOPPED
    raise UnexplainableError(
        f"{task_name(detail)} has no lastStatus, and nothing else says that it has ended: stoppedAt, stopCode or"
        " stoppedReason, or an exit code of every container"
    )


def _has_ended(container: Detail) -> bool:
    return lenient.whole_number(container.get("exitCode")) is not None or text(container, "lastStatus") == STOPPED


def verdict(detail: Detail, container: str | None = None) -> dict[str, object]:
    """How the task ended, by the keys of `runs explain --json`; `container` names the main one.

    While it has not ended there is no verdict, only what ECS already says about its stop.
    Raises UnexplainableError when it has no such container.
    """
    if container is not None:
        detail = _with_its_name(detail, container)
    task = EcsTask.from_detail({**detail, **_STAND_INS})
    if container is not None:
        _require_container(detail, container)
        task = replace(task, main_container=container)  # whoever names one knows better than the overrides
    outcome = outcome_of(task, main_container=_main_by_name(detail))
    return _not_ended(detail) if outcome is None else _ended(outcome)


def _with_its_name(detail: Detail, container: str) -> Detail:
    """Names the stand-in for a container that is not listed `container`."""
    known = _names(detail.get("containers"))
    return {**detail, "containers": [{"name": container}]} if known == [NOT_LISTED] else detail


def _ended(outcome: Outcome) -> dict[str, object]:
    return {
        "ended": True,
        "status": str(outcome.status),
        "error": None if outcome.error is None else str(outcome.error),
        "transient": outcome.transient,
        "summary": outcome.summary,
        "advice": outcome.advice,
        "container": None if outcome.container == NOT_LISTED else outcome.container,
        "exitCode": outcome.exit_code,
        "culprit": outcome.culprit,
        "stopCode": outcome.stop_code,
        "stoppedReason": outcome.stopped_reason,
    }


def _not_ended(detail: Detail) -> dict[str, object]:
    verdict_keys = ("status", "error", "transient", "summary", "advice", "container", "exitCode", "culprit")
    return {
        "ended": False,
        **dict.fromkeys(verdict_keys),
        "stopCode": text(detail, "stopCode"),
        "stoppedReason": text(detail, "stoppedReason"),
    }


def _require_container(detail: Detail, container: str) -> None:
    """A failed start may list no container (fact B3): then the overrides' names count, and without those any name."""
    known = [*_names(detail.get("containers")), *_names(mapping(detail, "overrides").get("containerOverrides"))]
    if known and container not in known:
        names = ", ".join(dict.fromkeys(known))
        raise UnexplainableError(f"the task has no container {container}; it has {names}")


def _names(entries: object) -> list[str]:
    found = entries if isinstance(entries, list) else []
    return [name for one in found if isinstance(one, dict) and (name := text(one, "name"))]


def _json(data: bytes) -> list[object]:
    """The JSON documents in `data`, one after another: one, or a line for each as `jq -c` writes them."""
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as Windows PowerShell writes files
    try:
        said = data.decode("utf-16" if is_utf_16 else "utf-8-sig").strip()
        documents, place = [json.JSONDecoder().raw_decode(said)], 0
        while (place := documents[-1][1]) < len(said):
            start = place + len(said[place:]) - len(said[place:].lstrip())
            documents.append(json.JSONDecoder().raw_decode(said, start))
    except UnicodeDecodeError as error:
        raise UnexplainableError(
            f"it is not {'UTF-16' if is_utf_16 else 'UTF-8'} text (byte {error.start}): {EXPECTED}"
        ) from error
    except ValueError as error:
        hint = _OF_PYTHON if data.lstrip()[:2] in _QUOTED_BY_PYTHON else ""
        raise UnexplainableError(f"it is not JSON ({error}){hint}: {EXPECTED}") from error
    return [document for document, _ in documents]
