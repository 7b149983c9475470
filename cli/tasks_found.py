"""The ECS tasks in an event, an API's answer, a Cause or a queue's message, whole or cut down.

Tasks are found at any depth, because the data around a task says nothing about how it ended. Pure: data in, tasks out
in ECS's own camelCase.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fargate_runs.reading import lenient
from fargate_runs.reading.task import from_pascal_case

Detail = Mapping[str, object]

EVENT_SOURCE: Final = "aws.ecs"
EVENT_KIND: Final = "ECS Task State Change"
EXPECTED: Final = (
    f'expected an "{EVENT_KIND}" event, a task or tasks as `aws ecs describe-tasks --output json` gives them, or the '
    "output or Cause of a Step Functions state, whole or cut down, also in the message of a queue"
)
SHOWN_BY: Final = "taskArn with lastStatus, containers, stopCode or stoppedReason"

_DEEPEST: Final = 60
_OUTCOME: Final = frozenset({"summary", "advice"})
_OF_A_RUN: Final = frozenset({"attempts", "delivery"})
_OF_A_JOB: Final = frozenset({"jobArn", "jobDefinition", "jobId", "jobName", "jobQueue"})
_BATCH_JOB: Final = (
    "it is a job of AWS Batch, not an ECS task: its statusReason says how it ended, and `aws ecs describe-tasks` gives"
    " the task of an attempt by its taskArn"
)
_OF_A_TASK: Final = frozenset({"lastStatus", "stopCode", "stoppedReason"})
_OF_A_CONTAINER: Final = frozenset({"containerArn", "exitCode", "runtimeId"})


@dataclass
class Found:
    """The tasks, what ECS was asked for and did not find, and the first reason why something is no task."""

    tasks: list[Detail] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    problem: str | None = None

    def look(self, value: object, depth: int = 0) -> None:
        """Look for tasks in `value`: in objects, lists and texts that are JSON themselves."""
        if depth > _DEEPEST:
            return
        if isinstance(value, str):
            self.look(_json_in(value), depth + 1)
        elif isinstance(value, list) and value and all(map(_is_container, value)):
            self.tasks.append({"containers": from_pascal_case({"all": value})["all"]})
        elif isinstance(value, list):
            for each in value:
                self.look(each, depth + 1)
        elif isinstance(value, Mapping):
            self._look_at(value, depth)

    def _look_at(self, document: Detail, depth: int) -> None:
        problem = _no_task(document)
        if problem:
            self.problem = self.problem or problem
        elif is_task(document):
            self.tasks.append(from_pascal_case(document))
        else:
            before = len(self.tasks)
            self.failures += _failures(document)
            for each in document.values():
                self.look(each, depth + 1)
            if len(self.tasks) == before:
                self.problem = self.problem or _lacking(document)


def is_task(document: Detail) -> bool:
    """Whether it shows enough of a task to say something about it."""
    names = _names(document)
    if isinstance(document.get("containers", document.get("Containers")), list):
        return True
    if names & {"stopCode", "stoppedReason"}:
        return not names & _OF_A_CONTAINER
    return names >= {"taskArn", "lastStatus"} and not names & _OF_A_CONTAINER


def _is_container(value: object) -> bool:
    names = _names(value) if isinstance(value, Mapping) else set()
    return "name" in names and bool(names & _OF_A_CONTAINER)


def newest(tasks: list[Detail]) -> tuple[Detail, ...]:
    """Without the earlier states of a task, which several events of it tell of (fact B9), and without repetitions."""
    kept: list[Detail] = []
    for task in tasks:
        if task not in kept and not any(_is_older(task, than=each) for each in tasks):
            kept.append(task)
    return tuple(kept)


def _is_older(task: Detail, than: Detail) -> bool:
    ours, theirs = lenient.whole_number(task.get("version")), lenient.whole_number(than.get("version"))
    same = lenient.text(task.get("taskArn")) is not None and task.get("taskArn") == than.get("taskArn")
    return same and ours is not None and theirs is not None and ours < theirs


def _names(document: Detail) -> set[str]:
    return {f"{name[:1].lower()}{name[1:]}" for name in document}


def _json_in(text: str) -> object:
    """What a text says that is JSON, such as a Cause or the body of a message; None for any other text."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _no_task(document: Detail) -> str | None:
    """Why nothing in it is looked at."""
    if "detail" in document and _is_another_kind(document):
        kind, source = document.get("detail-type"), document.get("source")
        return f"it is an event of another kind ({source!r}, {kind!r}): {EXPECTED}"
    names = _names(document)
    if names >= _OUTCOME:
        return "it is an outcome already: read its `summary` and its `advice`"
    if names & _OF_A_JOB and names & _OF_A_RUN:
        return _BATCH_JOB
    if names & _OF_A_RUN:
        return "it is the record of a run, which has its outcome: `runs show` prints it"
    return None


def _is_another_kind(event: Detail) -> bool:
    """Whether an event tells of something else than a task. Its source and its kind may be redacted, or one's own."""
    kind = event.get("detail-type")
    if kind == EVENT_KIND or _is_clearly_task(event["detail"]):
        return False
    return _is_other(kind, EVENT_KIND) or _is_other(event.get("source"), EVENT_SOURCE)


def _is_clearly_task(detail: object) -> bool:
    """Whether it is one whatever the event around it says of itself: no other event tells so of containers."""
    return isinstance(detail, Mapping) and is_task(detail) and bool(_names(detail) & _OF_A_TASK)


def _is_other(said: object, ours: str) -> bool:
    return isinstance(said, str) and said != ours


def _lacking(document: Detail) -> str | None:
    """What a known shape lacks in which no task was found."""
    names = _names(document)
    if "detail" in names:
        has_detail = isinstance(document.get("detail"), Mapping)
        return (
            f"the event's `detail` shows nothing of a task ({SHOWN_BY})" if has_detail else "the event has no `detail`"
        )
    if len(names & _OF_A_JOB) > 1:
        return _BATCH_JOB
    if "taskArns" in names:
        return "it is a list of ARNs alone: ask `aws ecs describe-tasks` for these tasks"
    if "tasks" not in names:
        return None
    tasks = document.get("tasks", document.get("Tasks"))
    if not isinstance(tasks, list) or not all(isinstance(each, Mapping) for each in tasks):
        return "its `tasks` is not a list of tasks"
    return f"its `tasks` show nothing of a task ({SHOWN_BY})" if tasks else None


def _failures(document: Detail) -> Iterator[str]:
    """What DescribeTasks or RunTask says of tasks that it does not give."""
    for each in lenient.mappings(document.get("failures", document.get("Failures"))):
        failure = from_pascal_case(each)
        reason, arn = lenient.text(failure.get("reason")), lenient.text(failure.get("arn"))
        if reason or arn:
            yield f"ECS says {reason or 'nothing'} of {arn or 'a task'}"
