"""What the suite says: a line for each fact, a count at the end, and the recording."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.text import clean
from verify.facts import Finding, Verdict, plain, worded
from verify.redaction import Redaction

#: Of the recording's own form.
VERSION = 1
_LONGEST = 600


@dataclass(frozen=True)
class Report:
    """How findings of one target are told."""

    aws: bool
    """Whether the target is AWS itself, or the local runtime."""
    label: str
    """Of the target, for people."""
    region: str
    redaction: Redaction

    def line(self, finding: Finding) -> str:
        """One line on a fact: its number, what holds, and whether it does."""
        return clean(f"{finding.fact.number or '-':<4} {finding.fact.holds} {self._verdict(finding)}")

    def _verdict(self, finding: Finding) -> str:
        match finding.verdict:
            case Verdict.AS_EXPECTED:
                return "As expected."
            case Verdict.DIFFERS:
                expected, seen = _short(finding.fact.expected), _short(self._seen(finding))
                then = " (so the local runtime differs from AWS here)" if self.aws else ""
                return f"differs: expected {expected} / {self._who} gives {seen}{then}"
            case Verdict.NOT_SEEN:
                return f"could not be seen: {self._why(finding)}"

    @property
    def _who(self) -> str:
        return "AWS" if self.aws else "the local runtime"

    def conclusion(self, findings: Sequence[Finding]) -> str:
        """The count."""
        counts = _counts(findings)
        held = counts[Verdict.AS_EXPECTED]
        if held == len(findings):
            return f"All {held} facts hold on {self.label}."
        parts = [f"{held} of {len(findings)} facts hold on {self.label}"]
        if counts[Verdict.DIFFERS]:
            parts.append(f"{counts[Verdict.DIFFERS]} differ")
        if counts[Verdict.NOT_SEEN]:
            parts.append(f"{counts[Verdict.NOT_SEEN]} could not be seen")
        return ", ".join(parts) + "."

    def recording(self, findings: Sequence[Finding], when: str) -> dict[str, object]:
        """Everything that was found, without what is not to be shared. `when` is ISO 8601."""
        return {
            "version": VERSION,
            "target": "aws" if self.aws else "local-runtime",
            "region": self.region,
            "recordedAt": when,
            "counts": {verdict.value: count for verdict, count in _counts(findings).items()},
            "facts": [self._fact(finding) for finding in findings],
        }

    def _fact(self, finding: Finding) -> dict[str, object]:
        fact = finding.fact
        shown: dict[str, object] = {
            "key": fact.key,
            "number": fact.number or None,
            "holds": fact.holds,
            "verdict": finding.verdict.value,
            "expected": plain(fact.expected),
        }
        if finding.verdict is Verdict.NOT_SEEN:
            return {**shown, "why": self._why(finding)}
        return {**shown, "seen": self._seen(finding)}

    def _seen(self, finding: Finding) -> object:
        return self.redaction.of(finding.seen)

    def _why(self, finding: Finding) -> str:
        return str(self.redaction.of(finding.why))


def check_place(path: Path) -> None:
    """Raises OSError where no recording can be written; whatever is there stays as it is."""
    if path.exists() and not path.is_file():
        # What takes its place would be in the place of a device or a pipe.
        raise FileExistsError(errno.EEXIST, "it is there and no file", str(path))
    unfinished = _unfinished(path)
    unfinished.touch()
    unfinished.unlink()


def _unfinished(path: Path) -> Path:
    """Where a recording is until it is whole, in the same directory, which is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{path.name}.{os.getpid()}")


def write(recording: dict[str, object], path: Path) -> None:
    """Write a recording, whole or not at all."""
    unfinished = _unfinished(path)
    unfinished.write_text(json.dumps(recording, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _counts(findings: Sequence[Finding]) -> dict[Verdict, int]:
    return {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}


def _short(value: object) -> str:
    text = worded(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
