"""`make picture`: plays the demo in the local runtime, and draws what it showed into docs/picture.svg.

The README shows that file. Nothing in it is drawn by hand: it is the demo's own table, and the page of its run that an
exit code ended.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.api_client import ApiClient, run_of
from cli.demo import Demo, Row
from cli.demo_scenarios import SCENARIOS
from cli.demo_view import table
from cli.render import run_page
from cli.surroundings import Surroundings
from cli.target import resolve
from cli.target_choice import TargetOptions

PICTURE = Path(__file__).resolve().parent.parent / "docs/picture.svg"
WIDTH = 130
DEADLINE_SECONDS = 180
_OUTSIDE = re.compile(r"@font-face \{.*?\}\s*|https://www\.textualize\.io", re.DOTALL)


def main() -> int:
    """Draws the picture and returns the exit code."""
    surroundings = Surroundings()
    api = ApiClient(resolve(TargetOptions(local=True), surroundings), sleep=surroundings.sleep)
    demo = Demo(SCENARIOS, api, surroundings)
    demo.play(DEADLINE_SECONDS, lambda: None)
    if wrong := [row for row in demo.rows if row.differences()]:
        print(f"{len(wrong)} runs did not end as they should; the picture stays as it was", file=sys.stderr)
        return 1
    shown = next(row for row in demo.rows if row.run and row.run.error == "Container.ExitedNonZero")
    page = run_page(run_of(api.get_run(shown.run_id)), surroundings.now())
    PICTURE.write_text(picture(demo.rows, shown.run_id, page))
    print(f"drawn: {PICTURE.name}")
    return 0


def picture(rows: list[Row], run_id: str, page: str) -> str:
    """An SVG of the two commands and what they print. It loads nothing: no font from anywhere."""
    # A record of what would go to a terminal of this width; nothing is printed.
    console = Console(record=True, width=WIDTH, force_terminal=True, file=io.StringIO())
    console.print(Text("$ make run", "bold"))
    console.print(table(rows, lambda: 0.0, WIDTH))
    console.print(f"All {len(rows)} runs ended as they should.\n", highlight=False)
    console.print(Text(f"$ runs show {run_id}", "bold"))
    console.print(Text.from_ansi(page), no_wrap=True, overflow="ellipsis")
    return _OUTSIDE.sub("", console.export_svg(title="Fargate Runs"))


if __name__ == "__main__":
    sys.exit(main())
