"""Let something arrive at a job's gate: read it, ask the table, write it if nobody was first, else begin anew."""

from collections.abc import Callable
from dataclasses import replace
from random import random
from typing import Final

from fargate_runs.jobs.slots import Arrival, Passage, passage
from fargate_runs.ports import Clock, StoreUnavailableError
from fargate_runs.ports.jobs import Gates

MOST_TRIES: Final = 14
LONGEST_WAIT_SECONDS: Final = 1.0  # of one wait between two tries; all of them together take 9.3 seconds at most
_FIRST_WAIT_SECONDS: Final = 0.02


class Gatekeeper:
    """The use case. It changes a gate and nothing else; `part` returns the random part of a wait, from 0 to 1."""

    def __init__(self, gates: Gates, clock: Clock, *, part: Callable[[], float] = random) -> None:
        self._gates = gates
        self._clock = clock
        self._part = part

    def __call__(self, job: str, arrival: Arrival) -> Passage:
        """Return what the arrival comes to. It is in the table then. If nothing changes, nothing is written.

        The runs to answer are also those of a try that seemed to fail: its write may have come through, and then the
        next try finds them promoted already. Raises StoreUnavailableError, also if others are first again and again,
        and UnreadableJobError.
        """
        to_answer: dict[str, None] = {}
        longest = _FIRST_WAIT_SECONDS
        for _ in range(MOST_TRIES):
            stands = self._gates.find_gate(job)
            found = passage(stands, arrival)
            to_answer.update(dict.fromkeys(found.to_answer))
            if found.gate == stands or self._gates.write_gate(found.gate) is None:
                return replace(found, to_answer=tuple(each for each in to_answer if each not in found.gate.waiting))
            self._clock.sleep(longest * self._part())
            longest = min(2 * longest, LONGEST_WAIT_SECONDS)
        raise StoreUnavailableError(f"too many came to the gate of job {job!r} at once")
