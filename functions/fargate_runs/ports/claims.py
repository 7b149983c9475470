"""The port of idempotency keys."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

CLAIMS_ARE_KEPT: Final = timedelta(hours=25)  # a day for callers, and an hour for clocks that differ


@dataclass(frozen=True, slots=True)
class Claim:
    """The run that a key stands for. `fingerprint` is of the request that was first made with the key."""

    fingerprint: str
    run_id: str
    created_at: datetime


class StartClaims(ABC):
    """The idempotency keys that were used, with their callers. The methods raise StoreUnavailableError."""

    @abstractmethod
    def claim(self, key: str, claim: Claim) -> Claim:
        """Return the claim that stands for the key: this one, or an earlier one that is not too old (CLAIMS_ARE_KEPT).

        Of many callers at once, all get the same claim.
        """

    @abstractmethod
    def drop(self, key: str, claim: Claim) -> None:
        """Forget this claim, so that the key may be used again. Another claim of the key stays."""
