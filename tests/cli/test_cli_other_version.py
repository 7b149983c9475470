"""A local runtime that another version of this project has started, and that is up."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from cli.main import main
from local import control
from local.fingerprint import of_runtime
from local.paths import state_directory
from local.state import RuntimeState, read_state
from tests.cli.standin import Reply, StandIn, serving

ADVICE = "Error: the local runtime that is up was started by another version: run `runs local up --replace`"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """It answers whatever it is asked, signed or not, and nothing can be deployed to it."""
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(control, "deploy", lambda *_: {})
    monkeypatch.setattr(control, "deployed", lambda _: {"ApiUrl": "http://127.0.0.1:1/Prod/"})
    with (
        serving(lambda _: Reply(200, {})) as stand_in,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as guard,
    ):
        write(guard, int(stand_in.url.rpartition(":")[2]))
        yield stand_in
        guard.kill()


def write(guard: subprocess.Popen[bytes], port: int, **more: object) -> None:
    """The file as a version without keys wrote it."""
    state = {
        "runtime_id": "an-old-one",
        "guard_pid": guard.pid,
        "started_at": psutil.Process(guard.pid).create_time(),
        "port": port,
        "code": of_runtime(),
        "containers": "process",
    }
    (state_directory() / "runtime.json").write_text(json.dumps({**state, **more}))


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(
    "arguments",
    [
        ["start", "--", "true"],
        ["show", "a-run"],
        ["local", "up"],
        ["local", "status"],
        ["local", "fault", "list"],
        ["demo"],
    ],
    ids=" ".join,
)
def test_one_sentence_says_what_to_do(runner: CliRunner, arguments: list[str]) -> None:
    result = runner.invoke(main, arguments)

    assert result.exit_code == (1 if arguments == ["local", "up"] else 69)
    assert result.stderr.startswith(ADVICE)
    assert result.stderr.count("\n") == 1
    assert "up:" not in result.stdout


def test_it_is_replaced_by_who_says_so(runner: CliRunner, old: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_state()
    assert before is not None
    new = RuntimeState("a-new-one", before.guard_pid, before.started_at, before.port, before.code, "process", "key")
    monkeypatch.setattr(control, "start", lambda *_: new)

    result = runner.invoke(main, ["local", "up", "--replace"])

    assert result.exit_code == 0, result.stderr
    assert f"The local runtime is up: {old.url}" in result.stdout
    assert not before.alive()
    assert read_state() is None


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("arguments", [["show", "a-run"], ["local", "status"]], ids=" ".join)
def test_one_that_has_ended_is_not_running(runner: CliRunner, arguments: list[str]) -> None:
    state = read_state()
    assert state is not None
    psutil.Process(state.guard_pid).kill()
    psutil.Process(state.guard_pid).wait()

    result = runner.invoke(main, arguments)

    assert result.exit_code == 69
    assert "is not running" in result.stderr


def test_what_a_later_version_wrote_beside_the_rest_is_passed_over(old: StandIn, runner: CliRunner) -> None:
    state = read_state()
    assert state is not None
    later = {**json.loads((state_directory() / "runtime.json").read_text()), "secret_access_key": "k", "new": 1}
    (state_directory() / "runtime.json").write_text(json.dumps(later))

    result = runner.invoke(main, ["local", "status"])

    assert result.exit_code == 0
    assert old.url in result.stdout


@pytest.mark.parametrize("content", ["[]", "3", '"port"', "{}", "{", '{"port": 1}', "null"])
def test_a_file_that_tells_of_no_runtime_is_none(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    (tmp_path / "runtime.json").write_text(content)

    assert read_state() is None
