"""What nobody foresaw ends in one sentence as well."""

import errno

import pytest
from botocore.exceptions import ClientError, NoRegionError
from click.testing import CliRunner

from cli.main import main
from tests.cli.standin import Control, surroundings

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeTasks")
SAID = {
    PermissionError(13, "Permission denied", "/x/.local/lock"): "Error: Permission denied: /x/.local/lock\n",
    OSError(28, "No space left on device"): "Error: No space left on device\n",
    NoRegionError(): "Error: AWS cannot be asked: You must specify a region.\n",
    DENIED: f"Error: AWS cannot be asked: {DENIED}\n",
    ValueError("a\x1b[2Jb"): "Error: This should not happen (ValueError: a�[2Jb). RUNS_TRACEBACK=1 shows where.\n",
}


@pytest.mark.parametrize("command", [["local", "down"], ["local", "status"], ["show", "RUN"], ["start", "--", "true"]])
@pytest.mark.parametrize(("error", "said"), SAID.items(), ids=[type(error).__name__ for error in SAID])
def test_it_is_one_sentence(runner: CliRunner, error: Exception, said: str, command: list[str]) -> None:
    result = runner.invoke(main, command, obj=surroundings(Control(error=error)))

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said)


def test_who_asks_gets_the_traceback(runner: CliRunner) -> None:
    error = ValueError("a")

    result = runner.invoke(main, ["local", "up"], obj=surroundings(Control(error=error)), env={"RUNS_TRACEBACK": "1"})

    assert result.exception is error


def test_who_has_read_enough_is_told_nothing(runner: CliRunner) -> None:
    control = Control(error=BrokenPipeError(errno.EPIPE, "Broken pipe"))

    result = runner.invoke(main, ["local", "up"], obj=surroundings(control))

    assert (result.exit_code, result.stderr) == (1, "")


def test_ctrl_c_is_click_s_own(runner: CliRunner) -> None:
    class Interrupted(Control):
        def down(self) -> bool:
            raise KeyboardInterrupt

    result = runner.invoke(main, ["local", "down"], obj=surroundings(Interrupted()))

    assert (result.exit_code, result.stderr.strip()) == (1, "Aborted!")
