"""`make picture`: plays the demo in the local runtime, types commands, and draws the screens into docs/pictures.

The README shows them. Nothing in them is drawn by hand: each is what the program wrote.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.text import Text

from cli.api_client import ApiClient
from cli.demo import Demo, Row
from cli.demo_scenarios import SCENARIOS
from cli.demo_view import table
from cli.surroundings import Surroundings
from cli.target import resolve
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from rich.console import RenderableType

PICTURES: Final = Path(__file__).resolve().parent.parent / "docs/pictures"
NAMES: Final = ("demo", "follow", "list", "show")
DEMO_WIDTH: Final = 130
WIDTH: Final = 100
DEADLINE_SECONDS: Final = 180
#: What a follow and a page of a failed run show.
LINES: Final = ("1,204 orders read", "order 17 has no price")
EXIT_CODE: Final = 3
JOB: Final = "; ".join([*(f"print('{line}')" for line in LINES), f"raise SystemExit({EXIT_CODE})"])
#: Fewer than are started for the pictures: nothing else comes into them.
LISTED: Final = 8
REASON: Final = "wrong input"
_SLEEPS: Final = ("python", "-c", "import time; time.sleep(600)")
_OUTSIDE: Final = re.compile(r"@font-face \{.*?\}\s*|https://www\.textualize\.io", re.DOTALL)


def main() -> int:
    """Draws the pictures and returns the exit code."""
    surroundings = Surroundings()
    api = ApiClient(resolve(TargetOptions(local=True), surroundings), sleep=surroundings.sleep)
    demo = Demo(SCENARIOS, api, surroundings)
    demo.play(DEADLINE_SECONDS, lambda: None)
    if wrong := [row for row in demo.rows if row.differences()]:
        print(f"{len(wrong)} runs did not end as they should; the pictures stay as they were", file=sys.stderr)
        return 1
    drawn = {"demo": demo_picture(demo.rows), **_screens()}
    PICTURES.mkdir(exist_ok=True)
    for name, svg in drawn.items():
        (PICTURES / f"{name}.svg").write_text(svg)
    print(f"drawn: {', '.join(drawn)}")
    return 0


def demo_picture(rows: list[Row]) -> str:
    """The demo and its end."""
    end = Text(f"All {len(rows)} runs ended as they should.")
    return picture([Text("$ make run", "bold"), table(rows, lambda: 0.0, DEMO_WIDTH), end], DEMO_WIDTH)


def _screens() -> dict[str, str]:
    """The commands for one run and for many. A run that goes on and a stopped one are in the list too."""
    goes_on = _typed("start", "--", *_SLEEPS)[0].split()[0]
    stopped = _typed("start", "--", *_SLEEPS)[0].split()[0]
    _typed("stop", stopped, "--reason", REASON)
    _typed("wait", stopped)
    followed, code = _typed("start", "--wait", "--", "python", "-c", JOB)
    listed, _ = _typed("list", "--limit", str(LISTED))
    shown, _ = _typed("show", "@last")
    _typed("stop", goes_on)
    return {
        "follow": screen(f'runs start --wait -- python -c "{JOB}"', followed, "echo $?", f"{code}\n"),
        "list": screen(f"runs list --limit {LISTED}", listed),
        "show": screen("runs show @last", shown),
    }


def _typed(*words: str) -> tuple[str, int]:
    """What the command line writes to a terminal, and its exit code."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    here = Path(sys.executable).parent
    environment = {
        **os.environ,
        "FARGATE_RUNS_STACK": "",
        "PATH": f"{here}:{os.environ['PATH']}",
        "TERM": "xterm-256color",
    }
    command: list[str | Path] = [here / "runs", *words]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        written = b""
        try:
            while read := os.read(ours, 65_536):
                written += read
        except OSError:  # Linux's word for: nobody has it open any more
            pass
    os.close(ours)
    return written.decode().replace("\r\n", "\n"), process.returncode


def screen(*typed_and_written: str) -> str:
    """An SVG of commands and, behind each, what it wrote to a terminal."""
    shown: list[RenderableType] = []
    for number, text in enumerate(typed_and_written):
        lines = Text.from_ansi(text.rstrip("\n")) if number % 2 else Text(f"$ {text}", "bold")
        for line in lines.split(allow_blank=True):
            # Where a terminal breaks a line, whatever the words.
            shown += line.divide(range(WIDTH, len(line), WIDTH))
    return picture(shown, WIDTH)


def picture(shown: list[RenderableType], width: int) -> str:
    """An SVG of what goes to a terminal of that width. It loads nothing: no font from anywhere."""
    # A record of what would go to a terminal; nothing is printed.
    console = Console(record=True, width=width, force_terminal=True, file=io.StringIO())
    console.print(Group(*shown), highlight=False)
    return _OUTSIDE.sub("", console.export_svg(title="Fargate Runs"))


if __name__ == "__main__":
    sys.exit(main())
