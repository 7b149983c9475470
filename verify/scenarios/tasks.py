"""The life of a task: its events, its description, its log (facts B1 to B9, B12, B15, B18)."""

from __future__ import annotations

from datetime import datetime

from botocore.exceptions import ClientError

from verify.facts import Fact, Like, Seen, scenario
from verify.place import Json, Place
from verify.refusals import refusal, refusal_code

ISO = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")
#: Of an event, what is not known at the beginning.
LATE = ("executionStoppedAt", "pullStartedAt", "startedAt", "stopCode", "stoppedAt", "stoppedReason")
TIMES = ("createdAt", "startedAt", "stoppingAt", "stoppedAt", "updatedAt")
DESCRIBED_TIMES = ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppedAt")


@scenario(
    Fact(
        "event-envelope",
        "B1",
        "The envelope of an event has these parts.",
        ["account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"],
    ),
    Fact(
        "event-kind",
        "B1",
        "An event says what it is by version, detail-type and source.",
        ["0", "ECS Task State Change", "aws.ecs"],
    ),
    Fact(
        "event-steps",
        "B9",
        "A usual task has five events, whose versions count from 1 to 5.",
        [
            [1, "PROVISIONING", None],
            [2, "PENDING", None],
            [3, "RUNNING", None],
            [4, "DEPROVISIONING", "EssentialContainerExited"],
            [5, "STOPPED", "EssentialContainerExited"],
        ],
    ),
    Fact("event-version", "B9", "The version of the last event is that of DescribeTasks.", True),
    Fact("event-absent", "B2", "What is not known yet is absent from an event.", []),
    Fact("event-no-nulls", "B2", "Nothing in an event is null.", []),
    Fact(
        "event-times",
        "B4",
        "Times in an event are ISO 8601 with up to 3 digits of a second's fraction.",
        dict.fromkeys(TIMES, ISO),
    ),
    Fact(
        "event-same-times",
        "B4",
        "The times of an event are those of DescribeTasks.",
        dict.fromkeys(DESCRIBED_TIMES, True),
    ),
    Fact("event-tags", "B5", "Tags and healthStatus are not in events.", [False, False]),
    Fact("described-tags", "B5", "DescribeTasks has the tags.", [{"key": "made-by", "value": "verify"}]),
    Fact(
        "event-overrides",
        "B7",
        "Overrides are in the event, environment included.",
        [{"name": "main", "command": ["echo one; echo two"], "environment": [{"name": "STAGE", "value": "verify"}]}],
    ),
    Fact("event-group", "B8", "The group of a task is `family:` and its family.", "family:<family>"),
    Fact("event-started-by", "B8", "An event has the startedBy that RunTask was given.", ["the suite"]),
    Fact(
        "event-early-exit-code",
        "B6",
        "Exit code, stop code and reason stand at DEPROVISIONING already.",
        [0, "EssentialContainerExited", "Essential container in task exited"],
    ),
    Fact("stopped-described", "B12", "A stopped task is described, and listed as STOPPED.", [True, False]),
    Fact(
        "task-log",
        "",
        "Each line of a container is a log event in the stream prefix/container/task id.",
        ["one", "two"],
    ),
    tasks=1,
)
def the_life_of_a_task(place: Place) -> Seen:
    """RunTask by the API, and a container that writes two lines."""
    task_arn = place.run_task(
        place.definition({}),
        "echo one; echo two",
        override={"environment": [{"name": "STAGE", "value": "verify"}]},
        startedBy="the suite",
        tags=[{"key": "made-by", "value": "verify"}],
    )
    details = place.task_events(task_arn)
    yield from _events(place, task_arn)
    yield from _details(place, details)
    task = place.task(task_arn)
    yield "event-version", task["version"] == details[-1]["version"]
    yield "event-same-times", {name: _same(details[-1].get(name), task.get(name)) for name in DESCRIBED_TIMES}
    yield "described-tags", task["tags"]
    yield "stopped-described", [task_arn in _listed(place, "STOPPED"), task_arn in _listed(place, "RUNNING")]
    yield "task-log", log_lines(place, task_arn, 2)


def _events(place: Place, task_arn: str) -> Seen:
    first = place.events_of(task_arn)[0]
    yield "event-envelope", set(first)
    yield "event-kind", [first["version"], first["detail-type"], first["source"]]


def _details(place: Place, details: list[Json]) -> Seen:
    yield "event-steps", [[one["version"], one["lastStatus"], one.get("stopCode")] for one in details]
    first, last = details[0], details[-1]
    yield "event-absent", [name for name in LATE if name in first]
    yield "event-no-nulls", sorted({name for one in details for name, value in one.items() if value is None})
    yield "event-times", {name: last.get(name) for name in TIMES}
    yield "event-tags", ["tags" in last, "healthStatus" in last]
    yield "event-overrides", last["overrides"]["containerOverrides"]
    yield "event-group", last["group"].replace(place.name, "<family>")
    yield "event-started-by", {one.get("startedBy") for one in details}
    early = next(one for one in details if one["lastStatus"] == "DEPROVISIONING")
    yield "event-early-exit-code", [early["containers"][0].get("exitCode"), early["stopCode"], early["stoppedReason"]]


def _same(told: str | None, described: datetime | None) -> bool:
    return told is not None and described is not None and datetime.fromisoformat(told) == described


def _listed(place: Place, desired: str) -> list[str]:
    pages = place.ecs.get_paginator("list_tasks").paginate(
        cluster=place.cluster,
        family=place.name,
        desiredStatus=desired,  # type: ignore[arg-type]
    )
    return [arn for page in pages for arn in page["taskArns"]]


def log_lines(place: Place, task_arn: str, count: int) -> list[str]:
    """The lines that container `main` of a task has written, once there are so many."""
    stream = f"verify/main/{task_arn.rsplit('/', 1)[-1]}"

    def probe() -> list[str] | None:
        try:
            answer = place.logs.get_log_events(logGroupName=place.log_group, logStreamName=stream, startFromHead=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        lines = [event["message"] for event in answer["events"]]
        return lines if len(lines) >= count else None

    return place.patience.until(probe, "the lines of a task")


@scenario(
    Fact(
        "memory-reason",
        "B18",
        "The reason of a container out of memory is an OutOfMemoryError.",
        "OutOfMemoryError: Container killed due to memory usage",
    ),
    Fact("memory-exit-code", "B18", "A container out of memory has exit code 137.", 137),
    Fact(
        "memory-task-reason",
        "B18",
        "The reason of the task does not say that a container was out of memory.",
        "Essential container in task exited",
    ),
    tasks=1,
)
def a_container_that_takes_too_much_memory(place: Place) -> Seen:
    """A shell with 200 MB in a variable, in 64 MiB."""
    script = "taken=$(head -c 200000000 /dev/zero | tr '\\0' x); sleep 60"
    task_arn = place.run_task(place.definition({"memory": 64}), script)
    task = place.task_in("STOPPED", task_arn)
    container = task["containers"][0]
    yield "memory-reason", container.get("reason")
    yield "memory-exit-code", container.get("exitCode")
    yield "memory-task-reason", task["stoppedReason"]


@scenario(
    Fact("killed-exit-code", "B15", "A container that does not end by SIGTERM is killed after stopTimeout.", 137),
    Fact(
        "killed-reason",
        "B16",
        "StopTask without a reason gives the reason `Task stopped by user`.",
        "Task stopped by user",
    ),
    tasks=1,
)
def a_container_that_does_not_want_to_end(place: Place) -> Seen:
    """Its shell ignores SIGTERM."""
    task_arn = place.run_task(place.definition({"stopTimeout": 2}), "trap '' TERM; echo ready; sleep 600; sleep 600")
    log_lines(place, task_arn, 1)
    place.ecs.stop_task(cluster=place.cluster, task=task_arn)
    task = place.task_in("STOPPED", task_arn)
    yield "killed-exit-code", task["containers"][0].get("exitCode")
    yield "killed-reason", task["stoppedReason"]


@scenario(
    Fact(
        "spot-provider",
        "B15",
        "A task on Spot has the capacity provider FARGATE_SPOT and the launch type FARGATE.",
        ["FARGATE_SPOT", "FARGATE"],
    ),
    tasks=1,
)
def a_task_on_spot_capacity(place: Place) -> Seen:
    """Started by a capacity provider strategy."""
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    task_arn = place.started(place.definition({"command": ["exit 0"]}), {"capacityProviderStrategy": strategy})
    task = place.task_in("STOPPED", task_arn)
    yield "spot-provider", [task.get("capacityProviderName"), task.get("launchType")]


@scenario(
    Fact("task-missing", "B12", "A task that ECS does not know is a failure of DescribeTasks.", [["MISSING"], []]),
    Fact(
        "stop-unknown",
        "",
        "StopTask of a task that ECS does not know is refused.",
        ["InvalidParameterException", "The referenced task was not found."],
    ),
    Fact("started-by-size", "B30", "A startedBy of RunTask has at most 128 characters.", "InvalidParameterException"),
    Fact("stop-reason-size", "B30", "A reason of StopTask has at most 255 characters.", "InvalidParameterException"),
)
def a_task_that_is_not_there(place: Place) -> Seen:
    """By an id that no task has."""
    arn = f"{place.cluster.replace(':cluster/', ':task/')}/{'0123456789abcdef' * 2}"
    answer = place.ecs.describe_tasks(cluster=place.cluster, tasks=[arn])
    yield "task-missing", [[failure["reason"] for failure in answer["failures"]], answer["tasks"]]
    task = {"cluster": place.cluster, "task": arn}
    yield "stop-unknown", list(refusal(place.ecs.stop_task, **task, reason="because"))
    yield "stop-reason-size", refusal_code(place.ecs.stop_task, **task, reason="x" * 256)
    yield "started-by-size", refusal_code(place.run_task, place.definition({}), "exit 0", startedBy="x" * 129)


SCENARIOS = (
    the_life_of_a_task,
    a_container_that_takes_too_much_memory,
    a_container_that_does_not_want_to_end,
    a_task_on_spot_capacity,
    a_task_that_is_not_there,
)
