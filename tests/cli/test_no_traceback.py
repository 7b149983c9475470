"""What nobody foresaw ends in one sentence as well."""

import errno

import pytest
from botocore.exceptions import ClientError, NoRegionError
from click.testing import CliRunner

from cli.main import main
from tests.cli.standin import Control, surroundings

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeTasks")
SAID = {
    PermissionError(13, "Permission denied", "/x/.local/lock"): (1, "Permission denied: /x/.local/lock"),
    OSError(28, "No space left on device"): (1, "No space left on device"),
    NoRegionError(): (69, "AWS cannot be asked: You must specify a region."),
    DENIED: (69, f"AWS cannot be asked: {DENIED}"),
    ValueError("a\x1b[2Jb"): (1, "This should not happen (ValueError: a�[2Jb). RUNS_TRACEBACK=1 shows where."),
}


@pytest.mark.parametrize("command", [["local", "down"], ["local", "status"], ["show", "RUN"], ["start", "--", "true"]])
@pytest.mark.parametrize(("error", "said"), SAID.items(), ids=[type(error).__name__ for error in SAID])
def test_it_is_one_sentence(runner: CliRunner, error: Exception, said: tuple[int, str], command: list[str]) -> None:
    result = runner.invoke(main, command, obj=surroundings(Control(error=error)))

    assert (result.exit_code, result.stdout, result.stderr) == (said[0], "", f"Error: {said[1]}\n")


def test_who_asks_gets_the_traceback(runner: CliRunner) -> None:
    error = ValueError("a")

    result = runner.invoke(main, ["local", "up"], obj=surroundings(Control(error=error)), env={"RUNS_TRACEBACK": "1"})

    assert result.exception is error


def test_who_has_read_enough_is_told_nothing(runner: CliRunner) -> None:
    control = Control(error=BrokenPipeError(errno.EPIPE, "Broken pipe"))

    result = runner.invoke(main, ["local", "up"], obj=surroundings(control))

    assert (result.exit_code, result.stderr) == (1, "")


def test_ctrl_c_ends_every_command_as_shells_expect_it(runner: CliRunner) -> None:
    class Interrupted(Control):
        def down(self) -> bool:
            raise KeyboardInterrupt

    result = runner.invoke(main, ["local", "down"], obj=surroundings(Interrupted()))

    assert (result.exit_code, result.stderr) == (130, "\nInterrupted.\n")
