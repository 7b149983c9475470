"""`runs explain`: how a task ended, from what ECS said about it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.errors import BadInputError
from cli.render import verdict_page
from cli.text import clean

if TYPE_CHECKING:
    from cli.explain import Reading

Verdict = dict[str, object]


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--container", metavar="NAME", help="The container whose exit code is the verdict.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object for one task, a list for several.")
def explain(file: str, container: str | None, as_json: bool) -> None:
    """Say how a task ended, and what to do about it. FILE may be `-` for standard input.

    Reads an "ECS Task State Change" event, the answer of DescribeTasks, a task or a list of them, or the task that a
    Step Functions state gives as output or Cause: whole, or cut down to its containers and stoppedReason, also
    inside the message of a queue. Needs no AWS account, no network and no local runtime.

    \b
      aws ecs describe-tasks --cluster jobs --tasks 0c0a0d55efda | runs explain -
      runs explain event.json --container app --json

    Exit codes: 0 explained, whatever the verdict; 2 FILE cannot be read or tells of no task.
    """
    from cli.explain import UnexplainableError, read, verdict

    data = _bytes(file)
    try:
        reading = read(data)
        verdicts = [verdict(detail, container) for detail in reading.details]
    except UnexplainableError as error:
        raise BadInputError(clean(f"Cannot explain {_name(file)}: {error}.")) from error
    click.echo(_json(verdicts) if as_json else _pages(reading, verdicts))
    for note in (*reading.notes, *reading.failures):
        click.echo(clean(f"Note: {note}."), err=True)


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _bytes(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadInputError(clean(f"Cannot read {_name(file)}: {reason}.")) from error


def _json(verdicts: list[Verdict]) -> str:
    return json.dumps(verdicts[0] if len(verdicts) == 1 else verdicts, indent=2)


def _pages(reading: Reading, verdicts: list[Verdict]) -> str:
    from cli.explain import task_name

    pairs = zip(reading.details, verdicts, strict=True)
    return "\n\n".join(verdict_page(task_name(detail), one) for detail, one in pairs)
