"""Whatever goes wrong is said in a sentence: nobody at a keyboard gets a traceback, unless they ask for it."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.errors import INTERRUPTED, CliError, UnavailableError
from cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Set to anything, the traceback of an error that nobody foresaw is shown.
VARIABLE = "RUNS_TRACEBACK"


class CommandWithoutTraceback(click.Command):
    """A command that ends in a sentence, whatever it raises."""

    def invoke(self, ctx: click.Context) -> object:
        """Run it."""
        with readable_errors():
            return super().invoke(ctx)


class WithoutTraceback(click.Group):
    """A group whose commands end in a sentence, whatever they raise."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        with readable_errors():
            return super().invoke(ctx)


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn what no command has foreseen into a CliError. What click itself ends with is left alone."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt as interrupt:
        click.echo("\nInterrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from interrupt
    except OSError as error:
        if error.errno == errno.EPIPE:  # who reads has had enough; click ends quietly
            raise
        where = f": {error.filename}" if error.filename else ""
        raise CliError(clean(f"{error.strerror or error}{where}")) from error
    except Exception as error:
        if os.environ.get(VARIABLE):
            raise
        raise _unforeseen(error) from error


def _unforeseen(error: Exception) -> CliError:
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, BotoCoreError | ClientError):
        return UnavailableError(clean(f"AWS cannot be asked: {error}"))
    return CliError(clean(f"This should not happen ({type(error).__name__}: {error}). {VARIABLE}=1 shows where."))
