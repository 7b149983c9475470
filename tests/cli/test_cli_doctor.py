"""`runs doctor`: what it looks at, what it says of it, its exit codes, and that it changes nothing."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, ProfileNotFound
from click.testing import CliRunner

from cli.doctor import stack
from cli.main import main
from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.runs.request import RunRequest
from tests.cli.aws_for_tests import Answer, Aws, denied, error
from tests.cli.doctor_for_tests import (
    API,
    ECR,
    GET,
    HEALTHY,
    LIST,
    LOGS,
    ME,
    NOW,
    POST,
    Doctor,
    described,
    endpoints,
    routes,
    task_definition,
    vcpus,
    working,
)
from tests.cli.standin import Control, Reply, at, scripted, serving, surroundings


@pytest.fixture
def aws() -> Aws:
    """An account in which nothing is wrong."""
    return Aws(NOW, HEALTHY)


@pytest.fixture
def doctor(runner: CliRunner, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """The command, in an account in which nothing is wrong unless the test says so."""
    aws.answers["DescribeStacks"] = described()
    return Doctor(runner, aws, monkeypatch)


def test_where_nothing_is_wrong_every_row_is_ok(doctor: Doctor) -> None:
    found = doctor.findings()

    assert {state for state, _ in found.values()} == {"ok"}
    assert list(found) == [
        *(
            "Region",
            "credentials",
            "clock",
            "stack",
            "list runs",
            "show runs",
            "read logs",
            "start runs",
            "stop and rerun",
            "dead letters",
            "replay",
        ),
        *("vCPU on demand", "vCPU on Spot", "tasks at work", "functions at once", "image", "way to the image"),
    ]
    assert found["credentials"] == ("ok", ME)
    assert found["way to the image"] == ("ok", "by an internet gateway")


SICK: dict[str, tuple[dict[str, Answer], str, str, str]] = {
    "expired": ({"GetCallerIdentity": error("ExpiredToken")}, "credentials", "problem", "they have expired"),
    "nobody": ({"GetCallerIdentity": NoCredentialsError()}, "credentials", "problem", "there are none"),
    "a wrong key": (
        {"GetCallerIdentity": error("InvalidClientTokenId")},
        "credentials",
        "problem",
        "does not take them",
    ),
    "who knows": ({"GetCallerIdentity": error("Throttling", "slow")}, "credentials", "could not tell", "slow"),
    "no stack": (
        {"DescribeStacks": error("ValidationError", "x does not exist")},
        "stack",
        "problem",
        "there is no jobs",
    ),
    "a hidden stack": ({"DescribeStacks": denied("DescribeStacks")}, "stack", "could not tell", "DescribeStacks"),
    "a failed stack": ({"DescribeStacks": described("UPDATE_ROLLBACK_FAILED")}, "stack", "problem", "ROLLBACK_FAILED"),
    "never made": ({"DescribeStacks": described("ROLLBACK_COMPLETE")}, "stack", "problem", "ROLLBACK_COMPLETE"),
    "going away": ({"DescribeStacks": described("DELETE_IN_PROGRESS")}, "stack", "problem", "DELETE_IN_PROGRESS"),
    "an update": ({"DescribeStacks": described("UPDATE_IN_PROGRESS")}, "stack", "warning", "UPDATE_IN_PROGRESS"),
    "as before": ({"DescribeStacks": described("UPDATE_ROLLBACK_COMPLETE")}, "stack", "warning", "as before"),
    "old": ({"DescribeStacks": described(without="EventArchiveArn")}, "stack", "problem", "no output EventArchiveArn"),
    "no queue": ({"GetQueueAttributes": denied("GetQueueAttributes")}, "dead letters", "warning", "GetQueueAttributes"),
    "no archive": ({"DescribeArchive": error("ResourceNotFoundException", "gone")}, "replay", "warning", "gone"),
    "no simulator": (
        {"SimulatePrincipalPolicy": denied("x")},
        "replay",
        "could not tell",
        "IAM does not tell of events:StartReplay",
    ),
    "not allowed": (
        {"SimulatePrincipalPolicy": {"EvaluationResults": [{"EvalActionName": "a:B", "EvalDecision": "implicitDeny"}]}},
        *("replay", "warning", "perhaps not allowed: a:B"),
    ),
    "no vCPU": ({"GetServiceQuota": vcpus(0)}, "vCPU on demand", "problem", "0 allowed, 0 used"),
    "just enough": ({"GetServiceQuota": vcpus(0.25)}, "vCPU on demand", "warning", "0.25 allowed"),
    "room for one": ({"GetServiceQuota": vcpus(0.5)}, "vCPU on demand", "ok", "0.5 allowed"),
    "busy": (
        {"GetServiceQuota": vcpus(2), **working({"cpu": "1024"}, {"cpu": "512", "capacityProviderName": "FARGATE"})},
        *("vCPU on demand", "warning", "2 allowed, 1.5 used"),
    ),
    "busy on Spot only": (
        {"GetServiceQuota": vcpus(2), **working({"cpu": "1536", "capacityProviderName": "FARGATE_SPOT"})},
        *("vCPU on Spot", "warning", "1.5 used"),
    ),
    "hidden quotas": (
        {"GetServiceQuota": denied("GetServiceQuota")},
        "vCPU quotas",
        "could not tell",
        "GetServiceQuota",
    ),
    "a new account": (
        {"GetAccountSettings": {"AccountLimit": {"ConcurrentExecutions": 10}}},
        *("functions at once", "warning", "10 allowed"),
    ),
    "a private image": (
        {"DescribeTaskDefinition": task_definition(ECR), "DescribeImages": {"imageDetails": []}},
        *("image", "ok", f"{ECR} is there"),
    ),
    "an image that is not there": (
        {"DescribeTaskDefinition": task_definition(ECR), "DescribeImages": error("ImageNotFoundException")},
        *("image", "problem", f"{ECR} is not there"),
    ),
    "an image of others": (
        {"DescribeTaskDefinition": task_definition(ECR), "DescribeImages": denied("DescribeImages")},
        *("image", "could not tell", "DescribeImages"),
    ),
    "NAT": ({"DescribeRouteTables": routes(NatGatewayId="nat-1")}, "way to the image", "ok", "by a NAT gateway"),
    "a firewall": ({"DescribeRouteTables": routes(NetworkInterfaceId="eni-1")}, "way to the image", "ok", "by eni-1"),
    "no address": ({"DescribeStacks": described(public="DISABLED")}, "way to the image", "problem", "no way to the"),
    "a dead route": (
        {"DescribeRouteTables": routes(NatGatewayId="nat-1", State="blackhole")},
        *("way to the image", "problem", "no way to the internet"),
    ),
    "no endpoint": (
        {
            "DescribeTaskDefinition": task_definition(ECR),
            "DescribeImages": {"imageDetails": []},
            "DescribeRouteTables": {"RouteTables": []},
            "DescribeVpcEndpoints": endpoints("ecr.api", "s3"),
        },
        *("way to the image", "problem", "no endpoint of the VPC for ecr.dkr, logs"),
    ),
    "endpoints": (
        {
            "DescribeTaskDefinition": task_definition(ECR),
            "DescribeImages": {"imageDetails": []},
            "DescribeRouteTables": {"RouteTables": []},
            "DescribeVpcEndpoints": endpoints("ecr.api", "ecr.dkr", "s3", "logs"),
        },
        *("way to the image", "ok", "by endpoints of the VPC"),
    ),
}


@pytest.mark.parametrize("name", SICK)
def test_what_is_wrong_is_found(doctor: Doctor, aws: Aws, name: str) -> None:
    answers, what, state, said = SICK[name]
    aws.answers.update(answers)

    found = doctor.findings()

    assert found[what][0] == state, found[what]
    assert said in found[what][1]


@pytest.mark.parametrize("name", ["expired", "no stack", "old"])
def test_behind_a_closed_door_nothing_is_guessed(doctor: Doctor, aws: Aws, name: str) -> None:
    answers, what, _, _ = SICK[name]
    aws.answers.update(answers)

    assert list(doctor.findings())[-1] == ("clock" if what == "credentials" else what)


def test_a_role_is_asked_for_by_its_own_arn(doctor: Doctor, aws: Aws) -> None:
    asked: list[Mapping[str, Any]] = []

    def simulate(request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(request["body"])
        return {"EvaluationResults": []}

    aws.answers["SimulatePrincipalPolicy"] = simulate
    doctor.findings()

    assert {request["PolicySourceArn"] for request in asked} == {"arn:aws:iam::111122223333:role/path/Operator"}

    aws.answers["GetCallerIdentity"] = {"Arn": "arn:aws:iam::111122223333:user/me"}
    aws.answers["DescribeStacks"] = described()
    asked.clear()
    doctor.findings()
    assert {request["PolicySourceArn"] for request in asked} == {"arn:aws:iam::111122223333:user/me"}


def test_stops_are_asked_for_at_this_api_alone(doctor: Doctor, aws: Aws) -> None:
    asked: list[Mapping[str, Any]] = []

    def simulate(request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(request["body"])
        return {"EvaluationResults": []}

    aws.answers["SimulatePrincipalPolicy"] = simulate
    doctor.findings()

    resources = [value for key, value in asked[0].items() if key.startswith("ResourceArns.")]
    assert all(arn.startswith("arn:aws:execute-api:eu-west-1:111122223333:127/Prod/") for arn in resources)
    assert [arn.partition("/Prod/")[2] for arn in resources] == ["POST/runs/*/stop", "POST/runs/*/rerun"]


def test_the_start_that_it_asks_for_is_refused_by_the_contract(runner: CliRunner) -> None:
    with serving(scripted(API)) as server:
        runner.invoke(main, ["doctor"], obj=at(server))

    with pytest.raises(InvalidRunRequestError):
        RunRequest.from_mapping(server.requests[-1].document())


@pytest.mark.parametrize(
    ("skew", "state", "said"),
    [
        (0, "ok", "as AWS's"),
        (59, "ok", "59 s ahead of AWS's"),
        (60, "warning", "60 s ahead of AWS's"),
        (-299, "warning", "299 s behind AWS's"),
        (300, "problem", "300 s ahead of AWS's"),
        (-300, "problem", "300 s behind AWS's"),
    ],
)
def test_a_clock_that_is_off_is_told(doctor: Doctor, aws: Aws, skew: int, state: str, said: str) -> None:
    aws.date = NOW - timedelta(seconds=skew)

    assert doctor.findings()["clock"] == (state, said)


def test_the_clock_is_told_of_a_refusal_too(doctor: Doctor, aws: Aws) -> None:
    aws.answers["GetCallerIdentity"] = error("SignatureDoesNotMatch")
    aws.date = NOW - timedelta(hours=1)

    assert doctor.findings()["clock"] == ("problem", "3600 s ahead of AWS's")


@pytest.mark.parametrize(
    ("replies", "what", "state"),
    [
        ({GET: [Reply(403, {"message": "no"})]}, "show runs", "problem"),
        ({POST: [Reply(403, {"message": "no"})]}, "start runs", "problem"),
        ({POST: [Reply(202, {"runId": "r"})]}, "start runs", "warning"),
        ({GET: [Reply(503, {})]}, "show runs", "problem"),
        ({LIST: [Reply(403, {"message": "no"})]}, "list runs", "problem"),
        ({LOGS: [Reply(502, {"error": "Log.NotAllowed", "detail": "no"})]}, "read logs", "problem"),
    ],
)
def test_what_the_api_refuses_is_told(
    doctor: Doctor, replies: Mapping[str, list[Reply]], what: str, state: str
) -> None:
    doctor.api = {**API, **replies}

    assert doctor.findings()[what][0] == state


def test_a_profile_that_is_not_there_is_a_problem(runner: CliRunner) -> None:
    words = ["doctor", "--stack", "jobs", "--profile", "of-nobody", "--json"]
    result = runner.invoke(main, words, obj=surroundings(Control()))

    assert result.exit_code == 1
    assert [each["what"] for each in json.loads(result.stdout)] == ["configuration"]
    assert str(ProfileNotFound(profile="of-nobody")) in result.stdout


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_fits(doctor: Doctor, aws: Aws, width: int) -> None:
    aws.answers["GetServiceQuota"] = vcpus(0)
    result = doctor.look(width=width)
    lines = result.stdout.splitlines()

    assert result.exit_code == 1
    assert max(map(len, lines)) <= width
    assert lines[0] == "ok              Region             eu-west-1"
    assert result.stderr == "Looking at stack jobs.\n"
    problem = next(number for number, line in enumerate(lines) if line.startswith("problem"))
    advice = next(line for line in lines[problem:] if "→" in line)
    assert advice.strip().startswith("→ No run can start.")
    assert "\x1b" not in result.stdout


def test_the_local_runtime_is_looked_at(runner: CliRunner) -> None:
    with serving(scripted(API)) as server:
        result = runner.invoke(main, ["doctor", "--json"], obj=at(server))

    assert result.exit_code == 0, result.output
    assert [each["what"] for each in json.loads(result.stdout)] == [
        "local runtime",
        "list runs",
        "show runs",
        "read logs",
        "start runs",
    ]
    assert server.requests[-1].document() == {"pattern": "doctor-asks-for-no-run", "commands": []}


def test_a_local_runtime_that_is_down_is_a_problem(runner: CliRunner) -> None:
    result = runner.invoke(main, ["doctor"], obj=surroundings(Control()))

    assert result.exit_code == 1
    assert result.stdout.startswith("problem         local runtime")
    assert "local up" in result.stdout


def test_what_a_stack_has_to_give_out_is_in_the_template() -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text()
    outputs = template.partition("\nOutputs:\n")[2]

    assert [name for name in stack.NEEDED if f"\n  {name}:\n" not in f"\n{outputs}"] == []
