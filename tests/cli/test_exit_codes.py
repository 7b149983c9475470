"""What the exit code says of a run that has ended, and what every command's help says of exit codes."""

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cli.documents import Run
from cli.errors import exit_code_of
from cli.main import main
from tests.cli.documents_for_tests import execution, failed, run, succeeded, without_task

TABLE: dict[str, tuple[dict[str, object], int]] = {
    "a success": (succeeded(), 0),
    "a success that shows no code": (succeeded(exitCode=None), 0),
    "a success whose sidecar is blamed for nothing": (succeeded(exitCode=7), 0),
    "the container's own code": (failed(exitCode=3), 3),
    "the smallest code": (failed(exitCode=1), 1),
    "the largest code": (failed(exitCode=255), 255),
    "a code of Windows would become 0": (failed(exitCode=256), 1),
    "a code that is none": (failed(exitCode=-1), 1),
    "no container had a code": (failed(exitCode=None), 1),
    "a failed run whose container ended well": (failed(exitCode=0, error="Task.SidecarFailed"), 1),
    "killed for its memory": (failed(exitCode=137, error="Container.OutOfMemory"), 137),
    "stopped by a person": (run("STOPPED", error="Task.StoppedByUser", exitCode=143), 143),
    "stopped by a person before it had a code": (run("STOPPED", error="Task.StoppedByUser"), 1),
    "no task": (without_task("ECS.AccessDeniedException", "no"), 1),
    "an execution that timed out": (failed(error="States.Timeout", exitCode=137), 124),
    "an execution that timed out without a task": (without_task("States.Timeout", "late", "TIMED_OUT"), 124),
    "a task that ended well and too late": (failed(error="States.Timeout", exitCode=0), 124),
    "an execution without a heartbeat": (failed(error="States.HeartbeatTimeout", exitCode=None), 124),
    "a task that the sweep stopped": (failed(error="Task.TimedOut", exitCode=143), 124),
    "a run whose whole time was over": (failed(error="Run.TotalTimeout", exitCode=143), 124),
    "a run that waited for a slot until its time was over": (without_task("Run.QueueTimedOut", "late"), 124),
    "a program that names its own end so": (failed(error="Container.ExitedNonZero", exitCode=124), 124),
    "an execution that was aborted": (run("STOPPED", execution=execution("ABORTED"), error="Run.Stopped"), 1),
    "a run that was skipped is no failure": (run("SKIPPED", error="Run.Skipped"), 0),
    "a run that was missed": (run("MISSED", error="Run.Missed"), 1),
    "a run that waits": (run("QUEUED"), 1),
    "a run without an end": (run("RUNNING"), 1),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_exit_code_of_a_run(name: str) -> None:
    document, code = TABLE[name]

    assert exit_code_of(Run.from_document(document)) == code


def _with_exit_codes(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command whose own help has to name its exit codes: the local runtime's have theirs in the group."""
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group) and name != "local":
            yield from _with_exit_codes(command, (*path, name))


@pytest.mark.parametrize("path", [*_with_exit_codes(main)], ids=" ".join)
def test_every_help_names_the_codes_that_there_are(runner: CliRunner, path: tuple[str, ...]) -> None:
    told = " ".join(runner.invoke(main, [*path, "--help"]).stdout.split())
    _, found, codes = told.partition("Exit codes:")

    assert found
    named = {int(code) for code in re.findall(r"(?<![\w.-])\d+(?= )", codes.partition(" Options")[0])}
    assert {0} < named <= {0, 1, 2, 69, 124, 130}
