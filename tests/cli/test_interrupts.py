"""Ctrl-C at any moment ends the program with 130, and leaves the terminal as it was."""

import random
import subprocess
import sys

import pytest

from tests.cli.documents_for_tests import RUN_ID
from tests.cli.standin import Answer, Reply
from tests.cli.terminals import CTRL_C, PROJECT, STACK, Terminal, plain, stack, terminal
from tests.cli.test_cli_demo import World as WorldOfTheDemo
from tests.cli.test_cli_list import ROWS
from tests.cli.world import World, running
from tests.waiting import LIMIT_SECONDS

PROGRAM = "tests.cli.interrupted_program"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
LONGEST_WAIT_SECONDS = 0.3


def _interrupted(screen: Terminal, sign: str) -> list[str]:
    """The lines, after a Ctrl-C at any moment behind that sign."""
    screen.until(sign)
    screen.watch(random.random() * LONGEST_WAIT_SECONDS)
    screen.type(CTRL_C)
    code, written = screen.end()
    assert code == 130, written
    assert "Traceback" not in written
    assert "Error" not in written
    assert HIDE not in written[written.rfind(SHOW) :], "the cursor is hidden"
    return plain(written)


@pytest.mark.parametrize("mode", ["draws_a_live", "draws_a_status"])
def test_at_any_moment_of_a_drawing(mode: str) -> None:
    for _ in range(6):
        with terminal(mode, environment={}, module=PROGRAM) as screen:
            assert _interrupted(screen, "drawn")[-1].endswith("farewell")


def _demo_without_ends() -> Answer:
    return WorldOfTheDemo(spoil={number: {"status": "RUNNING"} for number in range(20)}).answer


@pytest.mark.parametrize(
    ("words", "answer", "sign"),
    [
        (("watch",), lambda _: Reply(200, {"runs": ROWS}), "20250131T093000"),
        (("demo",), _demo_without_ends(), "RUNNING"),
        (("wait", RUN_ID), World(running("first")).answer, "first"),
    ],
    ids=["watch", "demo", "wait"],
)
def test_at_any_moment_of_a_command(words: tuple[str, ...], answer: Answer, sign: str) -> None:
    for _ in range(3):
        with stack(answer) as (_, environment), terminal(*words, *STACK, environment=environment) as screen:
            _interrupted(screen, sign)


def test_the_second_one_ends_a_farewell_that_hangs() -> None:
    with terminal("hangs_in_its_farewell", environment={}, module=PROGRAM) as screen:
        screen.until("shown")
        screen.type(CTRL_C)
        screen.until("farewell")
        screen.type(CTRL_C)
        code, written = screen.end()

    assert code == 130
    assert written.rfind(SHOW) > written.rfind(HIDE) >= 0


@pytest.mark.parametrize(("mode", "stderr"), [("leaves_a_lock", "farewell\n"), ("fails_after_it", "")])
def test_its_end_is_certain(mode: str, stderr: str) -> None:
    done = _run("-m", PROGRAM, mode)

    assert (done.returncode, done.stdout, done.stderr) == (130, "buffered\n", stderr)


def test_a_program_that_was_started_to_ignore_it_goes_on() -> None:
    ignores = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    done = _run("-c", f"{ignores}; os.execv(sys.executable, {[sys.executable, '-m', PROGRAM, 'goes_on']})")

    assert (done.returncode, done.stdout) == (0, "buffered\nwent on\n")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
    )
