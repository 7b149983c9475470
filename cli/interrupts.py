"""Ctrl-C: it interrupts the program between two drawings, and after it the end is certain.

Python raises KeyboardInterrupt at any instruction. Inside rich it leaves a display half drawn (`IndexError`, a hidden
cursor). Inside the pool of urllib3 it may leave a lock held, for which the interpreter waits when it shuts down. So no
interrupt comes while something is drawn, and a program that was interrupted does not shut down: it ends.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, NoReturn, ParamSpec, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")

ENDED_BY_CTRL_C: Final = 128 + signal.SIGINT  # what shells report
_SHOW_CURSOR: Final = b"\x1b[?25h"


class Display(Protocol):
    """What moves on a terminal and hides its cursor: rich's Live and Status."""

    def start(self) -> None:
        """Show it."""

    def stop(self) -> None:
        """Draw it for the last time, and show the cursor."""


class _CtrlC:
    """What this process does on SIGINT."""

    def __init__(self) -> None:
        self.came = False
        self.is_held = False
        self.terminal: int | None = None
        """The file descriptor of a terminal whose cursor may be hidden."""

    def __call__(self, _signal: int, _frame: object) -> None:
        """Interrupt the program, as soon as nothing is drawn; the second time end it."""
        if self.came:
            self.end()
        self.came = True
        if not self.is_held:
            raise KeyboardInterrupt

    def end(self) -> NoReturn:
        """End the process now, whatever it holds."""
        # A terminal that was stopped with Ctrl-S takes nothing.
        if self.terminal is not None and select.select([], [self.terminal], [], 0)[1]:
            with suppress(OSError):
                os.write(self.terminal, _SHOW_CURSOR)
        os._exit(ENDED_BY_CTRL_C)


_ctrl_c = _CtrlC()


@contextmanager
def ending_on_ctrl_c() -> Iterator[None]:
    """The whole program: once it was interrupted it ends with 130, without the interpreter's shutdown.

    A shell that starts a program in the background may have it ignore SIGINT: that stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _ctrl_c)
    try:
        yield
    finally:
        if _ctrl_c.came:
            for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
                with suppress(OSError, ValueError):  # nobody reads it, or it is closed
                    stream.flush()
            _ctrl_c.end()


@contextmanager
def displayed(display: Display, file: IO[str]) -> Iterator[None]:
    """Show `display`, which writes to `file`, and take it away in the end."""
    with suppress(OSError):  # only what stands in for a terminal has no descriptor
        _ctrl_c.terminal = file.fileno()
    try:
        whole(display.start)()
        yield
    finally:
        whole(display.stop)()


def whole(draw: Callable[P, object]) -> Callable[P, None]:
    """`draw`, which no Ctrl-C interrupts: one that has come is raised behind it.

    Also one that came earlier, for Python drops what is raised while it frees an object.
    """

    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        _ctrl_c.is_held = True
        try:
            draw(*args, **kwargs)
        finally:
            _ctrl_c.is_held = False
        if _ctrl_c.came:
            raise KeyboardInterrupt

    return drawn
