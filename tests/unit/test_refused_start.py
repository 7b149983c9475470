"""What a refused RunTask call means, by its name and its text (facts B23, B24, B37, B47, B48)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.outcomes.refused_start import is_of_a_call, refusal_of
from fargate_runs.outcomes.rules import RULES

BASE, CLIENT, PARAMETER = "ECS.AmazonECSException", "ECS.ClientException", "ECS.InvalidParameterException"
NOT_SUPPORTED = "ECS.UnsupportedFeatureException"
NO_CAPACITY = "Task.CapacityUnavailable"
SUBNETS = "Error retrieving subnet information for [subnet-1]: Rate exceeded (ErrorCode: Throttling)"

SECURITY_GROUPS = "Error retrieving security group information for [sg-1]: An internal error has occurred"
EC2_LIMIT = "Error retrieving security group information for [sg-1]: Request limit exceeded."
EC2_THROTTLED = "Error retrieving subnet information for [subnet-1]: Account has been throttled on DescribeSubnets"
#: What the AWS SDKs take for throttles of a service like this one, beside those named below.
SDK_THROTTLES = ("RequestThrottled", "RequestThrottledException", "ThrottledException")


def api(text: str, code: str = "ClientException", status: object = 400) -> str:
    return f"{text} (Service: AmazonECS; Status Code: {status}; Error Code: {code}; Request ID: x; Proxy: null)"


def as_it_is_read(text: str) -> str:
    """The same text, as an object of its own."""
    return "".join(list(text))


#: (error, cause, the name that the run goes on with, whether it passes, whether it is a throttle)
CALLS: list[tuple[str, str, str, bool, bool]] = [
    (BASE, api("Rate exceeded", "ThrottlingException"), BASE, True, True),
    (BASE, api("anything", "ThrottlingException"), BASE, True, True),
    (BASE, api("anything", "Throttling"), BASE, True, True),
    (BASE, api("anything", "RequestLimitExceeded"), BASE, True, True),
    (BASE, api("anything", "TooManyRequestsException"), BASE, True, True),
    (BASE, api("anything", "NotThrottling"), BASE, False, False),
    *((BASE, api("anything", code), BASE, True, True) for code in SDK_THROTTLES),
    (BASE, "Rate exceeded", BASE, True, True),
    (BASE, "Request limit exceeded.", BASE, True, True),
    (BASE, "Rate exceeded (Service: Ecs, Status Code: 400, Request ID: x)", BASE, True, True),
    (BASE, "Too Many Requests", BASE, True, True),
    (BASE, "The request was throttled", BASE, True, True),
    (BASE, "The task is unthrottled", BASE, False, False),
    (CLIENT, api("Rate exceeded"), CLIENT, True, True),
    ("ECS.ThrottlingException", "", "ECS.ThrottlingException", True, True),
    ("ECS.TooManyRequestsException", "", "ECS.TooManyRequestsException", True, True),
    ("ECS.RequestLimitExceeded", "Request limit exceeded.", "ECS.RequestLimitExceeded", True, True),
    (
        "ECS.EcsException",
        "Rate exceeded (Service: Ecs, Status Code: 400, Request ID: x)",
        "ECS.EcsException",
        True,
        True,
    ),
    ("ECS.EcsException", "no (Service: Ecs, Status Code: 400, Request ID: x)", "ECS.EcsException", False, False),
    ("AmazonECS.ThrottlingException", "", "AmazonECS.ThrottlingException", True, True),
    (PARAMETER, api(SUBNETS, "InvalidParameterException"), PARAMETER, True, False),
    (PARAMETER, SUBNETS, PARAMETER, True, False),
    (PARAMETER, api(EC2_LIMIT, "InvalidParameterException"), PARAMETER, True, False),
    (PARAMETER, api(EC2_THROTTLED, "InvalidParameterException"), PARAMETER, True, False),
    (PARAMETER, EC2_LIMIT, PARAMETER, True, False),
    (PARAMETER, api(f"{SECURITY_GROUPS} (ErrorCode: InternalError)", "X"), PARAMETER, True, False),
    (PARAMETER, api(f"{SECURITY_GROUPS} (ErrorCode: InvalidGroup.NotFound)", "X"), PARAMETER, False, False),
    (PARAMETER, api("Unable to assume the service linked role. Please verify", "X"), PARAMETER, True, False),
    (PARAMETER, api("No Fargate configuration exists for given values.", "X"), PARAMETER, False, False),
    (CLIENT, api("TaskDefinition is inactive"), CLIENT, False, False),
    (
        CLIENT,
        api("Unexpected EC2 error while attempting to Create Network Interface: UnauthorizedOperation"),
        CLIENT,
        False,
        False,
    ),
    (CLIENT, api("Capacity is unavailable at this time."), NO_CAPACITY, True, False),
    (CLIENT, "You've reached the limit on the number of vCPUs you can run concurrently", NO_CAPACITY, True, False),
    (
        BASE,
        api("You\u2019ve reached the limit on the number of vCPUs you can run concurrently"),
        NO_CAPACITY,
        True,
        False,
    ),
    (CLIENT, api("Tasks provisioning capacity limit exceeded."), NO_CAPACITY, True, False),
    (
        CLIENT,
        api("Unexpected EC2 error while attempting to Create Network Interface: AuthFailure"),
        CLIENT,
        True,
        False,
    ),
    (BASE, api("null", "ServiceUnavailable", 503), BASE, True, False),
    (BASE, api("null", "InternalFailure", 500), BASE, True, False),
    (BASE, "null (Service: Ecs, Status Code: 503, Request ID: x) (SDK Attempt Count: 4)", BASE, True, False),
    (BASE, "null (Service: Ecs, Status Code: 499, Request ID: x) (SDK Attempt Count: 500)", BASE, False, False),
    (BASE, api("null", "Whatever", 499), BASE, False, False),
    (BASE, api("null", "Whatever", "none"), BASE, False, False),
    (BASE, "", BASE, False, False),
    ("ECS.ServerException", api("Service Unavailable.", "ServerException", 500), "ECS.ServerException", True, False),
    ("ECS.ServerException", "", "ECS.ServerException", True, False),
    ("ECS.SdkClientException", "Unable to execute HTTP request", "ECS.SdkClientException", True, False),
    ("ECS.AccessDeniedException", api("no", "AccessDeniedException"), "ECS.AccessDeniedException", False, False),
    ("AmazonECS.ClientException", "no", "AmazonECS.ClientException", False, False),
    (NOT_SUPPORTED, "", NOT_SUPPORTED, False, False),
    # A throttle behind the call under another name than RunTask's own is none of RunTask's.
    (NOT_SUPPORTED, "The account has been throttled", NOT_SUPPORTED, False, False),
    ("ECS.AccessDeniedException", "The account has been throttled", "ECS.AccessDeniedException", False, False),
    ("ECS.ServerException", api("Rate exceeded", "ServerException", 500), "ECS.ServerException", True, False),
]


@pytest.mark.parametrize(("error", "cause", "name", "transient", "throttled"), CALLS)
def test_what_a_refusal_means(error: str, cause: str, name: str, transient: bool, throttled: bool) -> None:
    refusal = refusal_of(as_it_is_read(error), cause, "a-run")
    assert (refusal.error, refusal.transient, refusal.throttled) == (name, transient, throttled)
    if name == error:
        assert refusal.cause == cause


def test_a_lack_of_capacity_keeps_what_ecs_said() -> None:
    cause = api("Capacity is unavailable at this time.")
    said = json.loads(refusal_of(CLIENT, cause, "a-run").cause)
    assert said == {
        "summary": "There was no capacity for the task: ECS started none.",
        "advice": said["advice"],
        "status": "FAILED",
        "transient": True,
        "runId": "a-run",
        "taskArn": None,
        "exitCode": None,
        "stoppedReason": cause,
    }
    assert "the quota that the text names" in said["advice"]
    assert json.loads(refusal_of(CLIENT, cause, None).cause)["runId"] is None


#: (the reasons of the failures, the name)
FAILURES: list[tuple[list[str | None], ErrorName]] = [
    (["RESOURCE:CPU"], ErrorName.CAPACITY_UNAVAILABLE),
    (["MISSING", "RESOURCE:CPU"], ErrorName.CAPACITY_UNAVAILABLE),
    (["Rate exceeded", "RESOURCE:CPU"], ErrorName.CAPACITY_UNAVAILABLE),
    (["MISSING", "Rate exceeded"], ErrorName.PROVISIONING_FAILED),
    (["MISSING"], ErrorName.FAILED_TO_START),
    ([f"{SECURITY_GROUPS} (ErrorCode: InternalError)"], ErrorName.PROVISIONING_FAILED),
    ([None], ErrorName.FAILED_TO_START),
    ([], ErrorName.FAILED_TO_START),
]


@pytest.mark.parametrize(("reasons", "name"), FAILURES)
def test_failures_are_named_by_their_reasons(reasons: list[str | None], name: ErrorName) -> None:
    listed = [{"Arn": "x", **({"Reason": each} if each else {})} for each in reasons]
    refusal = refusal_of(as_it_is_read("AmazonECS.Unknown"), json.dumps({"Tasks": [], "Failures": listed}), "a-run")
    assert (refusal.error, refusal.transient, refusal.throttled) == (name, KINDS[name].transient, False)
    said = json.loads(refusal.cause)
    assert (said["failures"], said["transient"]) == (listed, KINDS[name].transient)
    assert said["stoppedReason"] == (", ".join(filter(None, reasons)) or None)
    reason = "no reason given" if not any(reasons) else said["stoppedReason"]
    assert name is ErrorName.CAPACITY_UNAVAILABLE or said["summary"] == f"ECS started no task: {reason}"
    look_up = "Look up the reason in the list of API failure reasons of the Amazon ECS documentation."
    of_rule = next(rule.advice for rule in RULES if rule.error == name)
    assert said["advice"] == (look_up if name is ErrorName.FAILED_TO_START else of_rule)


@pytest.mark.parametrize("cause", ["", "no JSON", "[]", '{"Failures": {}}', '{"failures": []}', "[" * 100_000])
def test_failures_that_cannot_be_read_are_a_lack_of_capacity(cause: str) -> None:
    refusal = refusal_of("AmazonECS.Unknown", cause, "a-run")
    assert (refusal.error, refusal.transient) == (NO_CAPACITY, True)
    assert "failures" not in json.loads(refusal.cause)


def test_a_cause_has_an_end() -> None:
    """However long the answer is: Step Functions takes 32,768 characters (fact B30)."""
    odd = {"Arn": "x" * 9_000, "Reason": "y" * 9_000, "Detail": 3, "Token": "z"}
    refusal = refusal_of("AmazonECS.Unknown", json.dumps({"Failures": [odd] * 50}), "a-run")
    assert len(refusal.cause) < 20_000
    shown = json.loads(refusal.cause)["failures"]
    assert len(shown) == 10
    assert shown[0].keys() == {"Arn", "Reason", "Detail"}
    assert (len(shown[0]["Arn"]), shown[0]["Detail"]) == (500, None)
    assert len(json.loads(refusal.cause)["summary"]) == len("ECS started no task: ") + 500
    assert len(refusal_of(CLIENT, "Capacity is unavailable " * 9_000, "a-run").cause) < 20_000


def test_a_cause_is_written_as_every_other() -> None:
    listed = [{"Arn": "x", "Reason": "가", "Detail": "y", "Token": "z"}]
    cause = refusal_of("AmazonECS.Unknown", json.dumps({"Failures": listed}), None).cause
    assert cause.startswith('{"summary":"ECS started no task: 가","advice":"')
    assert cause.endswith(
        '"status":"FAILED","transient":false,"runId":null,"taskArn":null,"exitCode":null,"stoppedReason":"가",'
        '"failures":[{"Arn":"x","Reason":"가","Detail":"y"}]}'
    )


@pytest.mark.parametrize(
    ("error", "is_one"),
    [(BASE, True), ("AmazonECS.Unknown", True), ("States.TaskFailed", False), ("Task.Lost", False), ("", False)],
)
def test_which_errors_are_a_calls(error: str, is_one: bool) -> None:
    assert is_of_a_call(error) is is_one


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from([BASE, CLIENT, "AmazonECS.Unknown", "ECS."]))
def test_any_text_has_a_judgement(cause: str, error: str) -> None:
    refusal = refusal_of(error, cause, "a-run")
    assert refusal.error in (error, *ErrorName)
    assert refusal.transient or not refusal.throttled
