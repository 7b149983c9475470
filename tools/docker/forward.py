"""Lets containers reach a local runtime: `python -m tools.docker.forward PORT`, until Ctrl-C.

The runtime listens on 127.0.0.1 alone, where a container on Docker's own network (`sam local invoke`) cannot reach it
on Linux. This hands on what comes to the same port of that network's gateway. Docker Desktop does so by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import sys
import threading
from collections.abc import Iterator

import docker  # type: ignore[import-untyped]

RUNTIME_HOST = "127.0.0.1"


def gateway() -> str:
    """The address of this machine in Docker's default network."""
    client = docker.from_env()
    try:
        place = client.networks.get("bridge").attrs["IPAM"]["Config"][0]
        # An engine that nobody told names only the subnet, and takes its first address.
        return str(place.get("Gateway") or next(ipaddress.ip_network(place["Subnet"]).hosts()))
    finally:
        client.close()


@contextlib.contextmanager
def forwarding(address: str, port: int) -> Iterator[None]:
    """Forwards connections to `address:port` in a thread."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_serve(address, port))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(address: str, port: int) -> asyncio.Server:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection(RUNTIME_HOST, port)
        await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))

    return await asyncio.start_server(accept, address, port)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def _for_ever(address: str, port: int) -> None:
    server = await _serve(address, port)
    print(f"{address}:{port} leads to {RUNTIME_HOST}:{port}; Ctrl-C ends it", flush=True)
    await server.serve_forever()


def main() -> int:
    """Forward until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int, help="the port of the local runtime, which `runs local status` tells")
    port = parser.parse_args().port
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_for_ever(gateway(), port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
