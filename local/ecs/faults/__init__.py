"""Faults on demand, for tests and for people who want to see one.

`kinds` is the one table of what can go wrong; `registry` keeps what is armed; `reading` checks what is asked for;
`plan` is what will happen to one task; `events` is a bus on which events get lost, doubled, late or out of order.
"""

from local.ecs.faults.kinds import FAULT_KINDS, FaultKind, Stage
from local.ecs.faults.reading import BadFaultError, FaultOrder, read_fault
from local.ecs.faults.registry import ArmedFault, Faults

__all__ = ["FAULT_KINDS", "ArmedFault", "BadFaultError", "FaultKind", "FaultOrder", "Faults", "Stage", "read_fault"]
