"""Where the command `runs` begins.

A wheel has the modules of `runs` inside this package (see setup.py): names such as `cli` belong to nobody's
site-packages. They are on the path of the process that is `runs`, and of no other.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command that was typed."""
    inside = Path(__file__).parent
    if (inside / "cli").is_dir():  # in a wheel; a checkout has the modules on its path already
        sys.path.insert(0, str(inside))
    from cli.interrupts import ending_on_ctrl_c  # noqa: PLC0415 - found only now

    with ending_on_ctrl_c():
        from cli.main import main as run  # noqa: PLC0415 - it takes a while, and somebody may press Ctrl-C

        run()
