"""One contract for the cluster, for its twin in memory and for ECS; and what each answer of ECS means to us."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate_runs.aws.ecs import EcsCluster
from fargate_runs.ports import Cluster, ClusterUnavailableError, Described, TaskList
from fargate_runs.reading.task import EcsTask
from tests.fakes.cluster import PAGE, InMemoryCluster
from tests.fakes.ecs import CANARY, CLUSTER_ARN, TOKEN, Detail, detail, life, overrides, task_arn
from tests.fakes.wire import unreachable

REASON = "AWS Step Functions execution [x] managing this resource ended: ABORTED"
Prepared = tuple[Cluster, Callable[[], None]]


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield client, stubber


def as_described(given: Detail) -> Detail:
    """As the client of ECS has it: times are datetimes, and only what its model knows."""
    unknown = {"somethingNew"}
    built = {name: value for name, value in given.items() if name not in unknown}
    return {name: datetime.fromisoformat(value) if name.endswith("At") else value for name, value in built.items()}


def numbered(number: int) -> str:
    return task_arn(f"{number:032x}")


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("number", [0, 1, PAGE, PAGE + 1, 2 * PAGE + 50])
@pytest.mark.parametrize("which", TaskList)
def test_lists(kind: str, number: int, which: TaskList, stubbed: tuple[Any, Stubber]) -> None:
    arns = [numbered(n) for n in range(number)]
    cluster: Cluster = InMemoryCluster(*(detail(taskArn=arn, desiredStatus=which.value) for arn in arns))
    if kind == "aws":
        client, stubber = stubbed
        cluster = EcsCluster(client, CLUSTER_ARN)
        starts = range(0, max(1, number), PAGE)
        for start in starts:
            request = {"cluster": CLUSTER_ARN, "desiredStatus": which.value}
            request |= {"nextToken": f"from-{start}"} if start else {}
            more = {"nextToken": f"from-{start + PAGE}"} if start + PAGE < number else {}
            stubber.add_response("list_tasks", {"taskArns": arns[start : start + PAGE], **more}, request)
    pages = list(cluster.listed(which))
    assert [arn for page in pages for arn in page] == arns
    assert all(len(page) <= PAGE for page in pages)
    stubbed[1].assert_no_pending_responses()


@pytest.mark.parametrize("token", ["", None])
def test_a_last_page_of_whatever_form(token: str | None, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response("list_tasks", {"taskArns": [task_arn()], **({} if token is None else {"nextToken": token})})
    assert list(EcsCluster(client, CLUSTER_ARN).listed(TaskList.RUNNING)) == [[task_arn()]]


def test_pages_are_asked_for_when_they_are_wanted(stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response("list_tasks", {"taskArns": [task_arn()], "nextToken": "more"})
    pages = EcsCluster(client, CLUSTER_ARN).listed(TaskList.STOPPED)
    assert next(pages) == [task_arn()]
    stubber.add_client_error("list_tasks", "ThrottlingException")
    with pytest.raises(ClusterUnavailableError, match="ThrottlingException"):
        next(pages)


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_described(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    """Tasks in the shape of an event's detail, and by name those that ECS does not know."""
    known = detail(overrides=overrides(token=TOKEN), containers=[])
    cluster: Cluster = InMemoryCluster(known)
    asked = [task_arn(), numbered(7)]
    if kind == "aws":
        client, stubber = stubbed
        cluster = EcsCluster(client, CLUSTER_ARN)
        answer = {"tasks": [as_described(known)], "failures": [{"arn": numbered(7), "reason": "MISSING"}]}
        stubber.add_response("describe_tasks", answer, {"cluster": CLUSTER_ARN, "tasks": asked})
    described = cluster.describe(asked)
    assert described.missing == {numbered(7)}
    (found,) = described.tasks
    assert EcsTask.from_detail(found) == EcsTask.from_detail(known)
    assert EcsTask.from_detail(found).token == TOKEN


@pytest.mark.parametrize("state", range(5))
def test_a_task_is_the_same_from_ecs_and_from_an_event(state: int, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    given = life()[state]
    stubber.add_response("describe_tasks", {"tasks": [as_described(given)], "failures": []})
    (found,) = EcsCluster(client, CLUSTER_ARN).describe([task_arn()]).tasks
    assert EcsTask.from_detail(found) == EcsTask.from_detail(given)


@pytest.mark.parametrize(
    ("failure", "missing"),
    [
        ({"arn": numbered(7), "reason": "MISSING", "detail": "x"}, {numbered(7)}),
        ({"arn": numbered(7), "reason": "ACCESS_DENIED"}, set()),
        ({"arn": numbered(7)}, set()),
        ({"reason": "MISSING"}, {""}),
    ],
)
def test_failures_of_a_description(failure: Any, missing: set[str], stubbed: tuple[Any, Stubber]) -> None:
    """Only MISSING says that ECS does not know the task (fact B12)."""
    client, stubber = stubbed
    stubber.add_response("describe_tasks", {"tasks": [], "failures": [failure]})
    assert EcsCluster(client, CLUSTER_ARN).describe([numbered(7)]) == Described((), frozenset(missing))


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_a_stop(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    twin = InMemoryCluster(life()[2])
    cluster: Cluster = twin if kind == "in-memory" else EcsCluster(client, CLUSTER_ARN)
    request = {"cluster": CLUSTER_ARN, "task": task_arn(), "reason": REASON}
    stubber.add_response("stop_task", {}, request)
    cluster.stop(task_arn(), REASON)
    if kind == "in-memory":
        assert twin.stops == [(task_arn(), REASON)]
    else:
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_a_stop_of_a_task_that_ecs_does_not_know(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    """It does not run, so there is nothing to be done."""
    client, stubber = stubbed
    stubber.add_client_error("stop_task", "InvalidParameterException", "The referenced task was not found.")
    cluster: Cluster = InMemoryCluster() if kind == "in-memory" else EcsCluster(client, CLUSTER_ARN)
    cluster.stop(task_arn(), REASON)


CALLS: dict[str, tuple[str, Callable[[Cluster], object]]] = {
    "listed": ("list_tasks", lambda cluster: list(cluster.listed(TaskList.RUNNING))),
    "describe": ("describe_tasks", lambda cluster: cluster.describe([task_arn()])),
    "stop": ("stop_task", lambda cluster: cluster.stop(task_arn(), REASON)),
}


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("name", CALLS)
def test_ecs_is_down(kind: str, name: str, stubbed: tuple[Any, Stubber]) -> None:
    operation, call = CALLS[name]
    cluster: Cluster = InMemoryCluster()
    if kind == "in-memory":
        cluster.is_down = True  # type: ignore[attr-defined]
    else:
        client, stubber = stubbed
        stubber.add_client_error(operation, "ThrottlingException", f"Rate exceeded for {CANARY}")
        cluster = EcsCluster(client, CLUSTER_ARN)
    with pytest.raises(ClusterUnavailableError, match="ThrottlingException") as raised:
        call(cluster)
    assert CANARY not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ServerException", "Service Unavailable"),
        ("AccessDeniedException", "not authorized"),
        ("ClusterNotFoundException", "Cluster not found."),
        ("InvalidParameterException", "Rate exceeded"),
        ("ClientException", "The referenced task was not found."),
    ],
)
def test_further_codes(name: str, code: str, message: str, stubbed: tuple[Any, Stubber]) -> None:
    """InvalidParameterException may wrap a throttle (fact B24): only together with its words it says not found."""
    operation, call = CALLS[name]
    client, stubber = stubbed
    stubber.add_client_error(operation, code, message)
    with pytest.raises(ClusterUnavailableError, match=f"ECS answered {code}"):
        call(EcsCluster(client, CLUSTER_ARN))


@pytest.mark.parametrize("name", CALLS)
def test_no_answer(name: str) -> None:
    with pytest.raises(ClusterUnavailableError, match="ConnectTimeoutError"):
        CALLS[name][1](EcsCluster(unreachable("ecs"), CLUSTER_ARN))


def test_times_are_times() -> None:
    assert as_described(detail())["createdAt"] == datetime(2025, 5, 6, 11, 2, 13, 877_000, tzinfo=UTC)
