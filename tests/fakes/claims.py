"""Idempotency keys in memory."""

from datetime import datetime

from fargate_runs.ports import CLAIMS_ARE_KEPT, Claim, Clock, StartClaims, StoreUnavailableError
from tests.fakes.clock import StoppedClock


class InMemoryClaims(StartClaims):
    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or StoppedClock()
        self.claims: dict[str, tuple[Claim, datetime]] = {}
        self.is_down = False

    def claim(self, key: str, claim: Claim) -> Claim:
        self._ask()
        stands = self.claims.get(key)
        if stands and stands[1] >= self.clock.now():
            return stands[0]
        self.claims[key] = claim, self.clock.now() + CLAIMS_ARE_KEPT
        return claim

    def drop(self, key: str, claim: Claim) -> None:
        self._ask()
        stands = self.claims.get(key)
        if stands and stands[0].run_id == claim.run_id:
            del self.claims[key]

    def _ask(self) -> None:
        if self.is_down:
            raise StoreUnavailableError("down")
