"""Commands that move, in a real pseudo-terminal; and `runs logs` in a pipe that is closed early."""

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.documents_for_tests import RUN_ID
from tests.cli.standin import STAGE, Reply, Request
from tests.cli.terminals import CTRL_C, PROJECT, STACK, plain, stack, terminal
from tests.cli.test_cli_list import ROWS, row
from tests.cli.world import World, ended_badly, ended_well, running

WIDTHS = pytest.mark.parametrize("width", [80, 160])


@WIDTHS
def test_a_followed_run_on_a_terminal(width: int) -> None:
    evil = "\x1b]0;mine\x07\x1b[2J\x1b[31mred\x1b[0m"
    world = World(running(), running("first"), running("first", evil), ended_well("first", evil, "last"))
    with (
        stack(world.answer) as (_, environment),
        terminal("wait", RUN_ID, *STACK, width=width, environment=environment) as screen,
    ):
        code, written = screen.end()

    assert code == 0
    assert "\x1b]0;mine" not in written
    assert "\x1b[2J" not in written
    assert "\r\x1b[2KRUNNING  0.0 s" in written
    assert "\x1b[31mred" in written
    lines = [line.rsplit("\r", 1)[-1] for line in plain(written)]
    ours = [line for line in lines if line in {"first", "red", "last"}]
    assert ours == ["first", "red", "last"]
    assert lines[-1] == f"Run {RUN_ID} SUCCEEDED after 1.2 s."
    assert max(map(len, lines)) <= width


def test_ctrl_c_at_the_keyboard_leaves_the_run_alone() -> None:
    world = World(running("first"))
    with (
        stack(world.answer) as (server, environment),
        terminal("wait", RUN_ID, *STACK, environment=environment) as screen,
    ):
        screen.until("first")
        screen.type(CTRL_C)
        code, written = screen.end()

    assert code == 130
    options = " ".join(STACK)
    assert plain(written)[-2:] == [
        f"The run goes on. Stop it:  runs stop {RUN_ID} {options}",
        f"Attach again:  runs wait {RUN_ID} {options}",
    ]
    assert not any("POST" in path for path in server.paths())
    assert "\x1b[?25l" not in written  # the cursor was never hidden


def test_a_terminal_that_can_nothing_gets_a_line_for_each_change() -> None:
    with (
        stack(World(running(), ended_well()).answer) as (_, environment),
        terminal("wait", RUN_ID, *STACK, environment={**environment, "TERM": "dumb", "NO_COLOR": "1"}) as screen,
    ):
        code, written = screen.end()

    assert (code, plain(written)[1:3]) == (0, ["RUNNING", "SUCCEEDED"])
    assert "\x1b" not in written


class Moving:
    """A list in which one run is under way, and has failed at the second look."""

    def __init__(self) -> None:
        self.newest = 0

    def answer(self, request: Request) -> Reply:
        """GET /runs."""
        status = request.path.partition("status=")[2].partition("&")[0]
        if not status:
            self.newest += 1
        under_way = row("job-of-today", "RUNNING")
        failed = row("job-of-today", "FAILED", error="Task.Lost", summary="It is gone.", durationSeconds=5)
        moved = under_way if self.newest < 2 else failed
        found = [moved, *ROWS[2:]]
        return Reply(200, {"runs": [each for each in found if status in {"", each["status"]}]})


@WIDTHS
def test_a_watch_on_a_terminal(width: int) -> None:
    moving = Moving()
    with (
        stack(moving.answer) as (_, environment),
        terminal("watch", *STACK, width=width, height=6, environment=environment) as screen,
    ):
        screen.until("1 RUNNING")
        screen.until("nothing is under way")
        screen.until("Task.Lost")
        screen.type(CTRL_C)
        code, written = screen.end()

    assert code == 130
    lines = plain(written)
    assert max(map(len, lines)) <= width
    first = next(number for number, line in enumerate(lines) if line.startswith("job-of-today"))
    assert lines[first].split()[1] == "RUNNING"
    assert lines[first + 1].startswith("20250131T093000-1a2b3c4d")
    assert "20250128T093000-000000dd" not in written  # six lines have no room for it


def type_into_pipe(words: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """`runs` whose output is read by a program."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words, *STACK],
        cwd=PROJECT,
        env={**kept, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_watch_in_a_pipe_tells_each_change_once() -> None:
    with stack(Moving().answer) as (_, environment), type_into_pipe(["watch"], environment) as process:
        assert process.stdout
        lines = [process.stdout.readline().decode().split() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130

    assert [(words[1], words[2]) for words in lines] == [
        ("20250128T093000-000000dd", "STOPPED"),
        ("20250129T093000-000000cc", "FAILED"),
        (RUN_ID, "SUCCEEDED"),
        ("job-of-today", "RUNNING"),
        ("job-of-today", "FAILED"),
    ]


@pytest.mark.parametrize("words", [["logs", RUN_ID], ["logs", "-f", RUN_ID], ["wait", RUN_ID]], ids=" ".join)
def test_whoever_has_read_enough_is_told_nothing(words: list[str]) -> None:
    world = World(ended_badly(*(f"{number:01000}" for number in range(3_000))), lines_a_page=100)
    with stack(world.answer) as (_, environment), type_into_pipe(words, environment) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"0" * 1000 + b"\n"
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait() == 1

    assert "Error" not in said
    assert "Traceback" not in said


def test_lines_go_into_a_pipe_as_they_are() -> None:
    lines = ["\x1b[2J\x1b[31mred", "\x07\r", "ünï"]
    with (
        stack(World(ended_well(*lines)).answer) as (server, environment),
        type_into_pipe(["logs", RUN_ID], environment) as process,
    ):
        stdout, stderr = process.communicate()

    assert (process.returncode, stderr) == (0, b"On stack jobs in eu-west-1.\n")
    assert stdout == "".join(f"{line}\n" for line in lines).encode()
    assert server.paths()[0] == f"GET {STAGE}/runs/{RUN_ID}/logs?limit=10000"
