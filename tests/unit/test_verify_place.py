"""What a place does about events that come in any order, roles that are new, and tasks that end too soon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from verify import place as module
from verify.made import Made
from verify.place import EndedTooSoonError, Place
from verify.waiting import Patience

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/jobs/1"


@dataclass
class Sqs:
    """A queue that gives one of its batches at each call."""

    batches: list[list[Mapping[str, object]]]
    deleted: int = 0

    def receive_message(self, **_: object) -> dict[str, object]:
        batch = self.batches.pop(0) if self.batches else []
        return {"Messages": [{"Body": json.dumps(event), "ReceiptHandle": "r"} for event in batch]}

    def delete_message(self, **_: object) -> None:
        self.deleted += 1


@dataclass
class Ecs:
    """Registers, and describes a task as it is told."""

    registered: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, object]] = field(default_factory=list)

    def register_task_definition(self, **request: Any) -> dict[str, Any]:
        self.registered.append(request)
        return {"taskDefinition": {"taskDefinitionArn": f"family:{len(self.registered)}"}}

    def describe_tasks(self, **_: object) -> dict[str, object]:
        return {"tasks": [self.tasks.pop(0)] if self.tasks else []}


@dataclass
class Sfn:
    """Refuses the first machines with an error, and knows executions by their statuses."""

    refusals: list[str] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    def create_state_machine(self, name: str, **_: object) -> dict[str, str]:
        if self.refusals:
            raise ClientError({"Error": {"Code": self.refusals.pop(0), "Message": ""}}, "CreateStateMachine")
        return {"stateMachineArn": name}

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803 - as boto3 names it
        return {"status": self.statuses[executionArn]}

    def stop_execution(self, executionArn: str) -> None:  # noqa: N803
        self.stopped.append(executionArn)


def place(sqs: Sqs | None = None, ecs: Ecs | None = None, sfn: Sfn | None = None) -> Place:
    nothing: Any = SimpleNamespace()
    options = {"awslogs-group": "/jobs/tasks", "awslogs-stream-prefix": "runs"}
    return Place(
        name="verify-1",
        cluster="arn:aws-cn:ecs:cn-north-1:123456789012:cluster/jobs",
        network={"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"},
        container={"image": "any", "logConfiguration": {"logDriver": "awslogs", "options": options}},
        roles={"executionRoleArn": "execution", "taskRoleArn": "task"},
        role="role",
        queue="queue",
        outputs={},
        ecs=cast("Any", ecs or nothing),
        sfn=cast("Any", sfn or nothing),
        sqs=cast("Any", sqs or nothing),
        logs=nothing,
        api=nothing,
        patience=Patience(limit_seconds=60, longest_pause_seconds=0.01),
        made=Made(),
    )


def event(version: int, status: str, *, resource: str = TASK, again: bool = False) -> dict[str, object]:
    detail = {"version": version, "lastStatus": status}
    return {"id": f"{resource}-{version}", "resources": [resource], "detail": {**detail, "again": again}}


def versions(details: list[dict[str, Any]]) -> list[int]:
    return [detail["version"] for detail in details]


def test_events_that_overtake_each_other_are_waited_for_and_put_in_order() -> None:
    batches = [
        [event(3, "STOPPED"), event(1, "PENDING")],
        [],
        [event(9, "RUNNING", resource="other")],
        [event(2, "RUNNING")],
    ]
    sqs = Sqs([list(batch) for batch in batches])
    assert versions(place(sqs).task_events(TASK)) == [1, 2, 3]
    assert sqs.deleted == 4


def test_an_event_that_comes_twice_counts_once() -> None:
    doubled = [event(1, "PENDING"), event(1, "PENDING", again=True), event(2, "STOPPED")]
    assert [detail["again"] for detail in place(Sqs([list(doubled)])).task_events(TASK)] == [False, False]


def test_an_event_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE_SECONDS", 0)
    assert versions(place(Sqs([[event(4, "STOPPED")]])).task_events(TASK)) == [4]


def test_events_of_others_are_kept_for_who_asks_for_them() -> None:
    one = place(Sqs([[event(1, "STOPPED", resource="other"), event(1, "STOPPED")]]))
    assert versions(one.task_events(TASK)) == [1]
    assert versions(one.task_events("other")) == [1]


@pytest.mark.parametrize(
    ("batches", "comes"), [([[event(1, "PENDING")]], True), ([[event(1, "P", resource="o")]], False)]
)
def test_whether_an_event_comes(
    monkeypatch: pytest.MonkeyPatch, batches: list[list[Mapping[str, object]]], comes: bool
) -> None:
    monkeypatch.setattr(module, "LATE_SECONDS", 0)
    assert place(Sqs(batches)).comes_soon(TASK) is comes


@pytest.mark.parametrize(
    ("statuses", "wanted", "gives"),
    [
        ([], "STOPPED", None),
        (["PENDING", "RUNNING"], "RUNNING", "RUNNING"),
        (["MISSING", "STOPPED"], "STOPPED", "STOPPED"),
    ],
)
def test_a_task_is_waited_for(statuses: list[str], wanted: str, gives: str | None) -> None:
    ecs = Ecs(tasks=[{"lastStatus": status} for status in statuses])
    one = place(ecs=ecs)
    if gives is None:
        assert one.task(TASK) == {"lastStatus": "MISSING"}
    else:
        assert one.task_in(wanted, TASK)["lastStatus"] == gives


def test_a_task_that_ended_is_not_waited_for_any_more() -> None:
    ended: dict[str, object] = {"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "stoppedReason": "CannotPull"}
    with pytest.raises(EndedTooSoonError, match="not RUNNING before it STOPPED: TaskFailedToStart, CannotPull"):
        place(ecs=Ecs(tasks=[ended])).task_in("RUNNING", TASK)


def test_the_same_definition_is_registered_once() -> None:
    ecs = Ecs()
    one = place(ecs=ecs)
    arns = [one.definition({}), one.definition({"memory": 64}), one.definition({}), one.definition({}, task_role=False)]
    assert arns == ["family:1", "family:2", "family:1", "family:3"]
    first, _, third = ecs.registered
    assert first["tags"] == [{"key": "fargate-runs-verify", "value": "verify-1"}]
    assert (first["taskRoleArn"], first["executionRoleArn"]) == ("task", "execution")
    assert "taskRoleArn" not in third
    (container,) = first["containerDefinitions"]
    assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == "verify"
    assert (container["name"], container["entryPoint"]) == ("main", ["sh", "-c"])


def test_a_sidecar_keeps_its_own_name() -> None:
    ecs = Ecs()
    place(ecs=ecs).definition({}, {"name": "side", "essential": False})
    assert [(one["name"], one["essential"]) for one in ecs.registered[0]["containerDefinitions"]] == [
        ("main", True),
        ("side", False),
    ]


def test_a_machine_is_tried_again_while_its_role_is_new() -> None:
    sfn = Sfn(refusals=["AccessDeniedException", "AccessDeniedException"])
    assert place(sfn=sfn).machine({}) == "verify-1-0"


@pytest.mark.parametrize(("code", "seconds"), [("InvalidDefinition", 60), ("AccessDeniedException", -1)])
def test_another_refusal_or_one_for_too_long_is_one(monkeypatch: pytest.MonkeyPatch, code: str, seconds: int) -> None:
    monkeypatch.setattr(module, "ROLE_SECONDS", seconds)
    with pytest.raises(ClientError, match=code):
        place(sfn=Sfn(refusals=[code])).machine({})


def test_only_an_execution_that_runs_is_stopped_at_the_end() -> None:
    sfn = Sfn(statuses={"runs": "RUNNING", "ended": "SUCCEEDED"})
    one = place(sfn=sfn)
    one.will_stop("runs")
    one.will_stop("ended")
    assert one.made.remove_all() == []
    assert sfn.stopped == ["runs"]


def test_arns_are_of_the_clusters_partition() -> None:
    assert place().resource("ecs:runTask.sync") == "arn:aws-cn:states:::ecs:runTask.sync"


def test_runtask_of_a_state_machine_has_the_network_in_pascal_case() -> None:
    parameters = place().parameters("family:1", "exit 3", Count=1)
    assert parameters["NetworkConfiguration"] == {
        "AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}
    }
    assert parameters["Overrides"] == {"ContainerOverrides": [{"Name": "main", "Command": ["exit 3"]}]}
    assert parameters["Count"] == 1
    assert place().parameters("family:1")["Overrides"] == {"ContainerOverrides": [{"Name": "main"}]}
