"""docs/cli.md: what the program itself says there, and what is said of it there."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from cli import errors
from cli.main import main
from tools import cli_reference


def test_the_page_is_what_the_program_says_today() -> None:
    page = cli_reference.PAGE.read_text()

    assert page == cli_reference.written(page), "run `make docs`"


@pytest.mark.parametrize("words", [[], ["start"], ["local"], ["local", "fault", "add"]], ids=" ".join)
def test_the_help_is_that_of_a_terminal(runner: CliRunner, words: list[str]) -> None:
    shown = runner.invoke(main, [*words, "--help"], prog_name="runs", env={"COLUMNS": "80"}).stdout

    assert dict(cli_reference.helps(main, "runs"))[" ".join(["runs", *words])] == shown.rstrip("\n")


def test_a_hidden_command_has_no_section() -> None:
    assert "## runs redrive\n" not in cli_reference.reference()


def test_a_page_without_the_mark_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="has no line"):
        cli_reference.written("# Something else\n")


def test_every_exit_code_is_on_the_page() -> None:
    codes = [errors.OK, errors.FAILED, errors.BAD_INPUT, errors.UNAVAILABLE, errors.TIMED_OUT, errors.INTERRUPTED]
    page = cli_reference.PAGE.read_text()

    assert all(f"\n| {code} | " in page for code in codes)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_that_the_page_tells_of_is_there(shell: str) -> None:
    # bash itself is asked for its version: without one there is nothing to complete.
    program = "import sys; sys.argv[0] = 'runs'; from cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "_RUNS_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"_RUNS_COMPLETE={shell}_source runs" in cli_reference.PAGE.read_text()
    assert f"_RUNS_COMPLETE={shell}_complete" in done.stdout, done.stderr


def test_a_command_is_completed() -> None:
    program = "import sys; sys.argv[0] = 'runs'; from cli.main import main; main()"
    words = {"COMP_WORDS": "runs dead", "COMP_CWORD": "1", "_RUNS_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **words}, capture_output=True, text=True, check=False
    )

    assert done.stdout == "plain,dead-letters\n"
