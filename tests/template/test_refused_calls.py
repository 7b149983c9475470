"""RunTask was refused: every machine is walked with what Step Functions says then, and with the real judge.

The names and texts are those of facts B24, B37, B47 and B48.
"""

import heapq
import json
import random
from collections.abc import Mapping

import pytest

from fargate_runs.outcomes.rules import RULES
from fargate_runs.runs.attempts import Failed, Plan, next_attempt
from fargate_runs.runs.request import MOST_RETRIES, Capacity
from tests.template.evaluating import NAME, SUBSTITUTIONS, Evaluate
from tests.template.loading import Node, Object, nodes, substituted
from tests.template.test_retries import OVER, START
from tests.template.walking import Raised, Walk, variable, walk

NO_RETRIES: Object = {"commands": ["true"], "retries": 0}
MOST_THROTTLES = 10


def said(text: str, code: str, status: int = 400) -> str:
    """The cause of an API error (fact B24)."""
    request_id = "Request ID: 5c2a3b1e-5c5e-4c8e-9f55-6d8f6c2f3c11"
    return f"{text} (Service: AmazonECS; Status Code: {status}; Error Code: {code}; {request_id}; Proxy: null)"


def failures(*reasons: str) -> str:
    """RunTask's answer, as far as it matters: the cause of AmazonECS.Unknown (fact B23)."""
    return json.dumps({"Failures": [{"Reason": reason} for reason in reasons], "Tasks": []})


RATE = said("Rate exceeded", "ThrottlingException")
THROTTLES = {
    "as AWS names it": Raised("ECS.AmazonECSException", RATE),
    "by its text alone": Raised("ECS.AmazonECSException", "Rate exceeded"),
    "as a client's error": Raised("ECS.ClientException", said("Rate exceeded", "ClientException")),
    "by its code alone": Raised("ECS.AmazonECSException", said("Slow down", "ThrottlingException")),
    "under a newer SDK's name": Raised("ECS.EcsException", RATE),
    "by another name of a throttle": Raised("ECS.TooManyRequestsException", "Too many requests"),
}
BEHIND = Raised(
    "ECS.InvalidParameterException",
    said(
        "Error retrieving subnet information for [subnet-1]: Rate exceeded (ErrorCode: Throttling)",
        "InvalidParameterException",
    ),
)
PASSING = {
    "a throttle of EC2": BEHIND,
    "a network interface": Raised(
        "ECS.ClientException",
        said(
            "Unexpected EC2 error while attempting to Create Network Interface: RequestLimitExceeded", "ClientException"
        ),
    ),
    "a server's error under the name of all": Raised(
        "ECS.AmazonECSException", said("null", "ServiceUnavailable", status=503)
    ),
    "a role in the making": Raised(
        "ECS.InvalidParameterException",
        said(
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
            "InvalidParameterException",
        ),
    ),
}
REFUSED = {
    "inactive": Raised("ECS.ClientException", said("TaskDefinition is inactive", "ClientException")),
    "a parameter": Raised(
        "ECS.InvalidParameterException",
        said("No Fargate configuration exists for given values.", "InvalidParameterException"),
    ),
    "not allowed": Raised(
        "ECS.AmazonECSException", said("User: x is not authorized to perform: ecs:RunTask", "AccessDeniedException")
    ),
    "not caught": Raised("ECS.AccessDeniedException", said("User: x is not authorized", "AccessDeniedException")),
    "no cluster": Raised("ECS.ClusterNotFoundException", said("Cluster not found.", "ClusterNotFoundException")),
    "nothing said": Raised("ECS.AmazonECSException"),
}
LIMIT = "ve reached the limit on the number of vCPUs you can run concurrently"
NO_CAPACITY = [
    "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    f"You\N{RIGHT SINGLE QUOTATION MARK}{LIMIT}",
    f"You'{LIMIT}",
    "You've reached the limit on the number of tasks you can run concurrently",
    "Tasks provisioning capacity limit exceeded.",
]
CAPACITY: dict[str, Raised] = {
    **{
        f"{error}: {text}": Raised(f"ECS.{error}", said(text, "ClientException"))
        for error in ("ClientException", "AmazonECSException")
        for text in NO_CAPACITY
    },
    "failures": Raised("AmazonECS.Unknown", failures("RESOURCE:FARGATE")),
    "failures with a text": Raised("AmazonECS.Unknown", failures("MISSING", NO_CAPACITY[1])),
    "nothing said": Raised("AmazonECS.Unknown"),
    "nothing to read": Raised("AmazonECS.Unknown", "Unknown Error"),
}


@pytest.mark.parametrize("case", THROTTLES)
def test_a_throttle_is_tried_again_and_is_none_of_the_retries(case: str, deployed: Object, evaluate: Evaluate) -> None:
    went = walk(deployed, evaluate, NO_RETRIES, THROTTLES[case])
    assert (went.error, went.attempts) == (None, ["1", "1"])
    plan = went.variables["plan"]
    assert (plan["retried"], plan["throttles"], len(went.waits)) == (0, 1, 1)


def test_a_throttle_that_does_not_end_uses_up_the_retries_at_last(deployed: Object, evaluate: Evaluate) -> None:
    throttle = THROTTLES["as AWS names it"]
    went = walk(deployed, evaluate, NO_RETRIES, *[throttle] * MOST_THROTTLES)
    assert (went.error, len(went.calls)) == (None, MOST_THROTTLES + 1)
    went = walk(deployed, evaluate, NO_RETRIES | {"retries": 2}, *[throttle] * 99)
    assert (went.error, went.cause, len(went.calls)) == ("ECS.AmazonECSException", RATE, MOST_THROTTLES + 3)
    assert set(went.attempts) == {"1"}


def test_a_throttle_under_the_name_that_is_on_no_record(deployed: Object, evaluate: Evaluate) -> None:
    """First by the state's own Retry, then as every throttle."""
    went = walk(deployed, evaluate, NO_RETRIES, *[Raised("ECS.ThrottlingException", "Rate exceeded")] * 9)
    assert (went.error, len(went.calls), went.variables["plan"]["throttles"]) == (None, 10, 1)


@pytest.mark.parametrize("case", PASSING)
def test_what_may_pass_is_tried_until_the_retries_are_used_up(case: str, deployed: Object, evaluate: Evaluate) -> None:
    raised = PASSING[case]
    went = walk(deployed, evaluate, NO_RETRIES | {"retries": 2}, raised, raised)
    assert (went.error, went.attempts, went.variables["plan"]["throttles"]) == (None, ["1"] * 3, 0)
    for retries in (0, 1, MOST_RETRIES):
        went = walk(deployed, evaluate, NO_RETRIES | {"retries": retries}, *[raised] * 99)
        assert (went.error, went.cause) == (raised.error, raised.cause)
        assert len(went.calls) == 1 + retries


@pytest.mark.parametrize("error", ["ECS.ServerException", "ECS.SdkClientException"])
def test_a_failure_of_the_service_is_retried_and_then_judged(error: str, deployed: Object, evaluate: Evaluate) -> None:
    raised = Raised(error, said("Service Unavailable.", error, status=500))
    went = walk(deployed, evaluate, NO_RETRIES, *[raised] * 4)
    assert (went.error, len(went.calls), went.waits) == (None, 5, [])
    went = walk(deployed, evaluate, NO_RETRIES | {"retries": 1}, *[raised] * 99)
    assert (went.error, len(went.calls), len(went.waits)) == (error, 10, 1)


@pytest.mark.parametrize("case", REFUSED)
def test_any_other_refusal_ends_the_run_at_once_as_aws_names_it(
    case: str, deployed: Object, evaluate: Evaluate
) -> None:
    raised = REFUSED[case]
    went = walk(deployed, evaluate, {"retries": 10}, raised)
    assert (went.error, went.cause or None, len(went.calls)) == (raised.error, raised.cause, 1)


@pytest.mark.parametrize("case", CAPACITY)
def test_a_lack_of_capacity_has_its_name(case: str, deployed: Object, evaluate: Evaluate) -> None:
    went = walk(deployed, evaluate, {"retries": 2}, *[CAPACITY[case]] * 99)
    assert (went.error, went.attempts) == ("Task.CapacityUnavailable", ["1"] * 3)
    cause = json.loads(str(went.cause))
    assert (cause["runId"], cause["taskArn"], cause["exitCode"]) == (NAME, None, None)
    assert (cause["status"], cause["transient"]) == ("FAILED", True)
    assert cause["advice"] == next(rule.advice for rule in RULES if rule.error == went.error)
    assert "ECS started none" in cause["summary"]


@pytest.mark.parametrize("case", CAPACITY)
def test_spot_first_goes_on_with_on_demand_at_once(case: str, deployed: Object, evaluate: Evaluate) -> None:
    went = walk(deployed, evaluate, {"capacity": "spot-first", "retries": 0}, CAPACITY[case])
    assert (went.error, went.waits, went.providers) == (None, [0], ["FARGATE_SPOT", "FARGATE"])


def test_where_nobody_judges_the_error_goes_on_as_it_is(deployed: Object, evaluate: Evaluate) -> None:
    def is_down(_payload: Mapping[str, Node]) -> Object:
        raise Raised("Lambda.ServiceException", "down")

    went = walk(deployed, evaluate, {"retries": 3}, THROTTLES["as AWS names it"], judge=is_down)
    assert (went.error, went.cause, len(went.calls)) == ("ECS.AmazonECSException", RATE, 1)
    assert went.steps.count("retried") == 8
    assert went.steps[-1] == OVER


def test_a_judge_of_an_older_version_decides_nothing(deployed: Object, evaluate: Evaluate) -> None:
    """While a stack is updated: its answer has no plan, and the error goes on as it is."""
    older = {"error": "Task.CapacityUnavailable", "cause": "{}", "transient": True, "exitCode": None}
    went = walk(deployed, evaluate, {"retries": 1}, THROTTLES["as AWS names it"], judge=lambda _payload: older)
    assert (went.error, went.cause, len(went.calls)) == ("ECS.AmazonECSException", RATE, 1)


def test_a_time_out_is_neither_judged_nor_tried_again(deployed: Object, evaluate: Evaluate) -> None:
    went = walk(deployed, evaluate, {"retries": 3}, Raised("States.Timeout", ""))
    assert (went.error, went.steps) == ("States.Timeout", ["Prepare the run", START])


def test_a_plain_run_has_as_few_transitions_as_can_be(deployed: Object, evaluate: Evaluate) -> None:
    steps = walk(deployed, evaluate, {}).steps
    is_looked_at = "Did it start?" in deployed["States"]
    assert steps == ["Prepare the run", START] + (["Did it start?", "Started"] if is_looked_at else [])


def longest_waits() -> list[int]:
    """After each throttle of a run that has no retries."""
    plan, found = Plan.first(Capacity.ON_DEMAND, 0, (), 10), []
    throttled = Failed("ECS.AmazonECSException", transient=True, throttled=True, started_a_task=False)
    while following := next_attempt(plan, throttled, 0.999_999):
        plan = following.plan
        found.append(following.wait_seconds)
    return found


def test_a_burst_of_starts_gets_through() -> None:
    """A thousand at once, with the quota of a new account: 100 at once, then 20 a second (fact B34)."""
    longest = longest_waits()
    assert longest == [2, 4, 8, 16, 32, 64, 120, 120, 120, 120]
    for size, seed in ((1_000, 1), (1_000, 2), (3_000, 3)):
        assert throttled_at_most(size, longest, random.Random(seed)) <= MOST_THROTTLES


def throttled_at_most(starts: int, longest: list[int], rng: random.Random) -> int:
    """How often the unluckiest of so many starts is throttled."""
    waiting = [(rng.random() * 2, n, 0) for n in range(starts)]
    heapq.heapify(waiting)
    room, before, most = 100.0, 0.0, 0
    while waiting:
        now, start, throttles = heapq.heappop(waiting)
        room, before = min(100.0, room + 20 * (now - before)), now
        if room >= 1:
            room, most = room - 1, max(most, throttles)
        elif throttles == MOST_THROTTLES:
            return throttles + 1
        else:
            wait = int(rng.random() * (longest[throttles] + 1))
            heapq.heappush(waiting, (now + 1 + wait, start, throttles + 1))
    return most


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_resources_are_of_the_stacks_partition(partition: str, machine: Object) -> None:
    """Fact B41: with another one the machine is refused."""
    there = substituted(machine, SUBSTITUTIONS | {"Partition": partition})
    resources = [node["Resource"] for node in nodes(there) if isinstance(node, dict) and "Resource" in node]
    assert len(resources) == 4
    assert all(resource.startswith(f"arn:{partition}:states:::") for resource in resources)


class TestRequestResponse:
    """RunTask's answer is looked at: what the other patterns fail with is judged under the same name."""

    @pytest.mark.parametrize(
        ("reasons", "error", "calls"),
        [
            (["RESOURCE:FARGATE"], "Task.CapacityUnavailable", 2),
            ([NO_CAPACITY[0]], "Task.CapacityUnavailable", 2),
            ([NO_CAPACITY[1]], "Task.CapacityUnavailable", 2),
            (["MISSING", "RESOURCE:ENI"], "Task.CapacityUnavailable", 2),
            (["Rate exceeded"], "Task.ProvisioningFailed", 2),
            (["MISSING"], "Task.FailedToStart", 1),
            ([None], "Task.FailedToStart", 1),
        ],
    )
    def test_failures(
        self, reasons: list[str | None], error: str, calls: int, request_response: Object, evaluate: Evaluate
    ) -> None:
        listed = [{"Arn": "x"} if reason is None else {"Reason": reason} for reason in reasons]
        went = walk(request_response, evaluate, {"retries": 1}, *[{"Failures": listed, "Tasks": []}] * 9)
        assert (went.error, len(went.calls)) == (error, calls)
        cause = json.loads(str(went.cause))
        assert (cause["runId"], cause["failures"]) == (NAME, listed)
        assert cause["summary"]
        assert cause["advice"]

    def test_spot_first(self, request_response: Object, evaluate: Evaluate) -> None:
        none = {"Failures": [{"Reason": NO_CAPACITY[1]}], "Tasks": []}
        went = walk(request_response, evaluate, {"capacity": "spot-first", "retries": 0}, none)
        assert (went.error, went.waits, went.providers) == (None, [0], ["FARGATE_SPOT", "FARGATE"])

    def test_the_container_is_told_its_time_limit(self, request_response: Object, evaluate: Evaluate) -> None:
        """Nobody waits for it, so the sweep holds it to that."""
        limits = [walk(request_response, evaluate, given).calls for given in ({"timeoutSeconds": 99_999_999}, {})]
        assert [variable(calls[0], "RUN_TIMEOUT_SECONDS") for calls in limits] == ["99999999", "3600"]


class TestSync:
    def test_a_task_that_failed_is_judged_and_is_an_attempt(self, sync: Object, evaluate: Evaluate) -> None:
        task = {
            "TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/fargate-runs/0a1b",
            "ClusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/fargate-runs",
            "LastStatus": "STOPPED",
            "Version": 5,
            "StopCode": "SpotInterruption",
            "StoppedReason": "Your Spot Task was interrupted.",
            "Containers": [{"Name": "main", "ExitCode": 143}],
        }
        failed = Raised("States.TaskFailed", json.dumps(task))
        went: Walk = walk(sync, evaluate, {"retries": 1}, THROTTLES["as AWS names it"], failed)
        assert (went.error, went.attempts) == (None, ["1", "1", "2"])
        went = walk(sync, evaluate, {"retries": 0}, failed)
        assert (went.error, len(went.calls)) == ("Task.SpotInterrupted", 1)
        assert json.loads(str(went.cause))["taskArn"] == task["TaskArn"]
