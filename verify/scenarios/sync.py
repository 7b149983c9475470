"""What `ecs:runTask` gives, with and without `.sync` (facts B8, B19 to B22)."""

from __future__ import annotations

import json

from verify.facts import Fact, Like, Seen, scenario
from verify.machines import HISTORY_OF_WAITING, end, output, run_task, types
from verify.place import Json, Place

#: What is smaller was counted in seconds.
MILLISECONDS_OF_2020 = 1_577_836_800_000


@scenario(
    Fact(
        "request-response-output",
        "B19",
        "`ecs:runTask` gives Failures and Tasks in PascalCase with the metadata of the call.",
        ["Failures", "SdkHttpMetadata", "SdkResponseMetadata", "Tasks"],
    ),
    Fact("request-response-failures", "B19", "Failures of `ecs:runTask` is empty where a task was started.", []),
    Fact("request-response-status", "B19", "`ecs:runTask` does not wait: the task is PROVISIONING.", "PROVISIONING"),
    Fact(
        "request-response-end",
        "B19",
        "An execution of `ecs:runTask` succeeds, whatever becomes of the task.",
        {"status": "SUCCEEDED"},
    ),
    tasks=1,
)
def request_response(place: Place) -> Seen:
    """A task that fails, which the execution does not learn."""
    execution = place.execute(run_task(place, "", place.parameters(place.definition({}), "exit 3")))
    yield "request-response-end", end(execution)
    found = output(execution)
    yield "request-response-output", sorted(found)
    yield "request-response-failures", found["Failures"]
    yield "request-response-status", found["Tasks"][0]["LastStatus"]


@scenario(
    Fact("sync-history", "B20", "`.sync` has these events, to its end.", HISTORY_OF_WAITING),
    Fact(
        "sync-started-by", "B20", '`.sync` gives one Task, with StartedBy "AWS Step Functions".', "AWS Step Functions"
    ),
    Fact("sync-exit-code", "B20", "The Task of `.sync` has the exit codes of its containers.", [["main", 0]]),
    Fact(
        "sync-times",
        "B20",
        "The times of `.sync`'s Task are in milliseconds since 1970.",
        {"StartedAt": True, "StoppedAt": True},
    ),
    Fact(
        "sync-overrides",
        "B20",
        "`.sync`'s Task has its overrides in PascalCase.",
        {"Name": "main", "Command": ["exit 0"]},
    ),
    Fact(
        "sync-event-started-by",
        "B8",
        '`startedBy` in the events of a `.sync` task is "AWS Step Functions".',
        ["AWS Step Functions"],
    ),
    tasks=1,
)
def sync_succeeds(place: Place) -> Seen:
    """A task that ends well."""
    execution = place.execute(run_task(place, ".sync", place.parameters(place.definition({}), "exit 0")))
    yield "sync-history", types(place.history(execution))
    task = output(execution)
    yield "sync-started-by", task["StartedBy"]
    yield "sync-exit-code", exit_codes(task)
    yield "sync-times", {name: _is_milliseconds(task[name]) for name in ("StartedAt", "StoppedAt")}
    override = task["Overrides"]["ContainerOverrides"][0]
    yield "sync-overrides", {name: value for name, value in override.items() if value not in ([], None)}
    yield "sync-event-started-by", {event.get("startedBy") for event in place.task_events(task["TaskArn"])}


@scenario(
    Fact("sync-error", "B21", "`.sync` fails with States.TaskFailed.", ["FAILED", "States.TaskFailed"]),
    Fact(
        "sync-cause",
        "B21",
        "The cause of a `.sync` state that failed is the Task, as JSON.",
        ["EssentialContainerExited", [["main", 3]]],
    ),
    Fact(
        "sync-cause-reason",
        "B16",
        "The reason of a task whose container ended is `Essential container in task exited`.",
        "Essential container in task exited",
    ),
    tasks=1,
)
def sync_fails(place: Place) -> Seen:
    """A container that exits with 3."""
    execution = place.execute(run_task(place, ".sync", place.parameters(place.definition({}), "exit 3")))
    yield "sync-error", [execution["status"], execution.get("error")]
    task = json.loads(execution["cause"])
    yield "sync-cause", [task["StopCode"], exit_codes(task)]
    yield "sync-cause-reason", task["StoppedReason"]


@scenario(
    Fact(
        "sidecar-fails-sync",
        "B22",
        "`.sync` fails when a container that is not essential exits with another code than 0.",
        ["FAILED", "States.TaskFailed"],
    ),
    Fact(
        "sidecar-exit-codes",
        "B22",
        "The Task of `.sync` has the exit code of each container.",
        [["main", 0], ["sidecar", 3]],
    ),
    tasks=1,
)
def sync_with_a_sidecar_that_fails(place: Place) -> Seen:
    """Main starts after the sidecar's end: its own end is that of the task, and the sidecar would be told to stop."""
    after = [{"containerName": "sidecar", "condition": "COMPLETE"}]
    definition = place.definition(
        {"command": ["exit 0"], "dependsOn": after}, {"name": "sidecar", "essential": False, "command": ["exit 3"]}
    )
    execution = place.execute(run_task(place, ".sync", place.parameters(definition)))
    yield "sidecar-fails-sync", [execution["status"], execution.get("error")]
    yield "sidecar-exit-codes", exit_codes(json.loads(execution.get("cause") or execution["output"]))


@scenario(
    Fact("failed-start-error", "B21", "A start that fails is States.TaskFailed too.", ["FAILED", "States.TaskFailed"]),
    Fact("failed-start-code", "B21", "The stop code of a failed start is TaskFailedToStart.", "TaskFailedToStart"),
    Fact(
        "failed-start-absent",
        "B21",
        "The Task of a failed start has neither ExitCode nor StartedAt.",
        {"ExitCode": False, "StartedAt": False},
    ),
    Fact(
        "failed-start-reason",
        "B16",
        "A program that is not there is a CannotStartContainerError that names it.",
        Like(r".*CannotStartContainerError.*/no/such/program.*no such file or directory.*"),
    ),
    Fact(
        "failed-start-steps",
        "B9",
        "The events of a failed start end at version 4.",
        [[1, "PROVISIONING"], [2, "PENDING"], [3, "DEPROVISIONING"], [4, "STOPPED"]],
    ),
    Fact(
        "failed-start-container",
        "B3",
        "A container that never started has no exitCode and no runtimeId in the event.",
        {"exitCode": False, "runtimeId": False},
    ),
    tasks=1,
)
def sync_cannot_start(place: Place) -> Seen:
    """A program that is not in the image."""
    definition = place.definition({"entryPoint": ["/no/such/program"]})
    execution = place.execute(run_task(place, ".sync", place.parameters(definition)))
    yield "failed-start-error", [execution["status"], execution.get("error")]
    task = json.loads(execution["cause"])
    yield "failed-start-code", task["StopCode"]
    container = task["Containers"][0]
    yield "failed-start-absent", {"ExitCode": "ExitCode" in container, "StartedAt": "StartedAt" in task}
    yield "failed-start-reason", container.get("Reason") or task["StoppedReason"]
    events = place.task_events(task["TaskArn"])
    yield "failed-start-steps", [[event["version"], event["lastStatus"]] for event in events]
    last = events[-1]["containers"][0]
    yield "failed-start-container", {name: name in last for name in ("exitCode", "runtimeId")}


def exit_codes(task: Json) -> list[list[object]]:
    """Name and exit code of each container of a Task in PascalCase, by name."""
    return sorted([one["Name"], one.get("ExitCode")] for one in task["Containers"])


def _is_milliseconds(value: object) -> bool:
    return isinstance(value, int) and value > MILLISECONDS_OF_2020


SCENARIOS = (request_response, sync_succeeds, sync_fails, sync_with_a_sidecar_that_fails, sync_cannot_start)
