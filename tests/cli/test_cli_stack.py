"""`--stack`: a stack in AWS, found by CloudFormation and called with the caller's own credentials."""

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.cli.documents_for_tests import RUN_ID, run
from tests.cli.standin import STAGE, Control, Reply, StandIn, scripted, serving, surroundings

SHOW = ["show", RUN_ID, "--stack", "jobs", "--region", "eu-west-1"]
CLOUDFORMATION = "POST /"
GET = f"GET {STAGE}/runs/{RUN_ID}"

_NAMESPACE = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'


def described(api_url: str | None, cluster_arn: str | None = None) -> Reply:
    """The answer of DescribeStacks."""
    outputs = {"ApiUrl": api_url, "ClusterArn": cluster_arn}
    output = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for name, value in outputs.items()
        if value is not None
    )
    return Reply(
        200,
        f"<DescribeStacksResponse {_NAMESPACE}><DescribeStacksResult><Stacks><member><StackName>jobs</StackName>"
        f"<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2025-01-31T09:30:00Z</CreationTime>"
        f"<Outputs>{output}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
    )


def refused(code: str, message: str) -> Reply:
    """An error of CloudFormation."""
    return Reply(
        400,
        f"<ErrorResponse {_NAMESPACE}><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        "</Error><RequestId>1</RequestId></ErrorResponse>",
    )


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-a-session")


def point_at(monkeypatch: pytest.MonkeyPatch, server: StandIn) -> None:
    """Let CloudFormation be `server`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.url)


@pytest.mark.usefixtures("somebody")
def test_the_api_of_the_stack_is_called_with_the_callers_credentials(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(scripted({GET: [Reply(200, run())]})) as api, serving(lambda _: described(api.url + STAGE)) as aws:
        point_at(monkeypatch, aws)
        result = runner.invoke(main, SHOW, obj=surroundings(Control()))

    assert result.exit_code == 0, result.stderr
    assert b"StackName=jobs" in aws.requests[0].body
    headers = api.requests[0].headers
    assert "Credential=AKIDEXAMPLE/" in headers["Authorization"]
    assert "x-amz-security-token" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token-of-a-session"


ANSWERS = {
    "no such stack": (refused("ValidationError", "Stack with id jobs does not exist"), "There is no stack jobs here"),
    "not allowed": (
        refused("AccessDenied", "User x may not."),
        "Cannot look up stack jobs: User x may not. Find out what to do:  runs doctor --stack jobs --region",
    ),
    "another application's": (described(None), "has no output ApiUrl"),
}


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("name", ANSWERS)
def test_a_stack_that_cannot_be_used_is_explained(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    reply, said = ANSWERS[name]
    with serving(lambda _: reply) as aws:
        point_at(monkeypatch, aws)
        result = runner.invoke(main, SHOW, obj=surroundings(Control()))

    assert result.exit_code == 69
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (["--stack", "jobs"], 2, "No AWS Region"),
        (
            ["--stack", "jobs", "--region", "eu-west-1"],
            69,
            "Unable to locate credentials. Find out what to do:  runs doctor --stack jobs --region eu-west-1\n",
        ),
        (["--stack", "jobs", "--profile", "of-nobody"], 69, "runs doctor --stack jobs --profile of-nobody\n"),
        (["--stack", "not a name!", "--region", "nowhere at all"], 69, "Cannot look up stack"),
        (["--region", "eu-west-1"], 2, "--stack"),
        (["--profile", "mine"], 2, "--stack"),
    ],
)
def test_what_is_missing_is_named(runner: CliRunner, options: list[str], exit_code: int, said: str) -> None:
    result = runner.invoke(main, ["show", RUN_ID, *options], obj=surroundings(Control()))

    assert result.exit_code == exit_code
    assert said in result.stderr
