"""A text that is read from its beginning to its end."""

from __future__ import annotations

import re


class BadPathError(Exception):
    """A path, or an intrinsic function, that cannot be read."""


class Text:
    """A text and how far it was read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def peek(self) -> str:
        """The next character; nothing at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> bool:
        """Whether the text goes on like this; if so it is read."""
        if not self.text.startswith(expected, self.at):
            return False
        self.at += len(expected)
        return True

    def take_any(self, *expected: str) -> str | None:
        """The first of these that the text goes on with, read; None if it does with none."""
        return next((each for each in expected if self.take(each)), None)

    def take_after_blanks(self, expected: str) -> bool:
        """`take`, whatever blanks come before."""
        self.skip_blanks()
        return self.take(expected)

    def skip_blanks(self) -> None:
        """Read blanks."""
        while self.peek().isspace():
            self.at += 1

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What a pattern matches here, read."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def quoted(self) -> str:
        """A text in single or double quotes; a backslash takes the next character as it is."""
        quote = self.take_any("'", '"')
        if quote is None:
            raise self.error("a text in quotes is missing")
        found = ""
        while not self.take(quote):
            self.take("\\")
            if self.is_at_end:
                raise self.error("the quote has no end")
            found += self.peek()
            self.at += 1
        return found

    def error(self, what: str) -> BadPathError:
        """What is wrong at the cursor."""
        return BadPathError(f"{what} at position {self.at} of {self.text}")
