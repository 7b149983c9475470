"""`make verify`, the command: what it asks, what it starts, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from cli.target import Target
from local.control import RuntimeStatus
from local.errors import NoPortError
from tests.cli.standin import Control, surroundings
from verify import main as command
from verify.facts import Fact, Scenario, Seen
from verify.place import Place

OUTPUTS = {
    "ApiUrl": "http://127.0.0.1:1/v1",
    "ClusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/jobs-Cluster-Ab12",
    "TaskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/nightly-jobs:7",
    "RunTaskStateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:RunTask-Xy34",
    "ContainerName": "main",
}
STATUS = RuntimeStatus("http://127.0.0.1:1", "us-east-1", "jobs", OUTPUTS, 1, "secret")


class Prepared:
    """Stands in for what prepares a place: counts, and fails with `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.begun = self.ended = 0
        self.targets: list[Target] = []

    @contextmanager
    def __call__(self, target: Target, patience: object, _say: object) -> Iterator[SimpleNamespace]:
        self.begun += 1
        self.targets.append(target)
        if self.error is not None:
            raise self.error
        try:
            yield SimpleNamespace(patience=patience)
        finally:
            self.ended += 1


def scenario(name: str, seen: Callable[[], object], tasks: int = 1) -> Scenario:
    """One that expects 1."""

    def observe(_: Place) -> Seen:
        yield name, seen()

    return Scenario(name, (Fact(name, "B1", "It holds.", 1),), observe, tasks)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Prepared:
    prepared = Prepared()
    monkeypatch.setattr(command, "prepared", prepared)
    monkeypatch.setattr(command, "SCENARIOS", (scenario("well", lambda: 1), scenario("badly", lambda: 2)))
    return prepared


@pytest.fixture
def verify(runner: CliRunner, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command against a local runtime that is up, unless told otherwise."""

    def run(*arguments: str, control: Control | None = None) -> Result:
        obj = surroundings(control or Control(STATUS))
        return runner.invoke(command.main, ["--out", str(tmp_path / "out.json"), *arguments], obj=obj)

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--only", "well"], 0, "All 1 facts hold on the local runtime."),
        ([], 1, "1 of 2 facts hold on the local runtime, 1 differ."),
    ],
)
def test_the_exit_code_says_whether_every_fact_holds(
    place: Prepared, verify: Callable[..., Result], arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    result = verify(*arguments)
    assert result.exit_code == code, result.stderr
    assert said in result.stdout
    assert json.loads((tmp_path / "out.json").read_text())["target"] == "local-runtime"
    assert (place.begun, place.ended) == (1, 1)


def test_what_differs_is_told_again_at_the_end(place: Prepared, verify: Callable[..., Result]) -> None:
    line = "B1   It holds. differs: expected 1 / the local runtime gives 2"
    assert verify().stdout.split("\n\n")[-1].startswith(line)


@pytest.mark.parametrize(
    ("control", "starts"), [(Control(STATUS), 0), (Control(RuntimeStatus("", "", "", {}, 1, "")), 1)]
)
def test_a_runtime_that_runs_is_left_alone(
    place: Prepared, verify: Callable[..., Result], control: Control, starts: int
) -> None:
    verify("--only", "well", control=control)
    assert len(control.ports) == starts


def test_a_runtime_that_is_not_there_is_started(place: Prepared, verify: Callable[..., Result]) -> None:
    class Down(Control):
        """Down, until it is started."""

        def status(self) -> RuntimeStatus | None:
            return STATUS if self.ports else None

    control = Down()
    result = verify("--only", "well", control=control)
    assert result.exit_code == 0, result.stderr
    assert (control.ports, control.replaces) == ([None], [False])


@pytest.mark.parametrize(
    ("arguments", "control", "said"),
    [
        (["--region", "eu-west-1"], Control(STATUS), "--region and --profile belong to a stack"),
        (["--only", "nothing"], Control(STATUS), "No scenario has 'nothing' in its name. There are: well, badly."),
        (["--stack", "jobs"], Control(), "No AWS Region"),
        (["--stack", "jobs", "--region", "eu-west-1"], Control(), "Unable to locate credentials"),
        (["--stack", "jobs", "--profile", "none"], Control(), "The config profile (none) could not be found"),
        ([], Control(error=NoPortError("x")), "FARGATE_RUNS_PORT"),
        (["--what"], Control(STATUS), "No such option"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_a_sentence(
    place: Prepared, verify: Callable[..., Result], arguments: list[str], control: Control, said: str
) -> None:
    result = verify(*arguments, control=control)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert place.begun == 0


@pytest.mark.parametrize("out", ["a-file/out.json", "a-pipe", "a-link/out.json"])
def test_a_recording_that_has_no_place_is_said_before_anything_is_looked_at(
    place: Prepared, verify: Callable[..., Result], out: str, tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    os.mkfifo(tmp_path / "a-pipe")
    (tmp_path / "a-link").symlink_to(tmp_path / "a-file")
    result = verify("--out", str(tmp_path / out))
    assert result.exit_code == 2
    assert f"Error: The recording cannot be written to {tmp_path / out}: " in result.stderr
    assert place.begun == 0
    assert (tmp_path / "a-pipe").is_fifo()


def test_an_earlier_recording_stays_until_there_is_another(
    place: Prepared, verify: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "out.json").write_text("earlier")
    place.error = ClientError({"Error": {"Code": "AccessDenied"}}, "CreateRole")
    assert verify().exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "earlier"


@pytest.fixture
def in_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack in AWS that can be reached."""
    session = boto3.Session("AKIAEXAMPLE", "secret", region_name="eu-west-1")
    target = Target("stack jobs in eu-west-1", "", "eu-west-1", OUTPUTS["ApiUrl"], session, None, OUTPUTS)
    monkeypatch.setattr(command, "resolve", lambda *_: target)


@pytest.mark.usefixtures("in_aws")
def test_nothing_is_started_in_aws_where_nobody_says_yes(place: Prepared, verify: Callable[..., Result]) -> None:
    result = verify()
    assert result.exit_code == 2
    assert "2 facts in 2 scenarios on stack jobs in eu-west-1, with 2 tasks of 0.25 vCPU" in result.stdout
    assert "US cents" in result.stdout
    assert "YES=1" in result.stderr
    assert place.begun == 0


@pytest.mark.usefixtures("in_aws")
@pytest.mark.parametrize(("answer", "begun"), [(True, 1), (False, 0)])
def test_who_is_there_is_asked(
    place: Prepared, verify: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, answer: bool, begun: int
) -> None:
    monkeypatch.setattr(command, "_somebody_is_there", lambda: True)
    monkeypatch.setattr("click.confirm", lambda text, **_: answer if text == "Start them?" else None)
    assert verify("--only", "well").exit_code == (0 if answer else 2)
    assert place.begun == begun


@pytest.mark.usefixtures("in_aws")
def test_in_aws_a_difference_is_one_of_the_local_runtime(
    place: Prepared, verify: Callable[..., Result], tmp_path: Path
) -> None:
    result = verify("--yes")
    assert result.exit_code == 1
    assert "expected 1 / AWS gives 2 (so the local runtime differs from AWS here)" in result.stdout
    assert json.loads((tmp_path / "out.json").read_text())["target"] == "aws"


def test_what_cannot_be_prepared_is_said(place: Prepared, verify: Callable[..., Result]) -> None:
    place.error = ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "CreateRole")
    result = verify()
    assert result.exit_code == 2
    assert "What the suite needs could not be made" in result.stderr
    assert "not allowed" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_has_an_exit_code_of_its_own(
    place: Prepared, verify: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def interrupted() -> int:
        os.kill(os.getpid(), number)
        return 1

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(command, "SCENARIOS", (scenario("interrupted", interrupted),))
    result = verify()
    assert result.exit_code == 130
    assert "Interrupted" in result.stderr
    assert (place.begun, place.ended) == (1, 1)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_call_that_is_throttled_is_made_again_more_often(place: Prepared, verify: Callable[..., Result]) -> None:
    verify("--only", "well")
    (target,) = place.targets
    more, usual = (attempts_of(one) for one in (target, replace(target, most_attempts=None)))
    assert more == {"mode": "standard", "total_max_attempts": command.MOST_ATTEMPTS}
    assert usual == {"mode": "standard"}


def attempts_of(target: Target) -> object:
    """What botocore is told of trying again."""
    config: Any = target.ecs().meta.config
    return config.retries


def test_names_of_the_stack_are_taken_out_of_a_recording(
    place: Prepared, verify: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [
        "arn:aws:ecs:us-east-1:123456789012:task/jobs-Cluster-Ab12/0123",
        "task-definition/nightly-jobs:6",
        OUTPUTS["RunTaskStateMachineArn"],
        "execution:RunTask-Xy34:1",
        "in the main container",
    ]
    monkeypatch.setattr(command, "SCENARIOS", (scenario("named", lambda: seen),))
    verify()
    (fact,) = json.loads((tmp_path / "out.json").read_text())["facts"]
    assert fact["seen"] == [
        "arn:aws:ecs:us-east-1:<account>:task/<ClusterArn>/0123",
        "task-definition/<TaskDefinitionArn>:6",
        "<RunTaskStateMachineArn>",
        "execution:<RunTaskStateMachineArn>:1",
        "in the main container",
    ]
