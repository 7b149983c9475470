"""A container runtime is added in one place: a third one, registered in the table, is known everywhere."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from local import control
from local.ecs.containers import ContainerExit, ContainerRuntime, ContainerSpec, OnOutput, RunningContainer
from local.ecs.runtimes import DEFAULT, RUNTIMES, RuntimeKind, kind_of, remove_left
from local.errors import LocalRuntimeError, UnknownContainersError
from local.state import RuntimeState, read_state

SPEC = ContainerSpec("t", "main", "any", ("true",), {})
UNUSABLE = "there is no memory to run containers in"


class MemoryContainer(RunningContainer):
    """A container that has ended well before anybody asks."""

    def __init__(self) -> None:
        self._ended: asyncio.Future[ContainerExit] = asyncio.get_running_loop().create_future()
        self._ended.set_result(ContainerExit(0))

    @property
    def runtime_id(self) -> str:
        """A fixed one."""
        return "in-memory"

    @property
    def ended(self) -> asyncio.Future[ContainerExit]:
        """Resolved already."""
        return self._ended

    def terminate(self) -> None:
        """Nothing runs."""

    def kill(self) -> None:
        """Nothing runs."""


class MemoryRuntime(ContainerRuntime):
    """Remembers what it was made with and what it has started."""

    def __init__(self, scratch: Path, mark: str) -> None:
        self.made_with = (scratch, mark)
        self.started: list[ContainerSpec] = []

    async def start(self, spec: ContainerSpec, on_output: OnOutput) -> RunningContainer:
        """Ends at once."""
        self.started.append(spec)
        return MemoryContainer()

    async def close(self) -> None:
        """Nothing is left."""


def _unusable() -> None:
    raise LocalRuntimeError(UNUSABLE)


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registers a third runtime, which cannot be used here. Returns the marks that it was told to remove."""
    marks: list[str] = []
    kind = RuntimeKind(MemoryRuntime, _unusable, marks.append, ("host.memory.internal",), ("MEMORY_HOST",))
    monkeypatch.setitem(RUNTIMES, "memory", kind)
    return marks


def test_it_is_made_with_the_directory_and_the_mark(removed: list[str], tmp_path: Path) -> None:
    runtime = kind_of("memory").make(tmp_path, "mark")
    assert isinstance(runtime, MemoryRuntime)
    assert runtime.made_with == (tmp_path, "mark")

    async def run() -> int:
        return (await (await runtime.start(SPEC, lambda _: None)).ended).exit_code

    assert asyncio.run(run()) == 0
    assert runtime.started == [SPEC]


def test_it_can_be_asked_for_and_says_when_it_cannot_be_used(
    removed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    with pytest.raises(LocalRuntimeError, match=UNUSABLE):
        control.up(containers="memory")
    monkeypatch.setenv("FARGATE_RUNS_CONTAINERS", "memory")
    with pytest.raises(LocalRuntimeError, match=UNUSABLE):
        control.up()
    assert read_state() is None


def test_the_error_of_a_wrong_name_names_it(removed: list[str]) -> None:
    assert "memory" in RUNTIMES
    with pytest.raises(UnknownContainersError, match=f"must be one of {', '.join(RUNTIMES)}, not 'no-such-kind'"):
        control.up(containers="no-such-kind")


def test_its_containers_are_removed_by_whoever_comes_after_a_runtime_that_was_killed(
    removed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    # A process id that no system gives: its guard is gone.
    state = RuntimeState("mark-of-the-dead", 2**31 - 1, 1.0, 15_000, "code", "memory", "key")
    (tmp_path / "runtime.json").write_text(json.dumps(asdict(state)))
    assert not control.down()
    assert removed == ["mark-of-the-dead"]


def test_nothing_is_removed_for_a_runtime_that_this_version_does_not_know(removed: list[str]) -> None:
    remove_left("of-a-later-version", "mark")
    remove_left(DEFAULT, "mark")
    assert removed == []


def test_the_server_gets_its_variables_of_the_users_environment(
    removed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SpawnedError(Exception):
        """In place of a guard."""

    def spawn(*_: object, env: dict[str, str], **__: object) -> None:
        raise SpawnedError(env)

    for name in ("MEMORY_HOST", "DOCKER_HOST", "MY_SECRET"):
        monkeypatch.setenv(name, "value")
    monkeypatch.setattr(subprocess, "Popen", spawn)
    with pytest.raises(SpawnedError) as told:
        control._spawn(15_000, "mark", tmp_path / "log", "memory", "key")
    assert told.value.args[0].keys() & {"MEMORY_HOST", "DOCKER_HOST", "MY_SECRET"} == {"MEMORY_HOST", "DOCKER_HOST"}


@pytest.mark.parametrize(
    "program",
    [
        "from cli.main import main; main(['local', 'up', '--help'])",
        "from local.server import main; main(['--help'])",
    ],
)
def test_every_program_offers_it(program: str) -> None:
    registered = "from local.ecs.runtimes import RUNTIMES; RUNTIMES['memory'] = RUNTIMES['process']; "
    told = subprocess.run([sys.executable, "-c", registered + program], check=True, capture_output=True, text=True)
    assert "process" in told.stdout
    assert "docker" in told.stdout
    assert "memory" in told.stdout


def test_the_choices_import_no_runtime() -> None:
    program = (
        "import sys, cli.main; "
        "print([m for m in ('docker', 'local.ecs.processes', 'local.ecs.containers', 'boto3') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout == "[]\n"
