"""Seeds that found something, and what it was. They are told again in every test run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FOUND: Final[Mapping[int, str]] = MappingProxyType(
    {
        60: "a redrive whose events were lost was never noted: the sweep took it for recorded to its end",
        618: "a run that the API made by a clock a day ahead is given up a day later, and not before",
        1042: "a task was recorded and its run was not: the table was throttled between the two, at all three tries",
    }
)
