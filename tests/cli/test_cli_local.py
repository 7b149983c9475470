"""`runs local`: what it prints and its exit codes."""

import itertools
import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from cli import progress
from cli.main import main
from cli.program import program
from local.ecs.runtimes import RUNTIMES
from local.errors import BadParametersError, LocalRuntimeError
from tests.cli.standin import Control, runtime_status, surroundings
from tests.waiting import eventually

ENDPOINT = "http://127.0.0.1:4566"


def test_up_tells_its_steps_and_what_to_type_next(runner: CliRunner) -> None:
    control = Control(runtime_status(ENDPOINT))

    result = runner.invoke(main, ["local", "up", "--port", "4570"], obj=surroundings(control))

    assert result.exit_code == 0
    assert control.ports == [4570]
    assert result.stdout.startswith("deploying the stack\n")
    assert ENDPOINT in result.stdout
    assert "What to type next:" in result.stdout
    assert "start --wait -- python -c" in result.stdout


def test_up_takes_parameters_of_the_template_and_can_be_brief(runner: CliRunner) -> None:
    control = Control(runtime_status(ENDPOINT))
    arguments = ["local", "up", "--brief", "--parameter", "ScheduleExpression=rate(5 minutes)", "--parameter", "A=b=c"]

    result = runner.invoke(main, arguments, obj=surroundings(control))

    assert control.parameters == [{"ScheduleExpression": "rate(5 minutes)", "A": "b=c"}]
    assert result.stdout == "deploying the stack\n"


@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_up_replaces_a_runtime_only_when_it_is_told_so(runner: CliRunner, options: list[str]) -> None:
    control = Control(runtime_status(ENDPOINT))

    result = runner.invoke(main, ["local", "up", "--brief", *options], obj=surroundings(control))

    assert (result.exit_code, control.replaces) == (0, [bool(options)])


def test_a_step_that_takes_long_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "TICK_SECONDS", 0.01)
    said: list[str] = []
    with progress.steps(said.append) as tell:
        tell("building")
        eventually(lambda: len(said) >= 3, "two ticks")
    assert said[0] == "building"
    assert re.fullmatch(r"  building: \d+\.0 s", said[1])


@pytest.mark.parametrize(("waiting", "told"), [("", "at work"), ("waiting for the runs", "waiting for the runs")])
def test_before_the_first_step_something_is_told_too(waiting: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "TICK_SECONDS", 0.01)
    said: list[str] = []
    with progress.steps(said.append, waiting) as tell:
        eventually(lambda: bool(said), "a tick")
        tell("a step")
        eventually(lambda: len(said) > said.index("a step") + 1, "a tick after a step")
    assert re.fullmatch(rf"  {told}: \d+\.0 s", said[0])
    assert said[said.index("a step") + 1].startswith(f"  {waiting or 'a step'}: ")


@pytest.mark.parametrize("choice", RUNTIMES)
def test_up_is_told_what_containers_are(runner: CliRunner, choice: str) -> None:
    control = Control(runtime_status(ENDPOINT))

    result = runner.invoke(main, ["local", "up", "--brief", "--containers", choice], obj=surroundings(control))

    assert (result.exit_code, control.containers) == (0, [choice])


def test_up_refuses_containers_of_another_kind(runner: CliRunner) -> None:
    result = runner.invoke(main, ["local", "up", "--containers", "no-such-kind"], obj=surroundings(Control()))

    assert result.exit_code == 2
    assert f"'no-such-kind' is not one of {', '.join(map(repr, RUNTIMES))}" in result.stderr


def test_up_refuses_a_parameter_without_a_value(runner: CliRunner) -> None:
    result = runner.invoke(main, ["local", "up", "--parameter", "Schedule"], obj=surroundings(Control()))

    assert result.exit_code == 2
    assert "NAME=VALUE" in result.stderr


def test_up_names_the_parameters_that_there_are(runner: CliRunner) -> None:
    control = Control(runtime_status(ENDPOINT), error=BadParametersError(("There is no parameter A. There are B, C.",)))

    result = runner.invoke(main, ["local", "up", "--parameter", "A=1"], obj=surroundings(control))

    assert (result.exit_code, result.stderr) == (2, "Error: There is no parameter A. There are B, C.\n")


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_up_refuses_a_port_that_is_none(runner: CliRunner, port: str) -> None:
    assert runner.invoke(main, ["local", "up", "--port", port]).exit_code == 2


@pytest.mark.parametrize(("command", "exit_code"), [("up", 1), ("down", 1), ("status", 69)])
def test_an_error_of_the_runtime_is_one_line(runner: CliRunner, command: str, exit_code: int) -> None:
    control = Control(error=LocalRuntimeError("port 4566 is in use: choose another"))

    result = runner.invoke(main, ["local", command], obj=surroundings(control))

    assert result.exit_code == exit_code
    assert result.stderr == "Error: port 4566 is in use: choose another\n"


@pytest.mark.parametrize(("found", "said"), [(runtime_status(ENDPOINT), "is stopped"), (None, "was not running")])
def test_down_says_whether_there_was_one(runner: CliRunner, found: None, said: str) -> None:
    result = runner.invoke(main, ["local", "down"], obj=surroundings(Control(found)))

    assert result.exit_code == 0
    assert said in result.stdout


def test_status_as_json(runner: CliRunner) -> None:
    found = runtime_status(ENDPOINT)

    result = runner.invoke(main, ["local", "status", "--json"], obj=surroundings(Control(found)))

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "endpoint": ENDPOINT,
        "region": "eu-west-1",
        "stack": "fargate-runs",
        "outputs": found.outputs,
    }


def test_status_as_a_page(runner: CliRunner) -> None:
    result = runner.invoke(main, ["local", "status"], obj=surroundings(Control(runtime_status(ENDPOINT))))

    assert result.exit_code == 0
    assert f"endpoint  {ENDPOINT}\n" in result.stdout
    assert "  RunsTableName  runs\n" in result.stdout


OUTPUTS = {
    "ApiUrl": "http://127.0.0.1:4566/_aws/execute-api/0123456789/Prod/",
    "ClusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/fargate-runs-Cluster-0123456789AB",
    "RunTaskCallbackStateMachineArn": (
        "arn:aws:states:us-east-1:000000000000:stateMachine:fargate-runs-RunTaskCallbackStateMachine-0123456789AB"
    ),
    "ExecutionStateChangeFunctionName": "fargate-runs-ExecutionStateChangeFunction-0123456789AB",
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "TooLong": "x" * 200,
}


@pytest.mark.parametrize("columns", [80, 160])
def test_status_fits_the_terminal_and_breaks_no_word(runner: CliRunner, columns: int) -> None:
    found = replace(runtime_status(ENDPOINT), outputs=OUTPUTS)

    result = runner.invoke(main, ["local", "status"], obj=surroundings(Control(found)), env={"COLUMNS": str(columns)})

    lines = result.stdout.splitlines()
    assert [line for line in lines if len(line) > columns and "x" * 200 not in line] == []
    for value in OUTPUTS.values():
        assert value in "".join(line.strip() for line in lines)
    ends = [line[-1] for line, after in itertools.pairwise(lines) if after.startswith("    ") and ":" in line]
    assert set(ends) <= set(":/,-")
    assert [line for line in lines if line.startswith("  SubnetIds ")] == [
        f"  SubnetIds                         {OUTPUTS['SubnetIds']}"
    ] * (columns > 83)


def test_status_has_a_line_for_each_output_where_no_terminal_is(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    found = replace(runtime_status(ENDPOINT), outputs=OUTPUTS)

    lines = runner.invoke(main, ["local", "status"], obj=surroundings(Control(found))).stdout.splitlines()

    assert [line.split() for line in lines[4:]] == [list(each) for each in sorted(OUTPUTS.items())]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_status_of_nothing_is_exit_code_3(runner: CliRunner, options: list[str]) -> None:
    result = runner.invoke(main, ["local", "status", *options], obj=surroundings(Control()))

    assert result.exit_code == 69
    assert result.stdout == ""
    assert result.stderr == f"Error: The local runtime is not running: start it with `{program()} local up`.\n"
