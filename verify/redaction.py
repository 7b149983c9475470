"""Take out of a recording what its owner would not publish: it may be shared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Names of fields whose whole value goes: tokens, environment values, receipts.
_SECRET_KEYS = re.compile(r"token|environment|secret|password|credential|accesskey|receipt", re.IGNORECASE)
_ALWAYS = (
    (re.compile(r"\b(AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), "<key>"),
    # Task tokens: long texts of base64 without a break.
    (re.compile(r"[A-Za-z0-9+/=]{120,}"), "<token>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b(subnet|sg|vpc|eni|i)-[0-9a-f]{8,17}\b"), r"\1-<id>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "<address>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "<account>"),
)


@dataclass(frozen=True)
class Redaction:
    """What is taken out: names of this account's own by their texts, everything else by its form."""

    names: Mapping[str, str]
    """Text as it stands -> what stands for it; the longest first."""

    def of(self, value: object) -> object:
        """A JSON value without what is not to be shared."""
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {
                    self._text(str(key)): "<redacted>" if _SECRET_KEYS.search(str(key)) and one else self.of(one)
                    for key, one in value.items()
                }
            case Sequence():
                return [self.of(one) for one in value]
            case _:
                return value

    def _text(self, text: str) -> str:
        for name in sorted(self.names, key=len, reverse=True):
            text = text.replace(name, self.names[name])
        for pattern, substitute in _ALWAYS:
            text = pattern.sub(substitute, text)
        return text
