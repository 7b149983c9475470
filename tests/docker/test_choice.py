"""What containers are is a choice, and a wrong one is one readable line. These tests need no engine."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import control
from local.ecs.containers import ContainerSpec
from local.ecs.docker_engine import Engine
from local.ecs.docker_runtime import options_of
from local.ecs.runtimes import RUNTIMES
from local.errors import NoContainerEngineError, UnknownContainersError

# Docker's SDK leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SPEC = ContainerSpec(
    task_id="t",
    name="main",
    image="python:3.13",
    arguments=("python", "-V"),
    environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:4577", "A": "http://127.0.0.1"},
)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.mark.parametrize("address", ["unix:///no/such/docker.sock", "tcp://127.0.0.1:1"])
def test_an_engine_that_does_not_answer_is_one_line_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    with pytest.raises(NoContainerEngineError) as told:
        control.up(containers="docker")
    assert re.fullmatch(
        r"no Docker engine answers \((No such file or directory|.*Connection refused)\): "
        r"start Docker, or name its socket in DOCKER_HOST, or run containers as processes with "
        r"`runs local up --containers process`",
        str(told.value),
    )


def test_a_setting_that_is_none_of_the_choices_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RUNS_CONTAINERS", "no-such-kind")
    with pytest.raises(UnknownContainersError, match=f"must be one of {', '.join(RUNTIMES)}, not 'no-such-kind'"):
        control.up()


def test_the_engine_is_named_once_in_every_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/docker.sock")
    with pytest.raises(NoContainerEngineError, match=r"\(No such file or directory\)"):
        Engine.connect()


def test_on_linux_a_container_shares_the_machines_network() -> None:
    options = options_of(SPEC, "label", "linux")
    assert options.host_network
    assert options.environment == SPEC.environment


def test_elsewhere_it_reaches_the_runtime_through_docker_desktop() -> None:
    options = options_of(SPEC, "label", "darwin")
    assert not options.host_network
    assert options.environment == {
        "AWS_ENDPOINT_URL": "http://host.docker.internal:4577",
        "A": "http://127.0.0.1",
    }
