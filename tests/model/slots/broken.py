"""Protocols that look right and are not. Each one replaces a part of the real one by a few lines on the same ports."""

from dataclasses import replace
from typing import Any

from fargate_runs.errors import RunSkippedError
from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.slots import Ask, Ended, Standing, Ticket
from fargate_runs.outcomes.outcome import lost
from fargate_runs.reading.execution import Execution
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.slots.gatekeeper import Gatekeeper
from tests.fakes.clock import NOON
from tests.model.slots.contents import JOB
from tests.model.slots.protocols import (
    Asks,
    Protocol,
    ask,
    execution_of,
    keeper,
    record_execution,
    record_start,
    record_task,
    run_id,
)


def arrive(ports: Any, arrival: Any) -> Any:
    return Gatekeeper(ports.gates, ports.clock)(JOB, arrival)


def store_the_token_last(ports: Any, run: int, token: str) -> None:
    """Asks whether there is anything to wait for, and then waits."""
    found = arrive(ports, Ticket(run_id(run)))
    ports.gates.keep_ticket(JOB, run_id(run), token)
    keeper(ports).answer(JOB, found.to_answer)


def promote_without_a_word(ports: Any, execution: Execution) -> None:
    """The next one holds the slot, and will find out."""
    run = record_execution(ports, execution)
    if run.has_ended:
        arrive(ports, Ended(run.run_id))


def release_before_the_record(ports: Any, execution: Execution) -> None:
    """Gives the slot back first, so that the next one need not wait for the table of runs."""
    if execution.is_closed:
        keeper(ports).ended(JOB, execution.name)
    record_execution(ports, execution)


def release_with_the_execution(ports: Any, execution: Execution) -> None:
    """The execution has ended, so the run has."""
    record_execution(ports, execution)
    if execution.is_closed:
        keeper(ports).ended(JOB, execution.name)


def release_with_the_record(ports: Any, execution: Execution) -> None:
    """The record shows no task, so there is none."""
    run = record_execution(ports, execution)
    if run.has_ended:
        keeper(ports).ended(JOB, run.run_id)


def promote_without_a_word_by_task(ports: Any, run: int, has_stopped: bool, redrives: int) -> None:
    """The same, where the task's end comes last."""
    record = record_task(ports, run, lost() if has_stopped else None, redrives)
    if record.has_ended:
        arrive(ports, Ended(record.run_id))


def ask_once(ports: Any, asks: Asks) -> None:
    """Believes the first reading of its record: it was there when the run began."""
    record_start(ports, asks)
    execution = execution_of(asks.run, "RUNNING")
    found = arrive(ports, Ask(execution.name, execution.arn, NOON, asks.limit, asks.policy))
    if found.standing is Standing.WAITING:
        ask(ports, asks)


def skip_and_stay(ports: Any, asks: Asks) -> None:
    """A run that is skipped is first of all one more at the gate."""
    record_start(ports, asks)
    execution = execution_of(asks.run, "RUNNING")
    found = arrive(ports, Ask(run_id(asks.run), execution.arn, NOON, asks.limit, Policy.QUEUE))
    if found.standing is Standing.WAITING:
        away = TurnedAway(RunStatus.SKIPPED, "no slot is free")
        fold_run(ports.store, execution.name, lambda run: replace(run or RunRecord(execution.name), turned_away=away))
        raise RunSkippedError(execution.name, away.reason, None)
    ask(ports, asks)


def sweep_without_a_word(ports: Any) -> None:
    """Gives back what ended runs hold, and tells nobody."""
    gate = ports.gates.find_gate(JOB)
    for each in (*gate.holders, *gate.waiting):
        run = ports.store.find_run(each)
        if run and run.has_ended:
            arrive(ports, Ended(each))


def last_come_first_served(gate: Gate) -> Gate:
    """In place of `promoted`: the newest of those that wait takes the free slot."""
    free = len(gate.waiting) if gate.limit is None else max(gate.limit - len(gate.holders), 0)
    newest = dict(list(gate.waiting.items())[len(gate.waiting) - free :] if free else ())
    left = {each: position for each, position in gate.waiting.items() if each not in newest}
    return replace(gate, holders={**gate.holders, **newest}, waiting=left)


def with_parts(**parts: Any) -> Protocol:
    """The real protocol, but for these parts; it has the name of the first one."""
    return Protocol(next(iter(parts.values())).__name__, **parts)
