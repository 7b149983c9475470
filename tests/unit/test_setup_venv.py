"""`make setup`: what it does with what it finds, whatever interrupted the last one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import eventually
from tools import setup_venv

MADE, INSTALLED = "made", "installed"


class Setup:
    """A checkout in which making and installing are noted and not done."""

    def __init__(self, project: Path) -> None:
        self.venv = project / ".venv"
        self.stamp = self.venv / "fargate-runs-setup"
        self.done: list[str] = []
        self.code = 0
        self.error: BaseException | None = None

    def make(self, _lock: int) -> None:
        self.venv.mkdir(exist_ok=True)
        self.stamp.unlink(missing_ok=True)
        self.done.append(MADE)

    def install(self, _lock: int) -> int:
        assert not self.stamp.exists(), "whoever is interrupted now leaves no finished setup"
        self.done.append(INSTALLED)
        if self.error:
            raise self.error
        return self.code


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    found = Setup(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "dev.txt").write_text("click==1 --hash=sha256:0")
    places = {"PROJECT": tmp_path, "VENV": found.venv, "STAMP": found.stamp, "LOCK": tmp_path / "dev.txt"}
    for name, path in places.items():
        monkeypatch.setattr(setup_venv, name, path)
    monkeypatch.setattr(setup_venv, "make", found.make)
    monkeypatch.setattr(setup_venv, "install", found.install)
    monkeypatch.setattr(setup_venv, "same_python", lambda: True)
    return found


def test_nothing_is_done_twice(setup: Setup) -> None:
    assert [setup_venv.main(), setup_venv.main()] == [0, 0]
    assert setup.done == [MADE, INSTALLED]


def test_what_changed_is_installed_into_what_was_finished(setup: Setup) -> None:
    setup_venv.main()
    setup_venv.LOCK.write_text("click==2 --hash=sha256:0")
    assert setup_venv.main() == 0
    assert setup.done == [MADE, INSTALLED, INSTALLED]


def test_another_python_makes_it_anew(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup_venv.main()
    setup_venv.STAMP.write_text("of another Python")
    monkeypatch.setattr(setup_venv, "same_python", lambda: False)
    assert setup_venv.main() == 0
    assert setup.done == [MADE, INSTALLED] * 2


@pytest.mark.parametrize("before", ["at the first setup", "at a later one"])
@pytest.mark.parametrize("how", [KeyboardInterrupt(), OSError(28, "No space left on device", "/x"), 1])
def test_what_was_interrupted_is_made_anew(
    before: str, how: BaseException | int, setup: Setup, capsys: pytest.CaptureFixture[str]
) -> None:
    if before == "at a later one":
        setup_venv.main()
        setup_venv.LOCK.write_text("click==2 --hash=sha256:0")
    if isinstance(how, int):
        setup.code = how
    else:
        setup.error = how
    assert setup_venv.main() != 0
    setup.code, setup.error, setup.done = 0, None, []
    capsys.readouterr()

    assert setup_venv.main() == 0
    assert setup.done == [MADE, INSTALLED]
    assert "anew, the last setup did not come to its end" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted: the next make begins anew"),
        (OSError(13, "Permission denied", "/x/.venv"), 2, ".venv cannot be made: Permission denied: /x/.venv"),
    ],
)
def test_it_ends_in_a_sentence(
    error: BaseException, code: int, said: str, setup: Setup, capsys: pytest.CaptureFixture[str]
) -> None:
    setup.error = error
    assert setup_venv.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == said


@pytest.mark.parametrize("missing", ["ensurepip", "venv"])
def test_a_python_that_can_make_no_pip_is_told_before_anything_is_made(
    missing: str, setup: Setup, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())
    assert setup_venv.main() == 2
    (said,) = capsys.readouterr().out.splitlines()
    assert f"has no {missing}," in said
    assert "-venv) and run make again" in said
    assert not setup.venv.exists()


def test_one_setup_waits_for_another_that_was_killed_and_whose_pip_works_on(setup: Setup) -> None:
    """Its child holds the turn."""
    with setup_venv.alone() as lock:
        child = subprocess.Popen(["sleep", "600"], pass_fds=(lock,))
    waiting = "import sys; from pathlib import Path; from tools import setup_venv\n"
    waiting += "setup_venv.PROJECT = Path(sys.argv[1])\nwith setup_venv.alone(): print('alone', flush=True)"
    with contextlib.ExitStack() as stack:
        stack.callback(child.wait)
        stack.callback(child.kill)
        process = subprocess.Popen(
            [sys.executable, "-c", waiting, str(setup_venv.PROJECT)], stdout=subprocess.PIPE, text=True
        )
        stack.callback(process.communicate)
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting for another make that sets up .venv\n"
        os.kill(child.pid, signal.SIGKILL)
        assert process.stdout.readline() == "alone\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "  downloading, 0 of 3 packages"),
        (["Collecting a\n", "  Using cached a.whl\n", "Processing b\n"], "  downloading, 2 of 3 packages"),
        (["Collecting a\n", "Installing collected packages: a, b, c\n"], "  installing, 1 of 3 packages"),
    ],
)
def test_how_far_it_is(lines: list[str], said: str, setup: Setup) -> None:
    (setup.venv / "lib/python3.11/site-packages/a-1.dist-info").mkdir(parents=True)
    assert setup_venv.how_far(lines, 3) == said


def test_something_is_said_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup_venv.TICK_SECONDS < 5
    monkeypatch.setattr(setup_venv, "TICK_SECONDS", 0.01)
    said: list[str] = []
    with setup_venv.ticking(lambda: said.append("") or "  at work"):  # type: ignore[func-returns-value]
        eventually(lambda: len(said) >= 3, "three ticks")
    assert capsys.readouterr().out.splitlines()[:2] == ["  at work", "  at work (0 s)"]
