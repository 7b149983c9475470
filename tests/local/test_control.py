"""What `up` refuses, in a sentence, and leaves as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from local import control
from local.deploy import running_tasks
from local.ecs.runtimes import DEFAULT
from local.errors import NoPortError, NoStateDirectoryError, WouldReplaceError
from local.port_choice import remember
from local.state import RuntimeState, read_state
from tests.contract.conftest import prepared
from tests.processes import command_of
from tests.runtimes import bare_runtime, free_port
from tests.waiting import eventually


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeState]:
    """A runtime in which a task runs."""
    with bare_runtime(tmp_path_factory.mktemp("runtime")) as endpoint:
        aws = prepared(endpoint)
        aws.ecs.run_task(
            cluster=aws.cluster,
            taskDefinition=aws.task_definition({}),
            overrides={"containerOverrides": [{"name": "main", "command": ["sleep", "600"]}]},
        )
        eventually(lambda: running_tasks(endpoint) == 1, "a task")
        state = read_state()
        assert state is not None
        yield state


def test_another_port_is_refused_and_says_what_would_be_gone(running: RuntimeState) -> None:
    other = free_port()
    with pytest.raises(WouldReplaceError) as refused:
        control.up(port=other)
    said = str(refused.value)
    assert f"on port {running.port}" in said
    assert f"on port {other} it would be a new one" in said
    assert "a task that runs in it, its records, logs" in said
    assert "--replace" in said
    assert read_state() == running


def test_other_containers_are_refused(running: RuntimeState, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WouldReplaceError, match="with containers as docker it would be a new one"):
        control.up(containers="docker")
    monkeypatch.setenv("FARGATE_RUNS_CONTAINERS", "docker")
    with pytest.raises(WouldReplaceError):
        control.up(port=running.port)
    assert read_state() == running


def test_the_same_again_is_no_other(running: RuntimeState) -> None:
    assert control._usable(lambda _: None) == running
    for port in (None, running.port):
        for containers in (None, DEFAULT):
            control._refuse_another(running, port, containers)


def test_a_runtime_of_other_code_is_replaced_and_that_is_told(
    running: RuntimeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(control, "of_runtime", lambda: "other")
    assert control._usable(told.append) is None
    assert ["without its runs and records" in text for text in told] == [True]


@pytest.mark.parametrize(
    ("tasks", "said"), [(None, "one, and its records"), (0, "one, and its records"), (3, "and 3 tasks that run")]
)
def test_how_many_tasks_would_be_gone(tasks: int | None, said: str) -> None:
    assert said in str(WouldReplaceError("on port 1", "on port 2", tasks))


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path / "file" / ".local"))
    for command in (control.up, control.down):
        with pytest.raises(NoStateDirectoryError, match=f"cannot write into {tmp_path}/file/.local"):
            command()


def test_a_port_that_somebody_else_has_is_passed_by_unless_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("FARGATE_RUNS_PORT", raising=False)
    monkeypatch.setattr(control, "PORT_SECONDS", 0)
    taken = free_port()
    told: list[str] = []
    remember(tmp_path, taken)
    monkeypatch.setattr(control, "_listens", lambda port: port == taken)
    found = control._port(None, told.append)
    assert found != taken
    assert told == [f"port {taken} is in use by another program: this time it is {found}"]
    assert control._port(taken, told.append) == taken
    monkeypatch.setenv("FARGATE_RUNS_PORT", "4570")
    assert control._port(None, told.append) == 4570


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_of_the_environment_that_there_is_not(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RUNS_PORT", port)
    with pytest.raises(NoPortError, match="must be a number from 1 to 65535"):
        control._port(None, lambda _: None)


def test_a_runtime_that_nobody_could_find_again_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file could not be written, and guard and server stayed."""
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    (tmp_path / "runtime.json").mkdir()

    with pytest.raises(OSError, match=r"runtime\.json"):
        control.start(free_port())

    commands = [command_of(process) for process in psutil.process_iter()]
    assert not [each for each in commands if "local.guard" in each and str(tmp_path) in " ".join(each)]


@pytest.mark.parametrize(
    "wrong", [{"guard_pid": "x"}, {"guard_pid": -1}, {"port": "1"}, {"started_at": None}, {"secret_access_key": 1}]
)
def test_a_state_of_wrong_types_is_none(
    wrong: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    sound = RuntimeState("id", 1, 1.0, 15_000, "code", DEFAULT, "key")
    (tmp_path / "runtime.json").write_text(json.dumps(asdict(sound)))
    assert read_state() == sound
    (tmp_path / "runtime.json").write_text(json.dumps({**asdict(sound), **wrong}))
    assert read_state() is None
