"""The gates of jobs in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fargate_runs.jobs.gate import Gate
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.ports.jobs import Gates


class InMemoryGates(Gates):
    """`before` is called with the name of each method before it does anything: a test may race, or raise, there."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.tokens: dict[tuple[str, str], tuple[str, ...]] = {}
        self.calls: list[str] = []
        self.is_down = False
        self.before: Callable[[str], None] = lambda _call: None

    def find_gate(self, job: str) -> Gate:
        self._ask("find_gate")
        return self.gates.get(job, Gate(job))

    def write_gate(self, gate: Gate) -> Gate | None:
        self._ask("write_gate")
        stands = self.gates.get(gate.job, Gate(gate.job))
        if stands.revision != gate.revision:
            return stands
        self.gates[gate.job] = replace(gate, revision=gate.revision + 1)
        return None

    @property
    def tickets(self) -> dict[tuple[str, str], str]:
        """The newest token of each run."""
        return {key: tokens[-1] for key, tokens in self.tokens.items()}

    def keep_ticket(self, job: str, run_id: str, token: str) -> None:
        self._ask("keep_ticket")
        others = [each for each in self.tokens.get((job, run_id), ()) if each != token]
        self.tokens[job, run_id] = (*others, token)

    def find_tickets(self, job: str, run_id: str) -> Sequence[str]:
        self._ask("find_tickets")
        return list(self.tokens.get((job, run_id), ()))

    def drop_ticket(self, job: str, run_id: str, token: str) -> None:
        self._ask("drop_ticket")
        left = tuple(each for each in self.tokens.pop((job, run_id), ()) if each != token)
        if left:
            self.tokens[job, run_id] = left

    def ticket_holders(self, job: str) -> Sequence[str]:
        self._ask("ticket_holders")
        return sorted(run_id for of_job, run_id in self.tokens if of_job == job)

    def _ask(self, call: str) -> None:
        self.calls.append(call)
        self.before(call)
        if self.is_down:
            raise StoreUnavailableError("down")
