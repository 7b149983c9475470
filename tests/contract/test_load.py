"""Many tasks at once on a small machine: every event comes, in order; nothing is polled at rest."""

from __future__ import annotations

import json
import time

from local.state import read_state
from tests.contract.conftest import Aws, Json
from tests.processes import server_of
from tests.waiting import eventually

TASKS = 100
REST_SECONDS = 10
ARGUMENTS = ["python", "-S", "-c", "print('one of many')"]


def test_a_hundred_tasks_at_once_have_all_their_events_in_order(aws: Aws) -> None:
    definition = aws.task_definition({"command": ARGUMENTS})
    started = [task for _ in range(TASKS // 10) for task in ten(aws, definition)]
    assert len(set(started)) == TASKS

    def complete() -> dict[str, list[tuple[object, object]]] | None:
        aws.receive()
        seen: dict[str, list[tuple[object, object]]] = {arn: [] for arn in started}
        for event in aws.seen:
            detail = event["detail"]
            assert isinstance(detail, dict)
            if detail["taskArn"] in seen:
                seen[detail["taskArn"]].append((detail["version"], detail["lastStatus"]))
        return seen if all(events and events[-1][1] == "STOPPED" for events in seen.values()) else None

    expected = [(1, "PROVISIONING"), (2, "PENDING"), (3, "RUNNING"), (4, "DEPROVISIONING"), (5, "STOPPED")]
    for events in eventually(complete, "the end of every task", limit_seconds=240).values():
        assert events == expected


def ten(aws: Aws, definition: str) -> list[str]:
    """Ten tasks with one call, the most that RunTask starts (fact B34)."""
    answer = aws.ecs.run_task(
        cluster=aws.cluster,
        taskDefinition=definition,
        count=10,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    return [task["taskArn"] for task in answer["tasks"]]


def test_a_hundred_executions_at_once_all_end(aws: Aws) -> None:
    """Through one Map, so that every state machine part is under load too."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": aws.parameters(aws.task_definition({}), *ARGUMENTS),
        "ResultSelector": {"code.$": "$.Containers[0].ExitCode"},
        "End": True,
    }
    machine = {
        "StartAt": "All",
        "States": {
            "All": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "Run", "States": {"Run": task}},
                "End": True,
            }
        },
    }
    end = aws.ended(aws.start(machine, {"items": list(range(TASKS))}), limit_seconds=240)
    results: list[Json] = json.loads(str(end["output"]))
    assert results == [{"code": 0}] * TASKS


def test_at_rest_the_runtime_uses_next_to_no_processor(aws: Aws) -> None:
    """Under 2 % of one core, by the processor time that it has used itself: a busy machine makes no difference."""
    # The memory of containers that live is looked at, so there is no rest with those that earlier tests have left.
    aws.at_rest()
    state = read_state()
    assert state is not None
    server = server_of(state.guard_pid)

    def quiet() -> bool | None:
        before = sum(server.cpu_times()[:2])
        time.sleep(REST_SECONDS)
        return (sum(server.cpu_times()[:2]) - before) / REST_SECONDS < 0.02

    # Right after a test its last threads may still be ending: one quiet stretch is what must come.
    assert eventually(quiet, "ten seconds with under 2 % of a core", limit_seconds=60)
