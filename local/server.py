"""The local runtime's process: `python -m local.server --port N`.

One process serves everything on one port of 127.0.0.1. The first line of its standard input is the secret access key
that its clients sign with, because arguments and environments can be read by others. It ends, and its containers with
it, when its standard input closes: the guard that started it (`local.guard`) holds the other end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from local.confinement import enter_domain, hide
from local.ecs.runtimes import DEFAULT, RUNTIMES, kind_of
from local.paths import PRIVATE_UMASK
from local.state import MARK, kill_marked

HOST: Final = "127.0.0.1"
SETTINGS: Final = {
    "AUTH": "true",
    "BIND_HOST": HOST,
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
    "LOG_LEVEL": "INFO",
}
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or the end of standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="directory for what containers write")
    parser.add_argument("--time-scale", type=float, default=1.0, help="virtual seconds per real second")
    parser.add_argument("--containers", choices=list(RUNTIMES), default=DEFAULT)
    parser.add_argument("--runtime-id", default="", help="shows whose process this is")
    options = parser.parse_args(arguments)
    hide()
    enter_domain()
    os.umask(PRIVATE_UMASK)
    _prepare_environment(options.port)
    asyncio.run(_serve(options, _read_secret()))
    # A container may have started what left its session; without a guard nobody else would end it.
    kill_marked(os.environ.get(MARK, ""))
    return 0


def _prepare_environment(port: int) -> None:
    """MiniStack reads its settings when it is imported. Nothing of the user's own AWS configuration may reach it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    # What it keeps on disk when it is told to, and is not told to here.
    places = {name: tempfile.gettempdir() for name in ("STATE_DIR", "S3_DATA_DIR")}
    os.environ.update(SETTINGS, GATEWAY_PORT=str(port), **places)


def _read_secret() -> str:
    """Not by `sys.stdin`, which would take in more than the line."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(sys.stdin.fileno(), 1)):
        line += piece
    return line.decode().strip()


async def _serve(options: argparse.Namespace, secret: str) -> None:
    # Imported after the settings are in place.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import app  # noqa: PLC0415

    from local.assembly import assemble  # noqa: PLC0415
    from local.front_door import FrontDoor  # noqa: PLC0415

    runtime = assemble(
        endpoint_url=f"http://{HOST}:{options.port}",
        secret=secret,
        scratch=options.scratch,
        containers=options.containers,
        time_scale=options.time_scale,
    )
    config = Config()
    config.bind = [f"{HOST}:{options.port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    try:
        door = FrontDoor(runtime.wrap(app), options.port, kind_of(options.containers).hosts)
        await serve(door, config, shutdown_trigger=_end_wanted)
    finally:
        await runtime.shutdown()


async def _end_wanted() -> None:
    """Wait for a signal, or for the guard to be gone."""
    loop = asyncio.get_running_loop()
    wanted = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, wanted.set)
    if not sys.stdin.isatty():
        loop.add_reader(sys.stdin.fileno(), lambda: _on_input(loop, wanted))
    await wanted.wait()


def _on_input(loop: asyncio.AbstractEventLoop, wanted: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        wanted.set()


if __name__ == "__main__":
    sys.exit(main())
