"""Whom a command talks to: what is typed, FARGATE_RUNS_STACK, the local runtime; samconfig.toml only when asked."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.errors import BadInputError
from cli.main import main
from cli.target_choice import StackChoice, TargetOptions, choose
from tests.cli.documents_for_tests import RUN_ID, STARTED, run
from tests.cli.standin import STAGE, Control, Reply, at, runtime_status, scripted, serving, surroundings
from tests.cli.test_cli_stack import described, point_at, somebody

__all__ = ["somebody"]

SAM = """
version = 0.1
[default.global.parameters]
stack_name = "global"
region = "eu-north-1"
[default.deploy.parameters]
stack_name = "jobs"
profile = "of-sam"
confirm_changeset = true
[prod.deploy.parameters]
stack-name = "jobs-prod"
[nameless.deploy.parameters]
region = "eu-west-1"
[odd.deploy]
parameters = 7
"""
Environment = dict[str, str]
VARIABLE, REGION = {"FARGATE_RUNS_STACK": "of-env"}, {"AWS_REGION": "us-east-2"}
SAMCONFIG = "samconfig.toml"

CHOICES: dict[str, tuple[TargetOptions, Environment, StackChoice | None]] = {
    "nothing is the local runtime": (TargetOptions(), {}, None),
    "a Region of the environment names no stack": (TargetOptions(), REGION, None),
    "what is typed": (TargetOptions("jobs", "r", "p"), {}, StackChoice("jobs", "r", "p", "")),
    "what is typed before the variable": (TargetOptions("jobs"), VARIABLE, StackChoice("jobs", None, None, "")),
    "the variable": (TargetOptions(), VARIABLE, StackChoice("of-env", None, None, "FARGATE_RUNS_STACK")),
    "an empty variable is none": (TargetOptions(), {"FARGATE_RUNS_STACK": ""}, None),
    "the local runtime, whatever is set": (TargetOptions(local=True), VARIABLE, None),
    "the variable with what is typed": (
        TargetOptions(region="r", profile="p"),
        VARIABLE,
        StackChoice("of-env", "r", "p", "FARGATE_RUNS_STACK"),
    ),
    "a Region that boto3 does not look at": (TargetOptions("jobs"), REGION, StackChoice("jobs", "us-east-2", None, "")),
    "the first of two Regions": (
        TargetOptions("jobs"),
        {"AWS_DEFAULT_REGION": "x", **REGION},
        StackChoice("jobs", "us-east-2", None, ""),
    ),
    "the other Region": (
        TargetOptions("jobs"),
        {"AWS_DEFAULT_REGION": "x", "AWS_REGION": ""},
        StackChoice("jobs", "x", None, ""),
    ),
    "a typed Region first": (TargetOptions("jobs", "r"), REGION, StackChoice("jobs", "r", None, "")),
    "what sam deploy takes": (
        TargetOptions("@samconfig"),
        REGION,
        StackChoice("jobs", "eu-north-1", "of-sam", SAMCONFIG),
    ),
    "what is typed before what sam deploy takes": (
        TargetOptions("@samconfig", "r", "p"),
        {},
        StackChoice("jobs", "r", "p", SAMCONFIG),
    ),
    "another environment of SAM": (
        TargetOptions("@samconfig:prod"),
        REGION,
        StackChoice("jobs-prod", "us-east-2", None, SAMCONFIG),
    ),
    "the variable may name the file": (
        TargetOptions(),
        {"FARGATE_RUNS_STACK": "@samconfig"},
        StackChoice("jobs", "eu-north-1", "of-sam", f"FARGATE_RUNS_STACK, {SAMCONFIG}"),
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_who_is_talked_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    options, environment, choice = CHOICES[name]
    (tmp_path / SAMCONFIG).write_text(SAM)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)

    assert choose(options, tmp_path) == choice


REFUSED = {
    "two places": (TargetOptions("jobs", local=True), "--local"),
    "a Region of the local runtime": (TargetOptions(region="r", local=True), "--local"),
    "a profile of the local runtime": (TargetOptions(profile="p", local=True), "--local"),
    "a Region of nothing": (TargetOptions(region="r"), "--stack or FARGATE_RUNS_STACK"),
    "a profile of nothing": (TargetOptions(profile="p"), "--stack or FARGATE_RUNS_STACK"),
    "no name": (TargetOptions(""), "--stack has no name"),
    "another file": (TargetOptions("@other"), "@other is no stack"),
    "no such environment": (TargetOptions("@samconfig:of-nobody"), "environment of-nobody"),
    "no stack name": (TargetOptions("@samconfig:nameless"), "names no stack_name"),
    "no table": (TargetOptions("@samconfig:odd"), "names no stack_name"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    options, said = REFUSED[name]
    (tmp_path / SAMCONFIG).write_text(SAM)

    with pytest.raises(BadInputError, match=said):
        choose(options, tmp_path)


@pytest.mark.parametrize("content", ["stack_name = ", b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(BadInputError, match=r"There is no samconfig\.toml here"):
        choose(TargetOptions("@samconfig"), tmp_path)

    (tmp_path / SAMCONFIG).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInputError, match=r"samconfig\.toml cannot be read"):
        choose(TargetOptions("@samconfig"), tmp_path)


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--stack", "jobs", "--region", "eu-west-1"], {}, "On stack jobs in eu-west-1, account 111122223333.\n"),
        (
            [],
            {"FARGATE_RUNS_STACK": "jobs", "AWS_REGION": "eu-west-1"},
            "On stack jobs in eu-west-1, account 111122223333 (from FARGATE_RUNS_STACK).\n",
        ),
    ],
)
def test_a_target_in_aws_is_named_on_stderr(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, words: list[str], environment: Environment, said: str
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    api = scripted({f"POST {STAGE}/runs": [Reply(202, STARTED)]})
    cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/jobs"
    with serving(api) as server, serving(lambda _: described(server.url + STAGE, cluster)) as aws:
        point_at(monkeypatch, aws)
        result = runner.invoke(main, ["start", "--json", *words, "--", "true"], obj=surroundings(Control()))

    assert result.exit_code == 0, result.stderr
    assert result.stderr == said
    assert json.loads(result.stdout) == STARTED


def test_beside_a_variable_the_local_runtime_has_to_be_named(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARGATE_RUNS_STACK", "jobs")
    replies = {f"POST {STAGE}/runs": [Reply(202, STARTED)], f"GET {STAGE}/runs/{RUN_ID}": [Reply(200, run())]}
    with serving(scripted(replies)) as server:
        result = runner.invoke(main, ["start", "--local", "--", "true"], obj=at(server))

    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0] == "Started (callback) on the local runtime."
    assert result.stderr.endswith(f"show {RUN_ID} --local\n")


def test_the_hints_of_local_up_reach_it_beside_a_variable(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RUNS_STACK", "jobs")
    control = Control(runtime_status("http://127.0.0.1:1"))

    said = runner.invoke(main, ["local", "up"], obj=surroundings(control)).stdout

    assert "start --wait --local -- python" in said
    assert "demo --local\n" in said


def test_a_samconfig_is_offered_and_not_taken(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    without = runner.invoke(main, ["start", "--", "true"], obj=surroundings(Control()))
    (tmp_path / SAMCONFIG).write_text(SAM)
    beside = runner.invoke(main, ["start", "--", "true"], obj=surroundings(Control()))

    assert (without.exit_code, beside.exit_code) == (69, 69)
    assert without.stderr.endswith("or name a stack with --stack.\n")
    assert beside.stderr.endswith("or name a stack with --stack (@samconfig: jobs, as samconfig.toml says).\n")
