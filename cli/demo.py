"""Start the demo's runs and follow them, all at once, to their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.api_client import run_of, started_of
from cli.demo_scenarios import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.api_client import ApiClient
    from cli.demo_scenarios import Scenario
    from cli.documents import Run, StartedRun
    from cli.surroundings import Surroundings

PAUSE_SECONDS = 0.25


@dataclass
class Row:
    """A scenario's run as it stands."""

    scenario: Scenario
    began: float | None = None
    """Of the monotonic clock, in seconds."""
    started: StartedRun | None = None
    run: Run | None = None

    @property
    def done(self) -> bool:
        """Whether it has come to its end: its task and its execution have, and it shows both."""
        return self.run is not None and self.run.ended and not self.run.awaits_its_task

    @property
    def run_id(self) -> str:
        """Its run id; empty before it is started."""
        return self.started.run_id if self.started else ""

    @property
    def status(self) -> str:
        """For the table: the record's status, or what comes before it."""
        if self.run is None:
            return "starting" if self.started is None else "PENDING"
        return self.run.status

    def differences(self) -> tuple[str, ...]:
        """How it ended otherwise than it should; an open run is a difference too."""
        if self.run is None or not self.done:
            return (self.open_end(),)
        return tuple(differences(self.scenario.expected, self.run))

    def open_end(self) -> str:
        """What it still waits for."""
        if self.run and self.run.awaits_its_task:
            return f"its execution ended ({self.run.status}), its task is not recorded"
        newest = self.run.attempts[-1] if self.run and self.run.attempts else None
        if self.run is None or newest is None or newest.status is None:
            return f"still {self.status}"
        execution = self.run.execution.status if self.run.execution else "not recorded"
        return f"its task ended ({newest.status}), its execution is {execution}"


class Demo:
    """The runs of one demo."""

    def __init__(self, scenarios: Sequence[Scenario], api: ApiClient, surroundings: Surroundings) -> None:
        self.rows = [Row(scenario) for scenario in scenarios]
        self._api = api
        self._surroundings = surroundings

    @property
    def done(self) -> bool:
        """Whether every run has come to its end."""
        return all(row.done for row in self.rows)

    def play(self, deadline_seconds: float, show: Callable[[], None]) -> None:
        """Start all, then ask for all in turn until they are done or the time is over; `show` after each change."""
        until = self._surroundings.clock() + deadline_seconds
        for row in self.rows:
            self._start(row)
            show()
        while not self.done and self._surroundings.clock() < until:
            for row in self.rows:
                self._move(row)
                show()
            if not self.done:
                self._surroundings.sleep(PAUSE_SECONDS)

    def _start(self, row: Row) -> None:
        row.began = self._surroundings.clock()
        scenario = row.scenario
        row.started = started_of(
            self._api.start_run({"pattern": scenario.pattern, "commands": list(scenario.commands)})
        )

    def _move(self, row: Row) -> None:
        if row.started is None or row.done:
            return
        row.run = run_of(self._api.get_run(row.started.run_id))
