"""People who stop runs by the REST API, at any moment, and ask again where they got no answer (invariant L7)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.runs.run_verdict import RUN_STOPPED
from tests.simulation.attempts import Execution, Says
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.executions import Executions
from tests.simulation.expressions import Item
from tests.simulation.invariants import OUR_MACHINES, Invariants
from tests.simulation.lambda_ import Lambda
from tests.simulation.scheduler import Ended, Scheduler
from tests.simulation.tasks import Task
from tests.simulation.violations import must
from tests.template.loading import EVENTS, event_sample

_STOP: Final = event_sample(EVENTS / "api" / "stop-run.json")
_MOST_TRIES: Final = 5
_WITHIN: Final = (3.0, 60.0, 500.0)  # seconds after its start
_REFUSED: Final = frozenset({404, 409})
_STOPPED: Final = frozenset({ErrorName.STOPPED_BY_USER, ErrorName.STOPPED_BY_STEP_FUNCTIONS})

Answer = tuple[int, Mapping[str, Any]]


@dataclass(eq=False, slots=True)
class Asked:
    """One run that somebody wants stopped.

    `accepted_at` is when they were told that it is; `redrives` and `is_readable` are as of then. Of a run with a record
    that could not be read nobody can know all tasks.
    """

    run_id: str
    tries: int = 0
    accepted_at: float | None = None
    redrives: int = 0
    is_readable: bool = True
    execution: Execution | None = None
    requests: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def stands(self) -> bool:
        """Whether nobody has redriven the run since."""
        return self.execution is None or self.execution.redrives == self.redrives


class Stops:
    """Some worlds have them, by chances of their own."""

    def __init__(
        self,
        scheduler: Scheduler,
        chances: Random,
        lambda_: Lambda,
        executions: Executions,
        invariants: Invariants,
        table: DynamoDb,
    ) -> None:
        self._scheduler = scheduler
        self._chances = chances
        self._lambda = lambda_
        self._executions = executions
        self._invariants = invariants
        self._table = table
        self.share = chances.choice((0.0, 0.0, 0.0, 0.3, 0.9))
        self.asked: dict[str, Asked] = {}
        self.is_replaced: Callable[[str], bool] = lambda _run_id: False
        self.read: Callable[[Ended], Answer] = lambda _ended: (0, {})

    def plan(self, run_ids: list[str]) -> None:
        """Some of these runs, which start now, are stopped some time later; their start may not be known by then."""
        for run_id in run_ids:
            if self._chances.random() < self.share:
                within = self._chances.choice(_WITHIN)
                self._scheduler.after(self._chances.random() * within, self._ask, run_id)

    def _ask(self, run_id: str) -> None:
        asked = self.asked.setdefault(run_id, Asked(run_id))
        asked.tries += 1
        event = {
            **_STOP,
            "path": f"/runs/{run_id}/stop",
            "pathParameters": {"runId": run_id},
            "body": json.dumps({"reason": f"try {asked.tries}"}),
        }
        self._lambda.call("api", event, partial(self._answered, asked, self._recorded_alive(run_id)))

    def _answered(self, asked: Asked, alive: list[Task], ended: Ended) -> None:
        status, document = self.read(ended)
        if status == 202:
            self._accepted(asked, document, alive)
        elif status not in _REFUSED and asked.tries < _MOST_TRIES:
            self._scheduler.after(1 + self._chances.random() * 20, self._ask, asked.run_id)

    def _accepted(self, asked: Asked, document: Mapping[str, Any], alive: list[Task]) -> None:
        asked.requests.append(document["stopRequest"])
        asked.accepted_at = self._scheduler.now
        asked.execution = self._execution_of(asked.run_id)
        asked.is_readable = not self._invariants.is_of_tomorrow(f"RUN#{asked.run_id}")
        if asked.execution is None:
            for task in alive if asked.is_readable else ():
                must(not _runs_on(task), "L7", f"task {task.task_id} of {asked.run_id} was to be stopped, and was not")
            return
        asked.redrives = asked.execution.redrives

    def _recorded_alive(self, run_id: str) -> list[Task]:
        tasks = (task for task in self._invariants.tasks() if self._invariants.run_key(task) == f"RUN#{run_id}")
        return [task for task in tasks if _runs_on(task) and self._invariants.record(task) is not None]

    def _execution_of(self, run_id: str) -> Execution | None:
        """The execution of ours that is this run."""
        ours = (each for each in self._executions.all.values() if each.spec.machine_arn in OUR_MACHINES)
        return next((each for each in ours if each.spec.name == run_id and each.spec.says is Says.ALL), None)

    # ---- when faults are over ------------------------------------------------------------------------------------

    def check_stopped_before(self, moment: float) -> None:
        """L7: of a run that was stopped nothing runs on, one sweep after the last fault."""
        for asked in self.asked.values():
            execution = asked.execution
            is_asked = asked.accepted_at is not None and asked.accepted_at <= moment and asked.stands
            if execution is None or not is_asked or not asked.is_readable:
                continue
            must(execution.status != "RUNNING", "L7", f"{asked.run_id} was stopped, and its execution runs")
            for attempt in (each for branch in execution.branches for each in branch.attempts):
                runs_on = attempt.task is not None and attempt.task.created < moment and _runs_on(attempt.task)
                must(not runs_on, "L7", f"{asked.run_id} was stopped, and a task of it runs on")

    def check_end(self) -> None:
        """L7: who asked is on record, of those runs and of no other, and a run that was stopped is STOPPED."""
        for (pk, sk), item in self._table.items.items():
            if sk == "RUN" and "stopRequest" in item:
                run_id = pk.removeprefix("RUN#")
                must(
                    run_id in self.asked or self.is_replaced(run_id),
                    "L7",
                    f"{pk} has a request to stop it that nobody made",
                )
        for asked in self.asked.values():
            if asked.requests:
                self._check_recorded(asked)

    def _check_recorded(self, asked: Asked) -> None:
        item = self._invariants.run(asked.run_id)
        must(item is not None, "L7", f"{asked.run_id} was stopped, and has no record")
        assert item is not None
        stored = {name: value["S"] for name, value in item.get("stopRequest", {"M": {}})["M"].items()}
        for request in asked.requests:
            must(stored == request, "L7", f"{asked.run_id}: {stored} is on record, and {request} was answered")
        if asked.stands and asked.execution is not None:
            self._check_status(item, asked.execution)

    def _check_status(self, item: Item, execution: Execution) -> None:
        """Whoever stopped its task, that is what the run shows; what had ended before, or was lost, stays as it was."""
        tasks = [each.task for branch in execution.branches for each in branch.attempts if each.task]
        if any(self._invariants.record(each) is None for each in tasks):
            return  # forgotten by ECS in an outage of the sweep: the run is given up some hours later
        shown, truth = item["status"]["S"], tasks[-1].truth if tasks else frozenset[ErrorName | None]()
        is_lost = item.get("error", {"S": None})["S"] == ErrorName.LOST
        was_stopped = execution.status in {"ABORTED", "SUCCEEDED"} and truth and truth <= _STOPPED
        says_why = shown != "STOPPED" or item["error"]["S"] == RUN_STOPPED
        must(says_why, "L7", f"{execution.spec.name} was stopped because somebody asked for it, and does not say so")
        is_so = shown == "STOPPED" if was_stopped and not is_lost else shown not in {"PENDING", "RUNNING"}
        must(bool(is_so), "L7", f"{execution.spec.name} was stopped, and shows {shown}")


def _runs_on(task: Task) -> bool:
    return task.is_live and task.desired_status == "RUNNING"
