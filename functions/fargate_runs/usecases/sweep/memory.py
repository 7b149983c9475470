"""What a process remembers from sweep to sweep, to ask less. Forgetting costs calls and nothing else."""

from typing import Final

MOST_REMEMBERED: Final = 100_000


class Memory:
    """The last so many texts that were added."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._texts: dict[str, None] = {}

    def add(self, text: str) -> None:
        """Remember one, and forget the oldest where there are too many."""
        self._texts[text] = None
        if len(self._texts) > self._most:
            del self._texts[next(iter(self._texts))]

    def __contains__(self, text: object) -> bool:
        return text in self._texts
