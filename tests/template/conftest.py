"""The things under test, read once."""

from pathlib import Path

import pytest
from jsonata.timebox import Timebox

from tests.template.evaluating import EVALUATORS, SUBSTITUTIONS, Evaluate
from tests.template.loading import MACHINE_FILES, MACHINES, Object, load_machine, load_template, substituted


@pytest.fixture(scope="session")
def template() -> Object:
    return load_template()


@pytest.fixture(scope="session", params=MACHINE_FILES, ids=lambda path: path.name.partition(".")[0])
def machine_file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="session")
def machine(machine_file: Path) -> Object:
    """A machine as it stands in its file."""
    return load_machine(machine_file)


@pytest.fixture(scope="session")
def deployed(machine: Object) -> Object:
    """A machine with its substitutions made."""
    return substituted(machine, SUBSTITUTIONS)


@pytest.fixture(scope="session")
def sync() -> Object:
    return substituted(load_machine(MACHINES / "run-task-sync.asl.json"), SUBSTITUTIONS)


@pytest.fixture(scope="session")
def callback() -> Object:
    return substituted(load_machine(MACHINES / "run-task-callback.asl.json"), SUBSTITUTIONS)


@pytest.fixture(scope="session")
def request_response() -> Object:
    return substituted(load_machine(MACHINES / "run-task.asl.json"), SUBSTITUTIONS)


@pytest.fixture(params=EVALUATORS)
def evaluate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """The emulator gives an expression a second by the wall clock: a busy machine is no wrong expression."""
    monkeypatch.setattr(Timebox, "current_milli_time", staticmethod(lambda: 0))
    return EVALUATORS[request.param]
