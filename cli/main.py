"""The entry point `runs`."""

from __future__ import annotations

import click

from cli.commands.dead_letters import dead_letters, redrive
from cli.commands.demo import demo
from cli.commands.doctor import doctor
from cli.commands.explain import explain
from cli.commands.jobs import jobs
from cli.commands.list import list_runs
from cli.commands.logs import logs
from cli.commands.replay import replay
from cli.commands.rerun import rerun
from cli.commands.show import show
from cli.commands.start import start
from cli.commands.stop import stop
from cli.commands.wait import wait
from cli.commands.watch import watch
from cli.interrupts import ending_on_ctrl_c
from cli.no_traceback import WithoutTraceback
from cli.program import has_local_runtime, version
from cli.text import wants_colour


@click.group(
    cls=WithoutTraceback,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes are in each command's help.",
)
@click.version_option(version(), prog_name="runs")
@click.pass_context
def main(context: click.Context) -> None:
    """Run containers as jobs on AWS Fargate, and learn how they ended.

    Without --stack (or FARGATE_RUNS_STACK) the commands talk to the local runtime, which needs neither an AWS
    account nor Docker:

    \b
      runs local up
      runs start --wait -- python -c "print('hello')"
      runs show @last
    """
    if not wants_colour():
        context.color = False


def _local() -> click.Command:
    if has_local_runtime():
        from cli.commands.local import local

        return local
    from cli.commands.local_elsewhere import local as elsewhere

    return elsewhere


_OF_RUNS = (start, list_runs, show, logs, wait, stop, rerun, watch)

for command in (_local(), *_OF_RUNS, jobs, explain, doctor, dead_letters, redrive, replay, demo):
    main.add_command(command)


if __name__ == "__main__":
    with ending_on_ctrl_c():
        main()
