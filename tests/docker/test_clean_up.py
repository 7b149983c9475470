"""However the runtime is ended, no container of it is left; the engine's others are let alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import control
from local.ecs.docker_engine import ContainerOptions, Engine
from local.errors import WouldReplaceError
from local.state import read_state
from tests.contract.conftest import prepared
from tests.docker.conftest import IMAGE, needs_docker
from tests.docker.running import start
from tests.local.test_guard import end_guard, kill_both, kill_guard, kill_server
from tests.runtimes import bare_runtime
from tests.waiting import eventually

pytestmark = needs_docker

# Of this very session: an engine that goes on keeps what an earlier one may have left when it was killed.
OTHER = f"somebody-else-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def engine() -> Iterator[Engine]:
    """The engine, with a container of somebody else in it."""
    engine = Engine.connect()
    other = engine.create(ContainerOptions(IMAGE, command=("true",), label=OTHER))
    yield engine
    engine.remove(other)
    engine.close()


@pytest.mark.parametrize("end", [kill_server, kill_guard, kill_both, end_guard])
def test_no_container_is_left(tmp_path: Path, engine: Engine, end: Callable[[int], None]) -> None:
    with bare_runtime(tmp_path) as endpoint:
        aws = prepared(endpoint)
        # A container that does not end when it is asked to.
        task = start(aws, {"command": ["python3", "-c", "import time; time.sleep(600)"]})
        aws.until_status(task, "RUNNING")
        state = read_state()
        assert state is not None
        assert len(engine.labelled(state.runtime_id)) == 1
        end(state.guard_pid)
        if end is kill_both:
            control.down()  # nobody lives who could have cleaned up; whoever comes next does
        eventually(lambda: not engine.labelled(state.runtime_id), "the end of its containers")
        assert len(engine.labelled(OTHER)) == 1
        if (guard := control._children.pop(state.guard_pid, None)) is not None:
            guard.wait(control.STOP_SECONDS)


def test_an_ended_container_is_removed(tmp_path: Path, engine: Engine) -> None:
    with bare_runtime(tmp_path) as endpoint:
        aws = prepared(endpoint)
        aws.task_events(start(aws, {"command": ["python", "-c", "pass"]}))
        state = read_state()
        assert state is not None
        eventually(lambda: not engine.labelled(state.runtime_id), "the end of its containers")


def test_another_choice_is_another_runtime(tmp_path: Path) -> None:
    with bare_runtime(tmp_path):
        first = read_state()
        assert first is not None
        assert first.containers == "docker"
        control._refuse_another(first, None, control._containers("docker"))
        with pytest.raises(WouldReplaceError, match="with containers as process it would be a new one"):
            control._refuse_another(first, None, control._containers("process"))
