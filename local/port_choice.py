"""On which port a runtime listens that was asked for none: the one of last time, else one of the checkout's own.

So two checkouts do not meet, started at the same moment or not, and a checkout's address stays what it was.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from local.paths import private_file

FILE: Final = "port"
LARGEST_PORT: Final = 65_535
#: Below the ports that Linux and macOS give away by themselves, which somebody may get at any moment.
PORTS: Final = range(20_000, 30_000)


def own_port(directory: Path) -> int:
    """The first port that a state directory tries; another directory's is another one, all but always."""
    return PORTS[zlib.crc32(str(directory).encode()) % len(PORTS)]


def remembered(directory: Path) -> int | None:
    """Returns the port of last time; None if there was none, or the file has no valid port."""
    try:
        port = int((directory / FILE).read_text())
    except (OSError, ValueError):
        return None
    return port if 0 < port <= LARGEST_PORT else None


def remember(directory: Path, port: int) -> None:
    """For the next time."""
    private_file(directory / FILE, str(port))


def choose(directory: Path, is_free: Callable[[int], bool]) -> int:
    """The port of last time if it is free, else the first free one from the own port on."""
    return next(filter(is_free, _candidates(directory)))


def _candidates(directory: Path) -> Iterator[int]:
    if (last := remembered(directory)) is not None:
        yield last
    begin = own_port(directory) - PORTS.start
    yield from itertools.islice(itertools.cycle(PORTS), begin, begin + len(PORTS))
