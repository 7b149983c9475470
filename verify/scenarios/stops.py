"""Who stops a task, and how that shows (facts B6, B7, B17, B26, B29)."""

from __future__ import annotations

from collections.abc import Mapping

from verify.facts import Fact, Seen, scenario
from verify.machines import details, end, run_task
from verify.place import Json, Place
from verify.scenarios.tokens import answer_to

#: Ends at once when it is told to; a shell that is process 1 would not.
STAY = "trap 'exit 143' TERM; sleep 600 & wait"
#: Long enough for a task to be submitted on a machine that is busy, and not for it to end.
LIMIT_SECONDS = 20
BY_STEP_FUNCTIONS = (
    "The Task state in AWS Step Functions execution [<its execution>] which was managing this resource was aborted"
)


@scenario(
    Fact(
        "abort-status",
        "",
        "StopExecution ends the execution with the error and cause that it was given.",
        ["ABORTED", "Why", "not"],
    ),
    Fact("abort-stops-sync", "B26", "StopExecution stops the task of `.sync`.", "UserInitiated"),
    Fact(
        "abort-reason",
        "B17",
        "The reason of a `.sync` task that was stopped names the aborted execution.",
        BY_STEP_FUNCTIONS,
    ),
    Fact("abort-exit-code", "B18", "The container of an aborted `.sync` task gets SIGTERM.", 143),
    tasks=1,
)
def stop_a_sync_execution(place: Place) -> Seen:
    """While its task is RUNNING."""
    execution = place.start(run_task(place, ".sync", place.parameters(place.definition({}), STAY)))
    task_arn = place.submitted_task(execution)
    place.task_in("RUNNING", task_arn)
    place.sfn.stop_execution(executionArn=execution, error="Why", cause="not")
    ended = place.ended(execution)
    yield "abort-status", [ended["status"], ended.get("error"), ended.get("cause")]
    task = place.task_in("STOPPED", task_arn)
    yield "abort-stops-sync", task["stopCode"]
    yield "abort-reason", task["stoppedReason"].replace(execution, "<its execution>")
    yield "abort-exit-code", task["containers"][0].get("exitCode")


@scenario(
    Fact(
        "time-out-error",
        "B27",
        "A `.sync` state that times out has no cause.",
        {"status": "FAILED", "error": "States.Timeout"},
    ),
    Fact(
        "time-out-reason",
        "B17",
        "The task of a `.sync` state that timed out is stopped, for the reason of an abort.",
        BY_STEP_FUNCTIONS,
    ),
    tasks=1,
)
def a_sync_state_that_times_out(place: Place) -> Seen:
    """By its TimeoutSeconds."""
    machine = run_task(place, ".sync", place.parameters(place.definition({}), STAY), TimeoutSeconds=LIMIT_SECONDS)
    execution = place.execute(machine)
    yield "time-out-error", end(execution)
    task = place.task_in("STOPPED", place.submitted_task(execution["executionArn"]))
    yield "time-out-reason", task["stoppedReason"].replace(execution["executionArn"], "<its execution>")


@scenario(
    Fact("token-in-task", "B7", "DescribeTasks shows the override that carries the token.", ["TASK_TOKEN"]),
    Fact("token-in-history", "B42", "TaskScheduled has the whole call in its parameters, the token included.", True),
    Fact(
        "abort-leaves-callback",
        "B26",
        "StopExecution does not stop the task of a callback state.",
        ["RUNNING", "RUNNING"],
    ),
    Fact("abort-closes-token", "B29", "StopExecution closes the token of a callback state.", "TaskTimedOut"),
    Fact(
        "stop-steps",
        "B6",
        "StopTask shows while the task is RUNNING.",
        [
            [1, "PROVISIONING", "RUNNING", None],
            [2, "PENDING", "RUNNING", None],
            [3, "RUNNING", "RUNNING", None],
            [4, "RUNNING", "STOPPED", "UserInitiated"],
            [5, "DEPROVISIONING", "STOPPED", "UserInitiated"],
            [6, "STOPPED", "STOPPED", "UserInitiated"],
        ],
    ),
    Fact("stop-reason", "B16", "The reason of a stopped task is the one that StopTask was given.", "enough of it"),
    Fact("stop-exit-code", "B18", "The container of a task that StopTask stops gets SIGTERM.", 143),
    tasks=1,
)
def stop_a_callback_execution_and_then_its_task(place: Place) -> Seen:
    """The one does not lead to the other."""
    execution = place.start(run_task(place, ".waitForTaskToken", with_token(place, place.definition({}), STAY)))
    task_arn = place.submitted_task(execution)
    task = place.task_in("RUNNING", task_arn)
    environment = token_variables(task)
    yield "token-in-task", list(environment)
    scheduled = details(place.history(execution), "TaskScheduled")
    yield "token-in-history", environment["TASK_TOKEN"] in scheduled["parameters"]
    place.sfn.stop_execution(executionArn=execution)
    place.ended(execution)
    yield "abort-closes-token", answer_to(place, environment["TASK_TOKEN"])
    task = place.task(task_arn)
    yield "abort-leaves-callback", [task["lastStatus"], task["desiredStatus"]]
    place.ecs.stop_task(cluster=place.cluster, task=task_arn, reason="enough of it")
    events = place.task_events(task_arn)
    yield "stop-steps", [[e["version"], e["lastStatus"], e["desiredStatus"], e.get("stopCode")] for e in events]
    yield "stop-reason", events[-1]["stoppedReason"]
    yield "stop-exit-code", events[-1]["containers"][0].get("exitCode")


def with_token(place: Place, definition: str, script: str) -> Json:
    """RunTask's parameters, with the task token in TASK_TOKEN."""
    environment = [{"Name": "TASK_TOKEN", "Value.$": "$$.Task.Token"}]
    override = {"Name": "main", "Command": [script], "Environment": environment}
    return place.parameters(definition, Overrides={"ContainerOverrides": [override]})


def token_variables(task: Json) -> Mapping[str, str]:
    """The environment in a described task's overrides."""
    override = next(one for one in task["overrides"]["containerOverrides"] if one.get("environment"))
    return {str(one["name"]): str(one["value"]) for one in override["environment"]}


SCENARIOS = (stop_a_sync_execution, a_sync_state_that_times_out, stop_a_callback_execution_and_then_its_task)
