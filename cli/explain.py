"""From what people have in hand about a task (an event, an answer of DescribeTasks) to how it ended.

Pure: bytes in, verdicts out; no AWS, no local runtime, no terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cli.documents import mapping, text
from fargate_runs.errors import MalformedTaskError
from fargate_runs.outcome import outcome_of
from fargate_runs.task import EcsTask, from_pascal_case

if TYPE_CHECKING:
    from fargate_runs.outcome import Outcome

Detail = Mapping[str, object]

EVENT_SOURCE = "aws.ecs"
EVENT_KIND = "ECS Task State Change"
EXPECTED = (
    f'expected an "{EVENT_KIND}" event (the whole envelope), the answer of `aws ecs describe-tasks`, '
    "or the task in the output or Cause of a Step Functions state"
)


class UnexplainableError(Exception):
    """The input tells of no task; the message says why."""


@dataclass(frozen=True)
class Reading:
    """What the input told: tasks in ECS's own camelCase, and what was asked for and not found."""

    details: tuple[Detail, ...]
    failures: tuple[str, ...] = ()


def read(data: bytes) -> Reading:
    """The tasks in `data`. Raises UnexplainableError when there is none, or it is something else."""
    try:
        return _reading(_json(data))
    except RecursionError as error:
        raise UnexplainableError(f"its JSON is nested too deeply: {EXPECTED}") from error


def _reading(document: object) -> Reading:
    if not isinstance(document, dict):
        raise UnexplainableError(f"this is JSON, but not an object: {EXPECTED}")
    for recognises, reader in _KINDS:
        if recognises(document):
            reading = reader(document)
            if not reading.details:
                raise UnexplainableError("it holds no task" + "".join(f"; {one}" for one in reading.failures))
            return reading
    raise UnexplainableError(_hint(document))


def verdict(detail: Detail, container: str | None = None) -> dict[str, object]:
    """How the task ended, by the keys of `runs explain --json`; `container` names the main one.

    While it has not ended there is no verdict, only what ECS already says about its stop.
    Raises UnexplainableError when it is no task, or has no such container.
    """
    try:
        task = EcsTask.from_detail(detail)
    except MalformedTaskError as error:
        raise _unreadable(error) from error
    if container is not None:
        _require_container(detail, container)
        task = replace(task, main_container=container)  # whoever names one knows better than the overrides
    outcome = outcome_of(task)
    return _not_ended(detail) if outcome is None else _ended(outcome)


def _unreadable(error: MalformedTaskError) -> UnexplainableError:
    return UnexplainableError(f"the task in it cannot be read: {error}")


def _ended(outcome: Outcome) -> dict[str, object]:
    return {
        "ended": True,
        "status": str(outcome.status),
        "error": None if outcome.error is None else str(outcome.error),
        "transient": outcome.transient,
        "summary": outcome.summary,
        "advice": outcome.advice,
        "container": outcome.container,
        "exitCode": outcome.exit_code,
        "stopCode": outcome.stop_code,
        "stoppedReason": outcome.stopped_reason,
    }


def _not_ended(detail: Detail) -> dict[str, object]:
    verdict_keys = ("status", "error", "transient", "summary", "advice", "container", "exitCode")
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


def _json(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnexplainableError(f"it is not UTF-8 text (byte {error.start}): {EXPECTED}") from error
    except ValueError as error:
        raise UnexplainableError(f"it is not JSON ({error}): {EXPECTED}") from error


def _event(document: Detail) -> Reading:
    kind, source, detail = document.get("detail-type"), document.get("source"), document.get("detail")
    if kind != EVENT_KIND or source != EVENT_SOURCE:
        raise UnexplainableError(f"it is an event of another kind ({source!r}, {kind!r}): {EXPECTED}")
    if not isinstance(detail, dict):
        raise UnexplainableError("the event has no `detail`")
    return Reading((detail,))


def _describe_tasks(document: Detail) -> Reading:
    return Reading(_objects(document, "tasks"), _failures(document, "failures", "arn", "reason"))


def _state_output(document: Detail) -> Reading:
    tasks = tuple(_camel_case(task) for task in _objects(document, "Tasks"))
    return Reading(tasks, _failures(document, "Failures", "Arn", "Reason"))


def _state_task(document: Detail) -> Reading:
    return Reading((_camel_case(document),))


def _camel_case(task: Detail) -> Detail:
    try:
        return from_pascal_case(task)
    except MalformedTaskError as error:
        raise _unreadable(error) from error


def _objects(document: Detail, key: str) -> tuple[Detail, ...]:
    entries = document[key]
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise UnexplainableError(f"its `{key}` is not a list of tasks")
    return tuple(entries)


def _failures(document: Detail, key: str, arn: str, reason: str) -> tuple[str, ...]:
    entries = document.get(key)
    found = entries if isinstance(entries, list) else []
    return tuple(
        f"ECS says {text(one, reason) or 'nothing'} of {text(one, arn) or 'a task'}"
        for one in found
        if isinstance(one, dict)
    )


def _hint(document: Detail) -> str:
    if "taskArn" in document:
        return f"this looks like a task alone, without what ECS wraps it in: {EXPECTED}"
    return f"it tells of no task: {EXPECTED}"


_KINDS: tuple[tuple[Callable[[Detail], bool], Callable[[Detail], Reading]], ...] = (
    (lambda document: "detail-type" in document or "detail" in document, _event),
    (lambda document: "tasks" in document, _describe_tasks),
    (lambda document: "Tasks" in document, _state_output),
    (lambda document: "TaskArn" in document, _state_task),
)
