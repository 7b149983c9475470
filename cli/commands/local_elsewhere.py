"""`runs local` of an installed wheel, which has no local runtime: say where there is one."""

from __future__ import annotations

import click

from cli.surroundings import no_local_runtime


@click.command("local", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def local() -> None:
    """The whole application on this machine. It is not part of this installation.

    It needs the template and the functions' sources: clone the project and type `make run` there. Its own
    `.venv/bin/runs` talks to it.

    Exit codes: 69 always.
    """
    raise no_local_runtime()
