"""What must hold after every step (I1 to I9), and what must hold once faults are over (L1 to L6; L7 is in stops.py)."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final

from fargate_runs.errors import EventError, PortError
from fargate_runs.outcomes.kinds import ErrorName
from tests.fakes.ecs import MACHINES
from tests.simulation.attempts import INVALID_INPUT, NOT_PREPARED, Attempt, Execution, Pattern, Says
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.ecs import Ecs
from tests.simulation.executions import Executions
from tests.simulation.expressions import Item
from tests.simulation.stepfunctions import TokenAnswer
from tests.simulation.tasks import Task
from tests.simulation.violations import must

_SETTLED: Final = frozenset({"DELIVERED", "CLOSED_BY_OTHERS", "REFUSED", "NOT_NEEDED"})
OUR_MACHINES: Final = frozenset({MACHINES.request_response, MACHINES.sync, MACHINES.callback})
_TASK_EVENT: Final = "ECS Task State Change"


@dataclass
class Tally:
    """What the audit counts: how often each task was decided, how often we answered for it, and which came late."""

    decided: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    recovered: set[str] = field(default_factory=set)


class Invariants:
    """Looks on while things happen. `who` tells whether what acts now is a first try of an event's handler."""

    def __init__(self, table: DynamoDb, ecs: Ecs, executions: Executions, answers: Mapping[str, TokenAnswer]) -> None:
        self._table = table
        self._ecs = ecs
        self._executions = executions
        self.answers = answers
        self.tally = Tally()
        #: Nothing was swept for longer than ECS remembers: of what nobody had seen by then, nobody can know.
        self.may_forget = False
        self.is_recovery: Callable[[], bool] = lambda: False
        self.now: Callable[[], float] = lambda: 0.0
        #: Tasks of somebody else's that say they are of a run which had ended before, by their ARNs.
        self.intruders: dict[str, Execution] = {}
        #: Of attempts whose token nothing points out any more, and of runs of which a record cannot be read now.
        self.is_beyond_reach: Callable[[Attempt], bool] = lambda _attempt: False
        self.is_of_tomorrow: Callable[[str], bool] = lambda _partition: False
        #: Of tokens whose key is not ours to use for the time being.
        self.is_withheld: Callable[[str], bool] = lambda _token: False
        #: Of runs that somebody wants stopped, by their ids.
        self.is_asked_to_stop: Callable[[str], bool] = lambda _run_id: False
        self._run_of: dict[str, str] = {}
        table.observers.append(self.on_write)

    # ---- after every step ----------------------------------------------------------------------------------------

    def on_write(self, old: Item | None, new: Item | None) -> None:
        """One item of the table has changed."""
        item = new or old
        if item is None or not item["sk"]["S"].startswith("TASK#"):
            return
        task_id = item["sk"]["S"].removeprefix("TASK#")
        must(new is not None, "I2", f"the record of task {task_id} was removed")
        assert new is not None
        run = new["pk"]["S"]
        must(self._run_of.setdefault(task_id, run) == run, "I1", f"task {task_id} has two records")
        if old is not None:
            before, after = int(old["version"]["N"]), int(new["version"]["N"])
            must(after >= before, "I6", f"task {task_id} goes from version {before} back to {after}")
            if "outcome" in old:
                is_same = new.get("outcome") == old["outcome"]
                self.tally.decided[task_id] += not is_same
                must(is_same, "I2", f"the outcome of task {task_id} changed")
        if "outcome" in new and (old is None or "outcome" not in old):
            self._on_outcome(task_id, new)
        if _delivery(new) in _SETTLED and old is not None and _delivery(old) == "PENDING" and self.is_recovery():
            self.tally.recovered.add(task_id)

    def _on_outcome(self, task_id: str, item: Item) -> None:
        task = self.task(item["taskArn"]["S"])
        error = error_of(item)
        must(task is not None, "I5", f"task {task_id} has an outcome and does not exist")
        assert task is not None
        must(not task.is_live, "I5", f"task {task_id} has the outcome {error} and runs")
        lost_is_right = error is ErrorName.LOST and not self._ecs.is_remembered(task)
        must(
            error in task.truth or lost_is_right,
            "I5",
            f"task {task_id} has the outcome {error}, and truly {sorted(map(str, task.truth))}",
        )
        self.tally.decided[task_id] += 1
        if self.is_recovery():
            self.tally.recovered.add(task_id)

    def on_answer(self, attempt: Attempt, answer: TokenAnswer) -> None:
        """An answer takes effect (I3, I4)."""
        if not answer.by_us:
            return
        task = attempt.task
        must(task is not None, "I4", f"a token without a task was answered, of run {attempt.branch.run_id}")
        assert task is not None
        self.tally.answered[task.task_id] += 1
        item = self.record(task)
        must(item is not None and "outcome" in item, "I3", f"task {task.task_id} is answered before it is decided")
        assert item is not None
        error = error_of(item)
        must(answer.well is (error is None), "I3", f"task {task.task_id} is recorded as {error}, answered otherwise")
        must(answer.well or answer.error == error, "I3", f"{task.task_id}: {error} recorded, {answer.error} answered")
        said = json.loads(answer.content)
        must(said.get("taskArn", task.arn) == task.arn, "I4", f"the answer for {task.task_id} is another task's")

    def on_stop(self, task: Task) -> None:
        """One of our functions stops a task: nobody may want it any more (F19: the new attempt is untouched)."""
        attempt = self._executions.of_task.get(task.arn)
        claimed = self.intruders.get(task.arn)
        if claimed and "RUN_EXECUTION_ARN" in task.order.environment:
            return  # it says that it is of an execution that has ended
        if self.is_asked_to_stop(self.run_key(task).removeprefix("RUN#")):
            return
        must(attempt is not None, "L5", f"task {task.task_id}, which is no run's, was stopped")
        assert attempt is not None
        execution = attempt.branch.execution
        must(attempt.is_over or execution.status != "RUNNING", "L5", f"task {task.task_id} is wanted and was stopped")
        works_on = execution.spec.pattern is Pattern.REQUEST_RESPONSE and execution.status == "SUCCEEDED"
        is_free_to = not attempt.is_unknown and not self.is_past_its_time(task, self.now())
        must(
            not (works_on and is_free_to),
            "L5",
            f"task {task.task_id} works on after its execution, as it should, and was stopped",
        )

    def is_withheld_of(self, item: Item) -> bool:
        """Of a task's record: nobody can answer or ask for its token now."""
        return self.is_withheld(item.get("taskToken", {}).get("S", ""))

    def on_acknowledged(self, function: str, event: Any) -> None:
        """A handler has returned: what it was told is stored (I7)."""
        if not isinstance(event, dict) or event.get("detail-type") != _TASK_EVENT:
            return
        detail = event["detail"]
        task = self.task(detail["taskArn"])
        if task is None:
            return
        item = self.record(task)
        must(item is not None, "I7", f"an event of {task.task_id} is acknowledged and not stored")
        assert item is not None
        is_stored = int(item["version"]["N"]) >= detail["version"] or "outcome" in item
        must(is_stored, "I7", f"version {detail['version']} of {task.task_id} is acknowledged and not stored")
        if detail["lastStatus"] == "STOPPED":
            must("outcome" in item, "I7", f"the end of {task.task_id} is acknowledged without an outcome")
            # One whose token's key is not ours to use is left to the sweep, which asks again: the event cannot wait.
            is_left = _delivery(item) in _SETTLED or self.is_withheld_of(item)
            must(is_left, "I7", f"the end of {task.task_id} is acknowledged and not delivered")

    def on_error(self, function: str, error: BaseException) -> None:
        """A handler has raised something: a port that was unavailable, or an event that it refuses."""
        known = isinstance(error, PortError | EventError)
        must(known, "I8", f"{function} raises {type(error).__name__}: {error}")

    # ---- for the audit ------------------------------------------------------------------------------------------

    def losses(self) -> int:
        """Tasks that have ended and have no outcome, and tokens that are open although their task has ended."""
        records = {task.arn: self.record(task) for task in self.tasks() if not (task.is_live or self._is_unseen(task))}
        without = sum(1 for item in records.values() if item is None or "outcome" not in item)
        attempts = self._executions.tokens.values()
        return without + sum(1 for each in attempts if not each.is_over and each.task and each.task.arn in records)

    def _is_unseen(self, task: Task) -> bool:
        """Forgotten by ECS, in an outage of the sweep, before anybody had seen it."""
        return self.may_forget and not self._ecs.is_remembered(task) and self.record(task) is None

    def contradictions(self) -> int:
        """Outcomes that are not what really happened, and answers that are not what is recorded."""
        return sum(1 for task in self.tasks() if (item := self.record(task)) and not self._is_true(task, item))

    def duplicates(self) -> int:
        """Tasks that were decided or answered for more than once."""
        twice = {each for tally in (self.tally.decided, self.tally.answered) for each, n in tally.items() if n > 1}
        return len(twice)

    def _is_true(self, task: Task, item: Item) -> bool:
        if "outcome" not in item:
            return True
        error = error_of(item)
        answer = self.answers.get(task.order.environment.get("TASK_TOKEN", ""))
        told = answer is None or not answer.by_us or (answer.well is (error is None) and answer.error == error)
        lost_is_right = error is ErrorName.LOST and not self._ecs.is_remembered(task)
        return told and (error in task.truth or lost_is_right)

    # ---- when faults are over ------------------------------------------------------------------------------------

    def check_end(self, now: str, earlier: str) -> None:
        """L1, L2, L4, L5, and what the table may no longer have. `earlier` is some hours before `now`, in ISO 8601."""
        for task in self.tasks():
            self._check_settled(task, self.record(task))
        for attempt in self._executions.tokens.values():
            must(attempt.is_over, "L1", f"the token of run {attempt.branch.run_id} is not answered")
        for attempt in self._executions.of_task.values():
            self._check_not_running_on(attempt)
        for execution in self._executions.all.values():
            self._check_run(execution)
        for arn, execution in self.intruders.items():
            self._check_no_attempt(self._ecs.tasks[arn], execution)
        live = {self.run_key(task) for task in self.tasks() if task.is_live}
        for item in self._table.items.values():
            self._check_closed(item, live, now, earlier)
            kept = "taskToken" in item and "outcome" in item
            must(not kept, "L4", f"{item['sk']['S']} still has its token")

    def check_ended_before(self, moment: float) -> None:
        """L1, L2 and L4 for what had ended by then: one sweep is enough, and no token waits for its time-out."""
        for task in self.tasks():
            if task.stopped_at is not None and task.stopped_at <= moment and self._ecs.is_remembered(task):
                self._check_settled(task, self.record(task))
                attempt = self._executions.of_task.get(task.arn)
                if attempt and attempt.token and not self.is_beyond_reach(attempt):
                    must(attempt.is_over, "L1", f"task {task.task_id} has ended and its token is not answered")
        for attempt in self._executions.of_task.values():
            if attempt.token or (attempt.is_unknown and self.is_of_ours(attempt)):
                self._check_replaced(attempt, moment)
            # ECS says the time of its answers in whole seconds.
            if attempt.task and self.is_past_its_time(attempt.task, moment - 1):
                runs_on = attempt.task.is_live and attempt.task.desired_status == "RUNNING"
                must(not runs_on, "L5", f"task {attempt.task.task_id} runs on, past its time")

    def _check_replaced(self, attempt: Attempt, moment: float) -> None:
        """An attempt that its execution has gone on from is stopped once the next one has been seen (L5)."""
        attempts = attempt.branch.attempts
        if self.is_beyond_reach(attempt):
            return
        if attempt is attempts[-1] or attempt.task is None or attempt.branch.execution.spec.says is Says.NOTHING:
            return
        later = [each.task for each in attempts[attempt.place :] if each.task and each.task.created < moment]
        newer = [each for each in later if not self._is_unseen(each)]
        was_seen = any("startedAt" in each.times and each.times["startedAt"] < moment for each in newer)
        is_left = attempt.task.is_live and attempt.task.desired_status == "RUNNING" and was_seen
        must(not is_left, "L5", f"task {attempt.task.task_id} runs on beside the attempt that came after it")

    def is_past_its_time(self, task: Task, moment: float) -> bool:
        """Whether a task has lived for longer than it was told that it may."""
        limit = task.order.environment.get("RUN_TIMEOUT_SECONDS")
        return limit is not None and moment - task.created >= float(limit)

    @staticmethod
    def is_of_ours(attempt: Attempt) -> bool:
        """Whether it is the one Task state of a machine of ours, which may be told by the number of its attempt."""
        spec = attempt.branch.execution.spec
        return spec.machine_arn in OUR_MACHINES and spec.says is Says.ALL and not spec.items

    def something_is_lost(self) -> bool:
        """Whether a task of which there is a record has vanished, and that is not known yet."""
        return any(
            not self._ecs.is_remembered(task) and item is not None and "outcome" not in item
            for task, item in ((each, self.record(each)) for each in self.tasks())
        )

    def _check_settled(self, task: Task, item: Item | None) -> None:
        if self._is_unseen(task):
            return
        must(item is not None, "L2", f"task {task.task_id} has no record")
        assert item is not None
        if not task.is_live:
            must("outcome" in item, "L2", f"task {task.task_id} has ended and has no outcome")
            must(_delivery(item) in _SETTLED, "L4", f"the outcome of {task.task_id} is {_delivery(item)}")
            attempt = self._executions.of_task.get(task.arn)
            said = _delivery(item)
            must(self._is_so(said, attempt), "L4", f"{task.task_id} is marked as {said}, and that is not so")
        run = self._table.items.get((item["pk"]["S"], "RUN"))
        # Such a task's event is in the dead-letter queue, where it waits to be sent through again.
        is_forgotten = self.may_forget and not self._ecs.is_remembered(task)
        must(run is not None or is_forgotten, "I1", f"{item['pk']['S']} has a task and no run")

    def _is_so(self, delivery: str, attempt: Attempt | None) -> bool:
        """Whether what is said of a token's answer is so. Some smaller answer is accepted for every token here."""
        token = attempt.token if attempt else None
        answer = self.answers.get(token or "")
        return {
            "DELIVERED": answer is not None and answer.by_us,
            "CLOSED_BY_OTHERS": attempt is not None and token is not None and attempt.is_over,
            "REFUSED": token is None,
        }.get(delivery, True)

    def _check_run(self, execution: Execution) -> None:
        """The run of an execution of one of our machines shows how the execution stands (I1)."""
        if execution.spec.machine_arn not in OUR_MACHINES or (self.may_forget and execution.redrives):
            return
        name = execution.spec.name
        item = self.run(name)
        if item is None and self.may_forget:
            return
        must(item is not None, "I1", f"run {name} has no record")
        assert item is not None
        shown = item.get("executionStatus", {"S": None})["S"]
        must(shown == execution.status, "I1", f"run {name} shows {shown}, and its execution is {execution.status}")
        if execution.error in {NOT_PREPARED, INVALID_INPUT}:
            said = item.get("executionError", {"S": None})["S"]
            must(
                said == execution.error,
                "I1",
                f"run {name} shows {said}, and its execution ended with {execution.error}",
            )
            started = [attempt for branch in execution.branches for attempt in branch.attempts]
            must(not started, "I1", f"run {name} was not prepared, and a task of it was started")

    def _check_no_attempt(self, task: Task, execution: Execution) -> None:
        """A run that had ended stays as it ended, whoever starts a task with its id (I2)."""
        item = self.run(execution.spec.name)
        if item is None or execution.spec.machine_arn not in OUR_MACHINES or execution.redrives:
            return
        shown = item.get("taskOrder", {"S": ""})["S"]
        must(f"#{task.task_id}#" not in shown, "I2", f"run {execution.spec.name} shows a task of somebody else's")

    @staticmethod
    def run_key(task: Task) -> str:
        """The partition of the table that a task's run is in."""
        return f"RUN#{task.order.environment.get('RUN_ID', task.task_id)}"

    def _check_closed(self, item: Item, live: Set[str], now: str, earlier: str) -> None:
        """Nothing is left for the sweep but what still runs (L2)."""
        if "openShard" not in item:
            return
        if item["sk"]["S"] == "RUN":
            # A wrong clock may have made a run tomorrow: it is given up some minutes after that.
            # One of which ECS forgot the task before anybody saw it is given up after two hours.
            is_young = item["createdAt"]["S"] > (earlier if self.may_forget else now)
            is_live = item["pk"]["S"] in live or is_young
            must(is_live, "L2", f"run {item['pk']['S']} is open, and nothing of it runs")
            return
        task = self.task(item["taskArn"]["S"])
        must(task is not None and task.is_live, "L2", f"{item['sk']['S']} is open, and it does not run")

    def _is_a_later_one_known(self, attempt: Attempt) -> bool:
        """Whether anybody can know that an attempt came after this one."""
        later = attempt.branch.attempts[attempt.place :]
        if not self.may_forget:
            return bool(later)
        tasks = [each.task for each in later if each.task]
        return any(self._ecs.is_remembered(task) or self.record(task) is not None for task in tasks)

    def _check_not_running_on(self, attempt: Attempt) -> None:
        task, execution = attempt.task, attempt.branch.execution
        if task is None or not task.is_live or execution.spec.says is not Says.ALL or self.is_beyond_reach(attempt):
            return
        closed = execution.has_failed or (execution.parent is not None and execution.parent.has_failed)
        alone = execution.status == "SUCCEEDED" and execution.spec.pattern is not Pattern.REQUEST_RESPONSE
        must(not alone, "L5", f"task {task.task_id} runs, and {execution.spec.name} went on without it")
        is_known_by = attempt.token is not None or (attempt.is_unknown and self.is_of_ours(attempt))
        is_replaced = attempt.is_over and is_known_by and self._is_a_later_one_known(attempt)
        must(not closed, "L5", f"task {task.task_id} runs, and {execution.spec.name} is {execution.status}")
        must(not is_replaced, "L5", f"task {task.task_id} runs on, an attempt that {execution.spec.name} has replaced")

    def tasks(self) -> Iterable[Task]:
        """The tasks that are ours to record."""
        return (task for task in self._ecs.tasks.values() if task.is_ours)

    def task(self, arn: str) -> Task | None:
        """A task that is ours."""
        task = self._ecs.tasks.get(arn)
        return task if task and task.is_ours else None

    def run(self, run_id: str) -> Item | None:
        """What the table has of a run."""
        return self._table.items.get((f"RUN#{run_id}", "RUN"))

    def record(self, task: Task) -> Item | None:
        """What the table has of a task."""
        return self._table.items.get((self.run_key(task), f"TASK#{task.task_id}"))


def error_of(item: Item) -> ErrorName | None:
    """The error of a recorded outcome, None for a success."""
    error = item["outcome"]["M"].get("error")
    return ErrorName(error["S"]) if error else None


def _delivery(item: Item) -> str:
    return str(item["delivery"]["S"])


def is_settled(item: Item) -> bool:
    """Whether nothing is left to do for the token of a recorded task."""
    return _delivery(item) in _SETTLED
