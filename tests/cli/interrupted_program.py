"""A program that somebody presses Ctrl-C in: `python -m tests.cli.interrupted_program MODE`."""

import atexit
import os
import signal
import sys
import threading
import time

import click
from rich.console import Console
from rich.live import Live

from cli.interrupts import displayed, ending_on_ctrl_c, whole


def draws_a_live() -> None:
    """Shows and takes away a table all the time, so that a Ctrl-C comes in the middle of it."""
    console = Console()
    while True:
        live = Live(console=console, auto_refresh=False)
        draw = whole(live.update)
        with displayed(live, console.file):
            draw("drawn", refresh=True)


def draws_a_status() -> None:
    """The same with one line, which a thread draws as well."""
    console = Console(file=sys.stderr)
    while True:
        status = console.status("begun", refresh_per_second=200)
        draw = whole(status.update)
        with displayed(status, console.file):
            draw("drawn")


def leaves_a_lock() -> None:
    """The interpreter's shutdown would wait for a lock that nobody gives back."""
    lock = threading.Lock()
    lock.acquire()
    atexit.register(lock.acquire)
    os.kill(os.getpid(), signal.SIGINT)


def hangs_in_its_farewell() -> None:
    """Does not come to its end by itself."""
    console = Console()
    live = Live(console=console, auto_refresh=False)
    with displayed(live, console.file):
        try:
            click.echo("shown")
            _hang()
        except KeyboardInterrupt:
            click.echo("farewell")
            _hang()


def _hang() -> None:
    """Never return. One long sleep would not do: Python sees a signal that comes just before it only at its end."""
    while True:
        time.sleep(0.05)


def fails_after_it() -> None:
    """An interrupt in the middle of something may become another error."""
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt as interrupt:
        raise IndexError from interrupt


def goes_on() -> None:
    """Ctrl-C is for others, as with `runs … &` in a script."""
    os.kill(os.getpid(), signal.SIGINT)
    click.echo("went on")


if __name__ == "__main__":
    with ending_on_ctrl_c():
        print("buffered", file=sys.__stdout__)
        try:
            globals()[sys.argv[1]]()
        except KeyboardInterrupt:
            print("farewell", file=sys.__stderr__)
            sys.exit(1)
