"""`make verify`: look at every fact on the local runtime, or on a stack in AWS."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import BAD_INPUT, FAILED, INTERRUPTED, OK, CliError, NotRunningError
from cli.no_traceback import CommandWithoutTraceback
from cli.progress import steps
from cli.surroundings import Surroundings, pass_surroundings, readable_runtime_errors
from cli.target import Target, local_target, resolve, target_options
from cli.target_choice import TargetOptions
from verify.cost import cost_cents, task_count
from verify.facts import Finding, Scenario, Verdict
from verify.preparing import prepared
from verify.redaction import Redaction
from verify.report import Report, check_place, write
from verify.running import look
from verify.scenarios import SCENARIOS
from verify.waiting import Patience

if TYPE_CHECKING:
    from verify.place import Place

#: The local runtime needs no longer, and nobody pays for being asked often.
LOCAL_LIMIT_SECONDS = 120.0
LOCAL_PAUSE_SECONDS = 0.25
#: Of what is taken out of a recording by its text, in characters.
SHORTEST_NAME = 8
#: A suite makes more of some calls at once than AWS lets in: a throttled one has to be made again, not to be a finding.
MOST_ATTEMPTS = 10
RECORDING = Path("build/verify.json")


class CannotVerifyError(CliError):
    """Nothing was looked at: wrong options, no credentials, no stack, or what is needed could not be made."""

    exit_code = BAD_INPUT


@click.command(cls=CommandWithoutTraceback, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=RECORDING,
    help=f"The recording; default: {RECORDING}.",
)
@click.option("--only", metavar="TEXT", help="Only the scenarios that have this in their names.")
@click.option("--yes", is_flag=True, help="Do not ask before tasks are started in AWS.")
@target_options
@pass_surroundings
@click.pass_context
def main(
    context: click.Context,
    surroundings: Surroundings,
    /,
    out: Path,
    only: str | None,
    yes: bool,
    options: TargetOptions,
) -> None:
    """Look at every fact on the local runtime, or with --stack on a stack in AWS, and write a recording.

    What the suite makes (a role, queues, rules, state machines, task definitions) is tagged and removed at the end,
    after an interrupt too.

    Exit codes: 0 every fact holds; 1 one does not, or could not be seen; 2 nothing was looked at; 130 interrupted.
    """
    scenarios = [one for one in SCENARIOS if only is None or only in one.name]
    if not scenarios:
        raise CannotVerifyError(
            f"No scenario has {only!r} in its name. There are: {', '.join(s.name for s in SCENARIOS)}."
        )
    _check_recording(out)
    target = _target(options, surroundings)
    click.echo(_announcement(scenarios, target))
    if target.endpoint is None and not yes:
        _confirm()
    with _terminated_as_interrupted():
        try:
            code = _verified(scenarios, target, surroundings, out)
        except KeyboardInterrupt:
            click.echo("Interrupted; no recording is written.", err=True)
            code = INTERRUPTED
    context.exit(code)


def _check_recording(out: Path) -> None:
    """Before anything is started and paid for, whose recording would be lost."""
    try:
        check_place(out)
    except OSError as error:
        raise CannotVerifyError(f"The recording cannot be written to {out}: {error.strerror or error}.") from error


def _target(options: TargetOptions, surroundings: Surroundings) -> Target:
    """The target; a local runtime that is not running is started, one that runs is left as it is."""
    try:
        try:
            target = resolve(options, surroundings)
        except NotRunningError:
            with readable_runtime_errors(), steps(click.echo) as progress:
                target = local_target(surroundings.control().up(progress=progress))
        target.credentials()
    except CliError as error:
        raise CannotVerifyError(error.message) from error
    return replace(target, most_attempts=MOST_ATTEMPTS)


def _announcement(scenarios: Sequence[Scenario], target: Target) -> str:
    facts, tasks = sum(len(scenario.facts) for scenario in scenarios), task_count(scenarios)
    said = f"{facts} facts in {len(scenarios)} scenarios on {target.label}, with {tasks} tasks"
    if target.endpoint is not None:
        return f"{said}."
    return f"{said} of 0.25 vCPU and 0.5 GB: about {cost_cents(scenarios):.1f} US cents, in ten minutes or so."


def _confirm() -> None:
    if not _somebody_is_there():
        raise CannotVerifyError("Nobody is here to be asked: say YES=1 (or --yes) to start them.")
    if not click.confirm("Start them?", default=False):
        raise CannotVerifyError("Nothing was started.")


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _verified(scenarios: Sequence[Scenario], target: Target, surroundings: Surroundings, out: Path) -> int:
    local = target.endpoint is not None
    patience = Patience(LOCAL_LIMIT_SECONDS, LOCAL_PAUSE_SECONDS) if local else Patience()
    report = Report(not local, target.label, target.region, Redaction(_names(target)))
    found = _findings(scenarios, target, patience, report)
    write(report.recording(found, surroundings.now().isoformat(timespec="seconds")), out)
    others = [finding for finding in found if finding.verdict is not Verdict.AS_EXPECTED]
    for line in ("", *map(report.line, others), f"{report.conclusion(found)} The recording is in {out}."):
        click.echo(line)
    return FAILED if others else OK


def _findings(scenarios: Sequence[Scenario], target: Target, patience: Patience, report: Report) -> list[Finding]:
    with _place(target, patience) as place, steps(click.echo, "waiting for answers") as tell:
        return look(scenarios, place, lambda finding: tell(report.line(finding)))


@contextmanager
def _place(target: Target, patience: Patience) -> Iterator[Place]:
    begun = False
    try:
        with prepared(target, patience, lambda problem: click.echo(problem, err=True)) as place:
            begun = True
            yield place
    except (ClientError, BotoCoreError) as error:
        if begun:
            raise
        raise CannotVerifyError(f"What the suite needs could not be made: {error}") from error


def _names(target: Target) -> dict[str, str]:
    """What is this stack's own, by the names of its outputs: each as it stands, and what an ARN ends with.

    Short texts are words as well, and stay.
    """
    ends = {re.split(r"[/:]", re.sub(r":\d+$", "", value))[-1]: name for name, value in target.outputs.items()}
    names = {**ends, **{value: name for name, value in target.outputs.items()}}
    long = {text: f"<{name}>" for text, name in names.items() if len(text) >= SHORTEST_NAME}
    return {**long, target.output("ClusterArn").split(":")[4]: "<account>"}


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end the suite as Ctrl-C does: what was made has to be removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
