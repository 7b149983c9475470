"""Run documents and tasks that the tests of the command line share."""

import copy
from typing import Any

RUN_ID = "20250131T093000-1a2b3c4d"
EXECUTION_ARN = f"arn:aws:states:eu-west-1:111122223333:execution:run-task-callback:{RUN_ID}"
TASK_ID = "0c0a0d55efda4a08a8a7bf0adb8b3ad3"

STARTED = {"runId": RUN_ID, "pattern": "callback", "status": "PENDING", "executionArn": EXECUTION_ARN}


def run(status: str = "PENDING", **changes: object) -> dict[str, object]:
    """GET /runs/{runId} as the API gives it; `changes` by the document's own keys."""
    nothing = ("error", "transient", "summary", "advice", "exitCode", "result", "logNote", "durationSeconds")
    absent: dict[str, object] = {**dict.fromkeys(nothing), "lastLogLines": []}
    document: dict[str, object] = {
        "runId": RUN_ID,
        "pattern": "callback",
        "status": status,
        **absent,
        "executionArn": EXECUTION_ARN,
        "execution": None,
        "input": {"commands": ["python", "-c", "print('hello')"], "environmentNames": []},
        "attempts": [],
    }
    return {**document, **changes}


def succeeded(**changes: object) -> dict[str, object]:
    """A run that ended well."""
    told = {"summary": "Container app exited with code 0.", "exitCode": 0, "result": {"answer": 42}}
    ended = {"durationSeconds": 1.25, "execution": execution(), "attempts": [attempt()]}
    return run("SUCCEEDED", **{**told, **ended, **changes})


def failed(**changes: object) -> dict[str, object]:
    """A run whose program failed."""
    told = {
        "error": "Container.ExitedNonZero",
        "transient": False,
        "summary": "Container app exited with code 3.",
        "advice": "Read its last log lines.",
        "exitCode": 3,
        "lastLogLines": ["SystemExit: 3"],
    }
    ended = {
        "durationSeconds": 62.0,
        "execution": execution("FAILED", "Container.ExitedNonZero", "Container app exited with code 3."),
        "attempts": [{**attempt("FAILED"), "lastLogLines": told["lastLogLines"]}],
    }
    return run("FAILED", **{**told, **ended, **changes})


def without_task(error: str, cause: str, status: str = "FAILED") -> dict[str, object]:
    """A run whose execution ended before it had a task: its error and summary are the execution's."""
    return run("FAILED", error=error, summary=cause, execution=execution(status, error, cause))


def execution(
    status: str = "SUCCEEDED", error: str | None = None, cause: str | None = None, redrives: int = 0
) -> dict[str, object]:
    """`execution` of a run document."""
    stopped_at = None if status == "RUNNING" else "2025-01-31T09:31:04.100Z"
    return {"status": status, "error": error, "cause": cause, "stoppedAt": stopped_at, "redriveCount": redrives}


def attempt(status: str | None = "SUCCEEDED", last_status: str = "STOPPED") -> dict[str, object]:
    """An element of `attempts`."""
    return {
        "taskId": TASK_ID,
        "status": status,
        "lastStatus": last_status,
        "container": "app",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "delivery": "DELIVERED",
        "capacityProviderName": "FARGATE",
        "cpu": "256",
        "memory": "512",
        "timeline": {
            "createdAt": "2025-01-31T09:30:00.100Z",
            "startedAt": "2025-01-31T09:30:20.600Z",
            "stoppedAt": "2025-01-31T09:31:02.100Z",
            "pullStartedAt": None,
        },
        "log": {"group": "/fargate-runs/tasks", "stream": f"runs/app/{TASK_ID}"},
    }


_DETAIL: dict[str, Any] = {
    "taskArn": f"arn:aws:ecs:eu-west-1:111122223333:task/jobs/{TASK_ID}",
    "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/jobs",
    "lastStatus": "STOPPED",
    "desiredStatus": "STOPPED",
    "version": 5,
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
    "containers": [{"name": "app", "exitCode": 3, "lastStatus": "STOPPED"}],
    "overrides": {"containerOverrides": [{"name": "app", "environment": [{"name": "RUN_ID", "value": RUN_ID}]}]},
}


def detail(**changes: object) -> dict[str, object]:
    """A task in ECS's own camelCase: its program exited with code 3."""
    return {**copy.deepcopy(_DETAIL), **changes}


def event(**changes: object) -> dict[str, object]:
    """The event that tells of that task; `changes` go to its detail."""
    return {
        "version": "0",
        "id": "9bcdac79-b31f-4d3d-9410-fbd727c29fab",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "111122223333",
        "time": "2025-01-31T09:31:02Z",
        "region": "eu-west-1",
        "resources": [_DETAIL["taskArn"]],
        "detail": detail(**changes),
    }


def pascal(value: object) -> object:
    """camelCase keys as Step Functions writes them."""
    if isinstance(value, dict):
        return {f"{key[:1].upper()}{key[1:]}": pascal(each) for key, each in value.items()}
    return [pascal(each) for each in value] if isinstance(value, list) else value
