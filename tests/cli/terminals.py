"""`runs` in a pseudo-terminal of a given width, as somebody at a keyboard has it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cli.standin import STAGE, Answer, StandIn, serving
from tests.cli.test_cli_stack import described
from tests.waiting import LIMIT_SECONDS

PROJECT = Path(__file__).parents[2]
CTRL_C = b"\x03"
STACK = ("--stack", "jobs", "--region", "eu-west-1")
#: The new session's terminal is the one that it opens, so that Ctrl-C reaches it.
_LAUNCH = """
import fcntl, os, sys, termios
terminal = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
for each in (0, 1, 2): os.dup2(terminal, each)
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])
"""
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")


class Terminal:
    """A program and the screen that it writes to."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self._process = process
        self._master = master
        self.written = ""

    def until(self, text: str) -> str:
        """All that was written, as soon as `text` is in it."""
        return self._read(lambda: text in self.written, f"{text!r} on the terminal")

    def watch(self, seconds: float) -> None:
        """Take what it writes for so long: a program whose terminal is full does nothing."""
        until = time.monotonic() + seconds
        self._read(lambda: time.monotonic() >= until, "time")

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def end(self) -> tuple[int, str]:
        """The exit code, and all that was written."""
        self._read(lambda: False, "the program's end")
        return self._process.wait(LIMIT_SECONDS), self.written

    def _read(self, enough: object, what: str) -> str:
        assert callable(enough)
        deadline = time.monotonic() + LIMIT_SECONDS
        while not enough():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {LIMIT_SECONDS} s: {what}, but {self.written!r}")
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                read = os.read(self._master, 65_536)
            except OSError:  # Linux's word for: nobody has it open any more
                read = b""
            if not read:
                return self.written
            self.written += read.decode(errors="replace")
        return self.written


@contextmanager
def terminal(
    *words: str, width: int = 80, height: int = 24, environment: Mapping[str, str], module: str = "cli.main"
) -> Iterator[Terminal]:
    """`runs` (or another module) with these words in a terminal of that size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, os.ttyname(slave), module, *words],
        cwd=PROJECT,
        env={**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1", **environment},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    try:
        # The slave stays open here until the program has written: before it opens it, a read would find it closed.
        found = Terminal(process, master)
        found._read(lambda: found.written, "anything on the terminal")
        os.close(slave)
        yield found
    finally:
        process.kill()
        process.wait()
        os.close(master)


@contextmanager
def stack(answer: Answer) -> Iterator[tuple[StandIn, dict[str, str]]]:
    """A stack in an AWS that is a stand-in, and the environment in which STACK is found."""
    with serving(answer) as server, serving(lambda _: described(server.url + STAGE)) as aws:
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
        yield server, {"AWS_ENDPOINT_URL_CLOUDFORMATION": aws.url, "AWS_EC2_METADATA_DISABLED": "true", **keys}


def plain(written: str) -> list[str]:
    """The lines without colours and other sequences."""
    return _SEQUENCE.sub("", written).replace("\r\n", "\n").splitlines()
