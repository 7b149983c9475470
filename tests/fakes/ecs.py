"""Builders of what ECS sends: details, events and whole lives of a task. Anonymous by construction."""

from collections.abc import Mapping, Sequence
from typing import Any

from fargate_runs.reading.patterns import FollowedMachines, StateMachines
from fargate_runs.reading.task import EcsTask

REGION_AND_ACCOUNT = "us-east-1:123456789012"
CLUSTER_ARN = f"arn:aws:ecs:{REGION_AND_ACCOUNT}:cluster/jobs"
TASK_DEFINITION_ARN = f"arn:aws:ecs:{REGION_AND_ACCOUNT}:task-definition/fargate-runs:7"
TASK_ID = "0123456789abcdef0123456789abcdef"
TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAAcanary-token"
RUN_ID = "20250506T110200-0a1b2c3d"
CANARY = "canary-environment-value"
GUARD_DUTY = "aws-guardduty-agent-nm40lC"
EVERY_MACHINE = FollowedMachines((f"arn:aws:states:{REGION_AND_ACCOUNT}:stateMachine:*",))
MACHINES = StateMachines(
    *(
        f"arn:aws:states:{REGION_AND_ACCOUNT}:stateMachine:fargate-runs-{name}"
        for name in ("run-task", "run-task-sync", "run-task-callback")
    )
)
EXECUTION_ARN = f"arn:aws:states:{REGION_AND_ACCOUNT}:execution:fargate-runs-run-task-callback:{RUN_ID}"

Detail = dict[str, Any]


def container(name: str = "main", exit_code: object = None, reason: str | None = None, **more: object) -> Detail:
    """One of `containers[]`; what is None is absent. `more` under ECS's names."""
    built: Detail = {
        "containerArn": f"arn:aws:ecs:{REGION_AND_ACCOUNT}:container/jobs/{TASK_ID}/{name}",
        "taskArn": task_arn(),
        "name": name,
        "lastStatus": "STOPPED" if exit_code is not None else "RUNNING",
        "cpu": "null" if name.startswith("aws-guardduty") else "0",
        "networkInterfaces": [],
    }
    return built | _given(exitCode=exit_code, reason=reason, **more)


def overrides(
    *,
    run_id: str | None = RUN_ID,
    token: str | None = TOKEN,
    token_variable: str = "TASK_TOKEN",
    main: str = "main",
    others: Sequence[str] = (),
) -> Detail:
    """As the state machines send them, with the injected container in between (fact B7)."""
    ours = {"RUN_ID": run_id, "RUN_EXECUTION_ARN": EXECUTION_ARN if run_id else None, token_variable: token}
    environment = [{"name": name, "value": value} for name, value in ours.items() if value]
    entries: list[Detail] = [
        {"name": GUARD_DUTY, "environment": [{"name": "STAGE", "value": "prod"}], "memory": 128},
        *({"name": name} for name in others),
        {"name": main, "command": ["job"], "environment": [*environment, {"name": "SECRET", "value": CANARY}]},
    ]
    return {"containerOverrides": entries}


def task_arn(task_id: str = TASK_ID) -> str:
    return f"arn:aws:ecs:{REGION_AND_ACCOUNT}:task/jobs/{task_id}"


def detail(**changes: object) -> Detail:
    """A task that has run well to its end; `changes` under ECS's names, None takes a field away."""
    built: Detail = {
        "taskArn": task_arn(),
        "clusterArn": CLUSTER_ARN,
        "taskDefinitionArn": TASK_DEFINITION_ARN,
        "version": 5,
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "launchType": "FARGATE",
        "capacityProviderName": "FARGATE",
        "cpu": "256",
        "memory": "512",
        "createdAt": "2025-05-06T11:02:13.877Z",
        "pullStartedAt": "2025-05-06T11:02:27.9Z",
        "pullStoppedAt": "2025-05-06T11:02:30.12Z",
        "startedAt": "2025-05-06T11:02:31Z",
        "executionStoppedAt": "2025-05-06T11:03:00.5Z",
        "stoppingAt": "2025-05-06T11:03:05.25Z",
        "stoppedAt": "2025-05-06T11:03:31.001Z",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [container("main", 0)],
        "overrides": overrides(),
        "somethingNew": {"nobody": "knows"},
    }
    return {name: value for name, value in {**built, **changes}.items() if value is not None}


def failed_start(reason: str | None, **changes: object) -> Detail:
    """A task that never ran, as ECS reports it today: the text on the task (fact B16)."""
    never = dict.fromkeys(("pullStartedAt", "pullStoppedAt", "startedAt", "executionStoppedAt"))
    base = {"version": 4, "stopCode": "TaskFailedToStart", "containers": [container("main")]}
    return detail(**{**never, **base, "stoppedReason": reason, **changes})


def task(**changes: object) -> EcsTask:
    return EcsTask.from_detail(detail(**changes))


def life(**last: object) -> list[Detail]:
    """A usual life on Fargate: PROVISIONING, PENDING, RUNNING, DEPROVISIONING, STOPPED as versions 1 to 5 (fact B9)."""
    steps: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("PROVISIONING", _not_yet("pullStartedAt", "pullStoppedAt", "startedAt")),
        ("PENDING", _not_yet("pullStartedAt", "pullStoppedAt", "startedAt")),
        ("RUNNING", _not_yet()),
    )
    before = [
        detail(version=n, lastStatus=status, desiredStatus="RUNNING", **absent)
        for n, (status, absent) in enumerate(steps, start=1)
    ]
    end = detail(**last)
    return [*before, {**end, "version": 4, "lastStatus": "DEPROVISIONING"}, end]


def event(of: Detail, *, event_id: str = "00000000-0000-4000-8000-000000000001") -> Detail:
    """The envelope around a detail (fact B1)."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "123456789012",
        "time": "2025-05-06T11:03:31Z",
        "region": "us-east-1",
        "resources": [of.get("taskArn", "")],
        "detail": of,
    }


def execution_event(status: str, **changes: object) -> Detail:
    """A "Step Functions Execution Status Change" of the run's execution; times in milliseconds, as AWS has them."""
    built: Detail = {
        "executionArn": EXECUTION_ARN,
        "stateMachineArn": MACHINES.callback,
        "name": RUN_ID,
        "status": str(status),
        "startDate": 1_746_529_330_000,
        "stopDate": None if status == "RUNNING" else 1_746_529_413_000,
        "input": f'{{"commands": ["job"], "environment": {{"SECRET": "{CANARY}"}}}}',
        "output": None,
        "error": None,
        "cause": None,
        "redriveCount": 0,
    }
    envelope = event({**built, **changes})
    return {
        **envelope,
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "resources": [EXECUTION_ARN],
    }


def _not_yet(*more: str) -> dict[str, object]:
    ended = ("executionStoppedAt", "stoppingAt", "stoppedAt", "stopCode", "stoppedReason")
    return {**dict.fromkeys((*ended, *more)), "containers": [container("main")]}


def _given(**values: object) -> Detail:
    return {name: value for name, value in values.items() if value is not None}
