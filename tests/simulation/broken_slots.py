"""Protocols of slots that look right and are not, put into the real functions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Final
from unittest.mock import patch

from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.gates import DynamoGates, gate_item
from fargate_runs.aws.table_errors import JOBS_TABLE_ERRORS
from fargate_runs.jobs import slots
from fargate_runs.jobs.gate import Gate
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.slots import admission, slot_keeper
from fargate_runs.usecases.slots.slot_keeper import Kept, SlotKeeper
from fargate_runs.usecases.sweep import slots as swept_slots
from fargate_runs.usecases.sweep.slots import SweepSlots

_keep = SlotKeeper.__call__


def _release_with_the_execution(self: SlotKeeper, run: RunRecord) -> Kept:
    is_over = run.execution is not None and run.execution.is_closed
    return self.ended(run.job, run.run_id) if is_over and run.job and run.takes_slot else _keep(self, run)


def _tell_nobody(_self: SlotKeeper, _job: str, _run_ids: object) -> Kept:
    return Kept()


def _look_at_no_gate(_self: SweepSlots, *_more: object) -> None:
    """Events do it all."""


def _write_over(self: DynamoGates, gate: Gate) -> None:
    with JOBS_TABLE_ERRORS:
        self._client.put_item(TableName=self._table, Item=serialized(gate_item(gate)))


def _newest_first(gate: Gate) -> Gate:
    free = len(gate.waiting) if gate.limit is None else max(gate.limit - len(gate.holders), 0)
    newest = dict(list(gate.waiting.items())[len(gate.waiting) - free :] if free else ())
    left = {each: position for each, position in gate.waiting.items() if each not in newest}
    return replace(gate, holders={**gate.holders, **newest}, waiting=left)


def _nothing_is_unseen(_run: RunRecord) -> bool:
    return False


@contextmanager
def _see_everything() -> Iterator[None]:
    with (
        patch.object(slot_keeper, "may_have_unseen_task", _nothing_is_unseen),
        patch.object(swept_slots, "may_have_unseen_task", _nothing_is_unseen),
        patch.object(admission, "may_have_unseen_task", _nothing_is_unseen),
    ):
        yield


#: What is wrong, how it is done, and which invariants may be the first to fall.
BROKEN_SLOTS: Final[Mapping[str, tuple[Callable[[], AbstractContextManager[object]], frozenset[str]]]] = (
    MappingProxyType(
        {
            "a slot is free when the execution has ended": (
                lambda: patch.object(SlotKeeper, "__call__", _release_with_the_execution),
                frozenset({"S1"}),
            ),
            "whoever comes next is told nothing": (
                lambda: patch.object(SlotKeeper, "answer", _tell_nobody),
                frozenset({"S2", "S4"}),
            ),
            "the sweep looks at no gate": (
                lambda: patch.object(SweepSlots, "__call__", _look_at_no_gate),
                frozenset({"S2", "S4"}),
            ),
            "a gate is written over": (
                lambda: patch.object(DynamoGates, "write_gate", _write_over),
                frozenset({"S1", "S2", "S3", "S4"}),
            ),
            "the newest first": (lambda: patch.object(slots, "promoted", _newest_first), frozenset({"S3"})),
            "every task of an ended run was seen": (_see_everything, frozenset({"S1"})),
        }
    )
)
