"""ListTasks and DescribeTasks, as a sweep uses them (ListTasks and DescribeTasks of the API reference; fact B12)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws
from tests.contract.running import EXIT_0, STAY, run


def family_of(definition: str) -> str:
    """The family in a task definition's ARN."""
    return definition.rpartition("/")[2].partition(":")[0]


def listed(aws: Aws, definition: str, **more: Any) -> list[str]:
    """The ARNs of a family's tasks, from all pages."""
    family = family_of(definition)
    pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=aws.cluster, family=family, **more)
    return [arn for page in pages for arn in page["taskArns"]]


def test_b12_a_list_goes_by_the_desired_status(aws: Aws) -> None:
    definition = aws.task_definition({"stopTimeout": 20})
    stays, ends = run(aws, definition, STAY), run(aws, definition, EXIT_0)
    aws.until_status(stays, "RUNNING")
    aws.task_events(ends)
    assert listed(aws, definition) == [stays], "RUNNING unless told"
    assert listed(aws, definition, desiredStatus="RUNNING") == [stays]
    assert listed(aws, definition, desiredStatus="STOPPED") == [ends]
    assert listed(aws, definition, desiredStatus="PENDING") == []
    shown = aws.ecs.stop_task(cluster=aws.cluster, task=stays)["task"]
    assert (shown["desiredStatus"], shown["lastStatus"]) == ("STOPPED", "RUNNING")
    assert listed(aws, definition, desiredStatus="RUNNING") == []
    assert sorted(listed(aws, definition, desiredStatus="STOPPED")) == sorted([stays, ends])


def test_a_task_that_has_not_started_is_listed_as_running(aws: Aws) -> None:
    definition = aws.task_definition({})
    task = run(aws, definition, STAY)
    assert listed(aws, definition, desiredStatus="RUNNING") == [task]
    aws.ecs.stop_task(cluster=aws.cluster, task=task)


def test_lists_come_in_pages(aws: Aws) -> None:
    definition = aws.task_definition({})
    tasks = [run(aws, definition, STAY) for _ in range(5)]
    family = family_of(definition)
    first = aws.ecs.list_tasks(cluster=aws.cluster, family=family, maxResults=2)
    second = aws.ecs.list_tasks(cluster=aws.cluster, family=family, maxResults=2, nextToken=first["nextToken"])
    third = aws.ecs.list_tasks(cluster=aws.cluster, family=family, maxResults=2, nextToken=second["nextToken"])
    assert [len(page["taskArns"]) for page in (first, second, third)] == [2, 2, 1]
    assert "nextToken" not in third
    assert sorted(first["taskArns"] + second["taskArns"] + third["taskArns"]) == sorted(tasks)
    assert sorted(listed(aws, definition, PaginationConfig={"PageSize": 3})) == sorted(tasks)
    for task in tasks:
        aws.ecs.stop_task(cluster=aws.cluster, task=task)


def test_a_task_that_goes_between_two_pages_hides_no_other(aws: Aws) -> None:
    definition = aws.task_definition({})
    tasks = [run(aws, definition, STAY) for _ in range(4)]
    family = family_of(definition)
    first = aws.ecs.list_tasks(cluster=aws.cluster, family=family, maxResults=2)
    for task in first["taskArns"]:
        aws.ecs.stop_task(cluster=aws.cluster, task=task)
    second = aws.ecs.list_tasks(cluster=aws.cluster, family=family, maxResults=2, nextToken=first["nextToken"])
    assert sorted(first["taskArns"] + second["taskArns"]) == sorted(tasks)
    for task in second["taskArns"]:
        aws.ecs.stop_task(cluster=aws.cluster, task=task)


@pytest.mark.parametrize(
    "parameters",
    [
        {"maxResults": 0},
        {"maxResults": 101},
        {"nextToken": "what"},
        {"desiredStatus": "ENDED"},
    ],
)
def test_lists_that_cannot_be(aws: Aws, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        aws.ecs.list_tasks(cluster=aws.cluster, **parameters)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_b12_of_many_tasks_those_that_are_not_known_are_missing(aws: Aws) -> None:
    definition = aws.task_definition({})
    task = run(aws, definition, STAY)
    base = task.rsplit("/", 1)[0]
    unknown = [f"{base}/{number:032x}" for number in range(99)]
    answer = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task, *unknown])
    assert [each["taskArn"] for each in answer["tasks"]] == [task]
    assert [(each.get("arn"), each.get("reason")) for each in answer["failures"]] == [
        (arn, "MISSING") for arn in unknown
    ]
    with pytest.raises(ClientError, match=r"Tasks cannot have more than 100 elements\."):
        aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task, *unknown, f"{base}/{100:032x}"])
    aws.ecs.stop_task(cluster=aws.cluster, task=task)
