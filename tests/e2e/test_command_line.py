"""The command line against the local runtime, as a program: lines, exit codes, lists, ids."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.following import LONGEST_LOCAL_PAUSE_SECONDS
from tests.cli.terminals import CTRL_C, plain, terminal
from tests.e2e.conftest import Stack
from tests.waiting import LIMIT_SECONDS

PROJECT = Path(__file__).parents[2]
RUNS = (sys.executable, "-m", "cli.main")
FAILS = ("python", "-c", "print('one'); print('two'); raise SystemExit(3)")
STAYS = ("python", "-c", "import time; print('at work', flush=True); time.sleep(600)")
#: The first attempt fails with a code that is tried again, the second one succeeds.
TWICE = "import os; n = os.environ['RUN_ATTEMPT']; print('attempt', n); raise SystemExit(75 if n == '1' else 0)"
MANY = 50_000


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """A command that was waited for."""
    return subprocess.run(
        [*RUNS, *words], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=3 * LIMIT_SECONDS
    )


@pytest.mark.parametrize("pattern", ["callback", "sync", "request-response"])
def test_start_and_wait_is_as_if_the_container_ran_here(stack: Stack, pattern: str) -> None:
    done = typed("start", "--wait", "--pattern", pattern, "--retries", "0", "--", *FAILS)

    assert (done.returncode, done.stdout) == (3, "one\ntwo\n")
    last = done.stderr.splitlines()[-1]
    assert "FAILED after" in last
    assert "Container.ExitedNonZero" in last


def test_every_attempt_is_followed_and_each_can_be_read_again(stack: Stack) -> None:
    words = ["start", "--wait", "--retries", "1", "--retry-on-exit-code", "75", "--", "python", "-c", TWICE]
    done = typed(*words)

    assert (done.returncode, done.stdout) == (0, "attempt 1\nattempt 2\n"), done.stderr
    run_id = done.stderr.split()[2]
    for options, shown in (((), "attempt 2\n"), (("--attempt", "1"), "attempt 1\n"), (("-f",), "attempt 2\n")):
        assert typed("logs", run_id, *options).stdout == shown
    wrong: tuple[tuple[str, ...], ...] = (("--attempt", "7"), ("--attempt", "7", "-f"), ("--container", "nobody"))
    for words_of_nobody in wrong:
        refused = typed("logs", run_id, *words_of_nobody)
        assert (refused.returncode, refused.stdout) == (2, ""), refused.stderr


def test_a_line_is_seen_while_the_container_runs(stack: Stack, tmp_path: Path) -> None:
    """It goes on only when its line was seen."""
    seen = tmp_path / "seen"
    waits = f"import os, time\nprint('look', flush=True)\nwhile not os.path.exists({str(seen)!r}): time.sleep(0.02)"
    run_id = typed("start", "--", "python", "-c", f"{waits}\nprint('bye')").stdout.strip()

    with subprocess.Popen([*RUNS, "logs", "-f", run_id], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "look\n"
        seen.touch()
        assert process.stdout.read() == "bye\n"
        assert process.wait() == 0


def test_fifty_thousand_lines_come_once_each(stack: Stack) -> None:
    prints = f"for n in range({MANY}): print('line', n)"
    done = typed("start", "--wait", "--", "python", "-c", prints)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"line {number}" for number in range(MANY)]


def test_a_run_is_found_by_its_beginning_and_by_being_the_last(stack: Stack) -> None:
    typed("start", "--", "true")
    run_id = typed("start", "--", "true").stdout.strip()
    waited = typed("wait", "--json", run_id[:-1])

    assert waited.returncode == 0, waited.stderr
    assert json.loads(waited.stdout)["runId"] == run_id
    assert json.loads(typed("show", "--json", "@last").stdout)["runId"] == run_id
    listed = json.loads(typed("list", "--json", "--limit", "1").stdout)["runs"]
    assert [each["runId"] for each in listed] == [run_id]
    ambiguous = typed("show", "2")
    assert ambiguous.returncode == 2
    assert run_id in ambiguous.stderr


def test_ctrl_c_leaves_a_run_and_wait_attaches_again(stack: Stack, tmp_path: Path) -> None:
    run_id = typed("start", "--", *STAYS).stdout.strip()
    kept = {name: value for name, value in os.environ.items() if name.startswith("FARGATE_RUNS_")}

    for _ in range(2):
        with terminal("wait", run_id, environment=kept) as screen:
            screen.until("at work")
            screen.type(CTRL_C)
            code, written = screen.end()
        assert code == 130, written
        assert f"runs wait {run_id}" in plain(written)[-1]
    assert stack.api.get_run(run_id)["status"] == "RUNNING"
    typed("stop", run_id)
    stack.ended_run(run_id)


def test_a_run_is_stopped_and_run_again(stack: Stack) -> None:
    words = (
        "start",
        "--env",
        "SAID=ünï code",
        "--",
        "python",
        "-c",
        "import os, time; print(os.environ['SAID'], flush=True); time.sleep(600)",
    )
    run_id = typed(*words).stdout.strip()
    with subprocess.Popen([*RUNS, "logs", "-f", run_id], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        assert follower.stdout.readline() == "ünï code\n"
        stopped = typed("stop", run_id, "--reason", "wrong input")
        assert (stopped.returncode, stopped.stdout) == (0, ""), stopped.stderr
        assert follower.wait() == 0

    waited = typed("wait", run_id)
    assert (waited.returncode, waited.stdout) == (143, "ünï code\n")  # SIGTERM ended it
    assert "STOPPED" in waited.stderr
    page = typed("show", run_id).stdout
    assert ": wrong input" in page
    again = typed("stop", run_id)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)

    rerun = typed("rerun", run_id).stdout.strip()
    assert rerun != run_id
    with subprocess.Popen([*RUNS, "logs", "-f", rerun], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        assert follower.stdout.readline() == "ünï code\n"
        typed("stop", rerun)
    assert f"  rerun of   {run_id}\n" in typed("show", rerun).stdout
    listed = json.loads(typed("list", "--json", "--status", "STOPPED").stdout)["runs"]
    assert {run_id, rerun} <= {each["runId"] for each in listed}


def test_one_key_is_one_run(stack: Stack) -> None:
    words = ("start", "--idempotency-key", "of-this-test", "--", "true")

    assert typed(*words).stdout == typed(*words).stdout
    other = typed("start", "--idempotency-key", "of-this-test", "--", "false")
    assert (other.returncode, other.stdout) == (2, ""), other.stderr


def test_what_is_not_there_is_said_in_a_line(stack: Stack) -> None:
    for command in ("show", "logs", "wait", "stop", "rerun"):
        done = typed(command, "nobody")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "Error: There is no run nobody in the local runtime.\n"


def test_a_line_is_seen_soon_after_its_print(stack: Stack) -> None:
    """Within the longest pause between two questions and a few of the API's own answers, on a busy machine too."""
    # Between two lines there is time enough for the pauses to grow.
    prints = "import time\nfor _ in range(8): time.sleep(4.5); print(time.time(), flush=True)"
    run_id = typed("start", "--", "python", "-c", prints).stdout.strip()
    late, answers = [], []
    with subprocess.Popen([*RUNS, "logs", "-f", run_id], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            late.append(time.time() - float(line))
            asked = time.monotonic()
            stack.api.read_log(run_id, {"limit": 1})
            answers.append(time.monotonic() - asked)

    assert len(late) == 8
    # The first one may have been printed before the follower was there.
    most = LONGEST_LOCAL_PAUSE_SECONDS + 3 * statistics.median(answers)
    assert statistics.median(late[1:]) < most, (late, answers)
