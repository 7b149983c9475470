"""An API whose runs move on at every question, for the commands that follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.cli.documents_for_tests import RUN_ID, STARTED, attempt, failed, run, succeeded
from tests.cli.standin import STAGE, Reply, Request

Document = Mapping[str, object]
OLDER = "20250131T080000-0000000a"


@dataclass(frozen=True)
class Step:
    """How a run stands at one question, and all that its attempts have printed by then. No entry: no log yet."""

    document: Document
    printed: Mapping[int, Sequence[str]] = field(default_factory=dict)


def problem(status: int, name: str, detail: str) -> Reply:
    """An error as the API gives it."""
    return Reply(status, {"type": f"urn:fargate-runs:{name}", "status": status, "detail": detail, "error": name})


class World:
    """One run, which is at the next of its steps each time that it is asked for; the last one stays."""

    def __init__(self, *steps: Step, lines_a_page: int = 2, say_complete: bool = True) -> None:
        self.steps = list(steps)
        self.lines_a_page = lines_a_page
        self.say_complete = say_complete
        self.log_refusal: Reply | None = None
        self.gone: set[int] = set()
        """Attempts that will never have a log."""
        self.asked = 0

    def answer(self, request: Request) -> Reply:
        """What the stand-in answers."""
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if request.method == "POST":
            return Reply(202, STARTED if url.path == f"{STAGE}/runs" else {**STARTED, "rerunOf": OLDER})
        if url.path.endswith("/logs"):
            return self.log_refusal or self._log(query)
        self.asked += 1
        return Reply(200, self._step.document)

    @property
    def _step(self) -> Step:
        return self.steps[min(max(self.asked, 1), len(self.steps)) - 1]

    def _log(self, query: Mapping[str, str]) -> Reply:
        of_cursor, _, place = query.get("cursor", "").partition(":")
        number = int(query.get("attempt", of_cursor or max(self._step.printed, default=1)))
        if number in self.gone:
            return problem(404, "Log.Gone", "It is gone.")
        printed = self._step.printed.get(number)
        if printed is None:
            return problem(404, "Log.NotYet", f"Attempt {number} has printed nothing yet.")
        start = int(place or 0)
        lines = printed[start : start + min(self.lines_a_page, int(query["limit"]))]
        attempts = self._step.document["attempts"]
        assert isinstance(attempts, list)
        ended = number < len(attempts) or attempts[-1]["status"] is not None
        at_end = start + len(lines) == len(printed)
        return Reply(
            200,
            {
                "runId": RUN_ID,
                "attempt": number,
                "lines": [{"time": f"2025-01-31T09:30:{at:02d}.000Z", "text": line} for at, line in enumerate(lines)],
                "cursor": f"{number}:{start + len(lines)}",
                "isComplete": self.say_complete and ended and at_end,
            },
        )


def running(*lines: str) -> Step:
    """Its first attempt runs."""
    return Step(run("RUNNING", attempts=[attempt(None, "RUNNING")]), {1: lines})


def ended_well(*lines: str) -> Step:
    """It has succeeded at the first attempt."""
    return Step(succeeded(), {1: lines})


def ended_badly(*lines: str, **changes: object) -> Step:
    """It has failed at the first attempt."""
    return Step({**failed(), **changes}, {1: lines})


NOTHING_YET = Step(run())
