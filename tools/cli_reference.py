"""Write the commands' own help into docs/cli.md, below what people have written there: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from cli.main import main as runs

PAGE = Path(__file__).resolve().parents[1] / "docs/cli.md"
MARK = "<!-- From here on `make docs` writes: the program's own help. -->\n"
WIDTH = 80


def reference() -> str:
    """What follows the mark: a section for each command that is shown."""
    return "\n".join(f"## {path}\n\n```text\n{text}\n```\n" for path, text in helps(runs, "runs"))


def helps(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The commands below a command, itself first, each with its help for a terminal of 80 columns."""
    context = click.Context(command, parent, name, terminal_width=WIDTH, **command.context_settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.commands[below]
            if not found.hidden:
                yield from helps(found, below, context)


def written(page: str) -> str:
    """The page with the reference as it is now. Raises ValueError for a page without the mark."""
    by_hand, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"{PAGE.name} has no line {MARK.strip()}")
    return f"{by_hand}{MARK}\n{reference()}"


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(written(PAGE.read_text()))


if __name__ == "__main__":
    main()
