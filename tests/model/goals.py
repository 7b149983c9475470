"""What may never be, and what must have come to pass when all is quiet: invariants I2 to I6, L1, L2, L4 and L5."""

from fargate_runs.runs.record import Delivery, TaskRecord
from tests.fakes.ecs import RUN_ID
from tests.model.ecs import Ecs
from tests.model.process import Process
from tests.model.scenario import Scenario
from tests.model.services import OPEN_EXECUTION, SUCCESS, is_wanted
from tests.model.state import CLOSED, NO_TOKEN, OPEN, State

_NO_ANSWER = frozenset({OPEN, CLOSED, NO_TOKEN})


class Goals:
    """Looks at states only; what a single call may not do is looked at where it is carried out."""

    def __init__(self, scenario: Scenario, ecs: Ecs, process: Process) -> None:
        self._scenario = scenario
        self._ecs = ecs
        self._process = process
        self._seen: dict[tuple[object, ...], str] = {}

    def violation(self, state: State) -> str | None:
        """Safety. None if nothing is wrong."""
        if state.broken:
            return state.broken
        looked_at = (state.table, state.tasks, state.tokens)
        if looked_at not in self._seen:
            each = map(self._wrong_with, self._records(state), state.tasks, state.tokens)
            self._seen[looked_at] = next(filter(None, (*each, self._wrong_with_run(state))), "")
        return self._seen[looked_at] or None

    def is_done(self, state: State) -> bool:
        """Liveness. All is quiet, every task is where it should be, and the run shows it."""
        if not self.is_quiet(state):
            return False
        records = self._records(state)
        attempts = range(len(state.tasks))
        settled = all(self._is_settled(state, attempt, records[attempt]) for attempt in attempts)
        return settled and self._is_shown(state, records[-1])

    def is_quiet(self, state: State) -> bool:
        """Whether nothing happens by itself any more."""
        if state.bag or state.jobs:
            return False
        return all(self._ecs.has_stopped(task) or not self._ecs.is_told_to_stop(task) for task in state.tasks)

    def _records(self, state: State) -> list[TaskRecord | None]:
        stored = self._process.tables.tasks(state.table)
        return [stored.get(self._ecs.task_id(attempt)) for attempt in range(len(state.tasks))]

    def _wrong_with(self, record: TaskRecord | None, task: int, token: str) -> str:
        recorded = _answer_of(record)
        if token not in _NO_ANSWER and recorded is None and self._scenario.answers_need_a_record:
            return f"the token was answered with {token}, and nothing is recorded"
        if token not in _NO_ANSWER and recorded not in {None, token}:
            return f"the token was answered with {token}, and {recorded} is recorded"
        ended_well = self._ecs.has_stopped(task) and self._ecs.exit_code(task) == 0
        if not ended_well and SUCCESS in {recorded, token}:
            return "a success without STOPPED and exit code 0"
        return self._wrong_with_delivery(record, token) if record else ""

    def _wrong_with_delivery(self, record: TaskRecord, token: str) -> str:
        if not record.outcome and record.delivery not in {Delivery.PENDING, Delivery.NOT_NEEDED}:
            return "delivered without an outcome"
        if record.delivery is Delivery.CLOSED_BY_OTHERS and token == OPEN:
            return "an open token is said to be closed by others"
        if record.delivery is Delivery.REFUSED and not self._scenario.refuses_answers:
            return "an answer is said to be refused, and none was"
        return ""

    def _wrong_with_run(self, state: State) -> str:
        """Who goes on after an answer, and then reads the run, reads the truth."""
        run = self._process.tables.run(state.table, RUN_ID)
        is_shown = run is not None and run.outcome is not None
        if state.tokens[-1] not in _NO_ANSWER and self._scenario.answers_need_a_record and not is_shown:
            return "the token was answered, and the run does not show it"
        return ""

    def _is_settled(self, state: State, attempt: int, record: TaskRecord | None) -> bool:
        if record is None:
            return False
        if self._ecs.has_stopped(state.tasks[attempt]):
            was_refused = self._scenario.refuses_answers and record.delivery is Delivery.REFUSED
            return not record.is_open and (was_refused or state.tokens[attempt] != OPEN)
        return record.outcome is None and is_wanted(state, attempt)

    def _is_shown(self, state: State, newest: TaskRecord | None) -> bool:
        """The run has ended when its execution and its task have, with the task's outcome; before that it has not."""
        run = self._process.tables.run(state.table, RUN_ID)
        has_ended = newest is not None and newest.outcome is not None and state.execution is not OPEN_EXECUTION
        if run is None or not has_ended:
            return run is not None and not run.has_ended
        is_current = run.execution is not None and run.execution.status is state.execution
        return run.has_ended and is_current and run.outcome == (newest.outcome if newest else None)


def _answer_of(record: TaskRecord | None) -> str | None:
    """What the recorded outcome is as an answer."""
    if record is None or record.outcome is None:
        return None
    return SUCCESS if record.outcome.succeeded else str(record.outcome.error)
