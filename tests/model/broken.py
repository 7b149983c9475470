"""Protocols that look right and are not. Each one is a handler of a few lines, on the same ports as the real one."""

from collections.abc import Callable
from typing import Any

from fargate_runs.answers.answer import Success, answer_of
from fargate_runs.outcomes.outcome import outcome_of
from fargate_runs.ports import LostRace, TaskList, TokenClosedError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import is_to_be_stopped, reason_of_end
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_folding import with_execution, with_task
from fargate_runs.usecases.folding import fold_run
from tests.fakes.settling import PRICES
from tests.fakes.store import InMemoryRunStore
from tests.model.process import Protocol
from tests.model.protocols import on_execution, on_task, sweep
from tests.model.replay import Ports

Handler = Callable[[Any, EcsTask], object]


class StoreWithoutConditions(InMemoryRunStore):
    """A table that takes every write."""

    def write_always(self, record: TaskRecord) -> None:
        self._put(record)


def record_of(task: EcsTask) -> TaskRecord:
    """A task with its outcome, if it has one."""
    record = TaskRecord.of(task, Pattern.CALLBACK, None)
    outcome = outcome_of(task)
    return record.ended(outcome, NO_RESULT) if outcome else record


def show(ports: Any, record: TaskRecord) -> None:
    fold_run(ports.store, record.run_id, lambda stands: with_task(stands, record, follows=True))


def send(ports: Any, record: TaskRecord) -> Delivery:
    assert record.outcome
    assert record.token
    answer = answer_of(record, record.outcome, PRICES)
    try:
        if isinstance(answer, Success):
            ports.callbacks.send_success(record.token, answer.output)
        else:
            ports.callbacks.send_failure(record.token, answer.error, answer.cause)
    except TokenClosedError:
        return Delivery.CLOSED_BY_OTHERS
    return Delivery.DELIVERED


def send_and_mark(ports: Any, record: TaskRecord) -> None:
    show(ports, record)
    if record.outcome:
        ports.store.mark_delivery(record, send(ports, record))


def write_always_then_send(ports: Any, task: EcsTask) -> None:
    record = record_of(task)
    ports.store.write_always(record)
    send_and_mark(ports, record)


def seen_then_send(ports: Any, task: EcsTask) -> None:
    """Deduplicates by what is written: who comes second has nothing to do."""
    record = record_of(task)
    if not isinstance(ports.store.write_task(record), LostRace):
        send_and_mark(ports, record)


def send_then_record(ports: Any, task: EcsTask) -> None:
    """A closed token means that somebody else has taken care of all."""
    record = record_of(task)
    delivery = send(ports, record) if record.outcome else None
    if delivery is Delivery.CLOSED_BY_OTHERS:
        return
    ports.store.write_task(record)
    show(ports, record)
    if delivery:
        ports.store.mark_delivery(record, delivery)


def mark_then_send(ports: Any, task: EcsTask) -> None:
    """Says what it is about to do, so that nobody does it twice."""
    record = record_of(task)
    written = ports.store.write_task(record)
    stands = written.record
    show(ports, stands)
    if stands.awaits_delivery:
        ports.store.mark_delivery(stands, Delivery.DELIVERED)
        send(ports, stands)


def send_before_showing(ports: Any, task: EcsTask) -> None:
    stands = ports.store.write_task(record_of(task)).record
    if stands.awaits_delivery:
        ports.store.mark_delivery(stands, send(ports, stands))
    show(ports, stands)


def ask_then_read(ports: Any, execution: Execution) -> None:
    """Asks how the execution stands, and then reads which tasks it has."""
    on_execution_noted_only(ports, execution)
    if not execution.is_closed:
        return
    now_so = ports.executions.describe(execution.arn)
    for each in ports.store.live_tasks(execution.arn):
        if is_to_be_stopped(each.pattern, now_so, ports.clock.now()):
            ports.cluster.stop(each.task_arn, reason_of_end(now_so))


def believe_the_event(ports: Any, execution: Execution) -> None:
    """Stops what runs without asking whether the execution is still closed."""
    on_execution_noted_only(ports, execution)
    for each in ports.store.live_tasks(execution.arn):
        if is_to_be_stopped(each.pattern, execution, ports.clock.now()):
            ports.cluster.stop(each.task_arn, reason_of_end(execution))


def on_execution_noted_only(ports: Any, execution: Execution) -> None:
    """What both of them do right."""
    fold_run(ports.store, execution.name, lambda stands: with_execution(stands, execution, Pattern.CALLBACK))


def swept_by(handler: Handler) -> Callable[[Ports, bool], object]:
    """A sweep that gives all that ECS says to a handler."""

    def swept(ports: Ports, _is_warm: bool) -> object:
        for which in TaskList:
            for page in ports.cluster.listed(which):
                for detail in ports.cluster.describe(page).tasks:
                    handler(ports, EcsTask.from_detail(detail))
        return None

    return swept


def with_handler(handler: Handler) -> Protocol:
    """A protocol whose events and sweeps are handled so."""
    return Protocol(handler.__name__, handler, on_execution, swept_by(handler), StoreWithoutConditions)


def with_ending(handler: Callable[[Any, Execution], object]) -> Protocol:
    """The real protocol, but for what happens when an execution ends."""
    return Protocol(handler.__name__, on_task, handler, sweep)
