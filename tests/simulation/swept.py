"""What a sweep that says it left nothing undone has done (L2, L4, L5 and I1 within one sweep).

The end of a world is one moment of it. A hole that opens and closes again before, or that only a process has that has
lived through many sweeps, is seen at the sweep that passed over it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.attempts import Attempt, Execution, Says
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.ecs import Ecs
from tests.simulation.executions import Executions
from tests.simulation.invariants import OUR_MACHINES, Invariants, is_settled
from tests.simulation.tasks import Task
from tests.simulation.violations import must

#: Seconds that lists and answers of Step Functions may be behind, and more.
BEHIND: Final = 15.0
_OPEN: Final = "openShard"


@dataclass(frozen=True, slots=True)
class Before:
    """When a sweep began, and the attempts whose tasks are not to run any more when it has returned, with why.

    The last is how often the execution had been redriven by then. `unreadable` are the runs of which a record could
    not be read then, `withheld` the tasks for whose token nobody could answer.
    """

    began: float
    to_stop: tuple[tuple[Attempt, str, int], ...]
    unreadable: frozenset[str]
    withheld: frozenset[str]


class Swept:
    """Looks at the world before and after each sweep."""

    def __init__(
        self, invariants: Invariants, now: Callable[[], float], table: DynamoDb, ecs: Ecs, executions: Executions
    ) -> None:
        self._invariants = invariants
        self._now = now
        self._table = table
        self._ecs = ecs
        self._executions = executions
        self.is_calm = False
        self.turn_began = -1.0  # when the last sweep began that was not skipped, of those that have returned
        self._open = next(each for each in table._indexes.values() if each.hash_name == _OPEN)

    def on_start(self, function: str) -> Before | None:
        """A function begins."""
        if function != "sweep":
            return None
        self._open.catch_up(self._now())
        partitions = {self._invariants.run_key(task) for task in self._invariants.tasks()}
        unreadable = frozenset(filter(self._invariants.is_of_tomorrow, partitions))
        withheld = frozenset(
            attempt.task.task_id
            for attempt in self._executions.of_task.values()
            if attempt.task and self._invariants.is_withheld(attempt.token or "")
        )
        return Before(self._now(), tuple(self._to_stop()), unreadable, withheld)

    def on_return(self, before: Before | None, answer: Any) -> None:
        """It has returned: a sweep that was complete, and in which nothing failed, is held to it."""
        if before and not answer["isSkipped"]:
            self.turn_began = max(self.turn_began, before.began)
        if before and self.is_calm:
            ends = answer["isComplete"] or answer["isSkipped"]
            must(ends, "L2", f"nothing goes wrong, and a sweep does not come to its end: {answer['firstFailure']}")
        if before and answer["isComplete"] and not answer["failures"] and not answer["isSkipped"]:
            self._check(before)

    def _check(self, before: Before) -> None:
        for task in self._invariants.tasks():
            if self._is_unreadable(task, before):
                continue
            if task.stopped_at is not None and task.stopped_at < before.began and self._was_shown(task, before.began):
                self._check_settled(task, before)
        for attempt, why, redrives in before.to_stop:
            left = attempt.task
            if left and self._is_unreadable(left, before):
                continue
            runs_on = left is not None and left.is_live and left.desired_status == "RUNNING"
            # Redriven while the sweep was at work: it may be the next attempt's sweep that sees this one.
            is_redriven = attempt.branch.execution.redrives > redrives
            must(is_redriven or not runs_on, "L5", f"a sweep has left {attempt.branch.run_id} running, {why}")
        for execution in self._executions.all.values():
            self._check_noted(execution, before.began - BEHIND)

    def _is_unreadable(self, task: Task, before: Before) -> bool:
        """Whether a record of its run could not be read while the sweep was at work."""
        partition = self._invariants.run_key(task)
        return partition in before.unreadable or self._invariants.is_of_tomorrow(partition)

    # ---- tasks that nobody wants ---------------------------------------------------------------------------------

    def _to_stop(self) -> Iterator[tuple[Attempt, str, int]]:
        for attempt in self._executions.of_task.values():
            task = attempt.task
            if task is None or self._invariants.is_of_tomorrow(self._invariants.run_key(task)):
                continue
            if task.is_live and task.desired_status == "RUNNING" and self._is_open(task):
                execution = attempt.branch.execution
                if self._is_replaced(attempt, task):
                    yield attempt, "beside the attempt that came after it", execution.redrives
                elif self._invariants.is_past_its_time(task, self._now() - BEHIND) and self._is_listed(task):
                    yield attempt, "past its time", execution.redrives
                elif self._is_left_behind(execution):
                    yield attempt, "and its execution has failed", execution.redrives

    def _is_open(self, task: Task) -> bool:
        return (self._invariants.run_key(task), f"TASK#{task.task_id}") in self._open.placed

    def _is_replaced(self, attempt: Attempt, task: Task) -> bool:
        """The run as the sweep will read it shows an attempt that came later."""
        if self._invariants.is_beyond_reach(attempt) or self._invariants.is_withheld(attempt.token or ""):
            return False
        has_twin = attempt.is_unknown and self._invariants.is_of_ours(attempt)
        if attempt.branch.execution.spec.says is Says.NOTHING or not (attempt.token or has_twin):
            return False
        pk = self._invariants.run_key(task)
        place = self._open.placed.get((pk, "RUN"))
        run = self._open.items[place] if place else self._table.items.get((pk, "RUN"))
        if run is None or "taskOrder" not in run:
            return False
        later = attempt.branch.attempts[attempt.place :]
        return any(each.task is not None and f"#{each.task.task_id}#" in run["taskOrder"]["S"] for each in later)

    def _is_listed(self, task: Task) -> bool:
        return self._was_shown(task, self._now()) and task.hidden[0] > self._now() + 300

    def _is_left_behind(self, execution: Execution) -> bool:
        has_ended = execution.stopped is not None and execution.stopped < self._now() - BEHIND
        return execution.spec.says is Says.ALL and execution.has_failed and has_ended and not execution.redrives

    # ---- tasks and executions that have ended --------------------------------------------------------------------

    def _was_shown(self, task: Task, began: float) -> bool:
        """Whether ECS showed a task all the time since the sweep began."""
        is_hidden = task.hidden[0] <= self._now() and began < task.hidden[1]
        is_young = began < task.visible_from
        return self._ecs.is_remembered(task) and not is_hidden and not is_young and task.unavailable < began

    def _check_settled(self, task: Task, before: Before) -> None:
        item = self._invariants.record(task)
        must(item is not None, "L2", f"a sweep has passed over task {task.task_id}, which has ended")
        assert item is not None
        must("outcome" in item, "L2", f"a sweep has left task {task.task_id} without an outcome, and it has ended")
        is_left = is_settled(item) or task.task_id in before.withheld
        must(is_left, "L4", f"a sweep has left the outcome of {task.task_id} undelivered")

    def _check_noted(self, execution: Execution, before: float) -> None:
        if execution.spec.machine_arn not in OUR_MACHINES or self._invariants.may_forget:
            return
        if execution.stopped is None or execution.stopped > before:
            return
        item = self._invariants.run(execution.spec.name)
        shown = item.get("executionStatus", {"S": None})["S"] if item else None
        is_so = shown == execution.status
        must(is_so, "I1", f"a sweep has left run {execution.spec.name} as {shown}, which is {execution.status}")
