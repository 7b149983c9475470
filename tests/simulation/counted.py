"""What a run has counted: attempts of it and nothing else, with what is billed for each (invariant I11).

The newest recorded attempt is counted, with what is billed for it. An older one, or its end, may be missing: it is
recorded with two writes, and if the process dies between them, the run shows a newer one already and nothing brings the
older one back. Lists show the cost from it; the document of a run is made of the tasks themselves.
"""

import math
from collections.abc import Mapping, Set
from datetime import datetime
from typing import Any, Final

from fargate_runs.runs.run_state import task_id_of
from tests.simulation.attempts import Execution
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.executions import Executions
from tests.simulation.expressions import Item
from tests.simulation.invariants import OUR_MACHINES
from tests.simulation.violations import must

_MOST: Final = 100
_SHORTEST_SECONDS: Final = 60
_ENDED: Final = frozenset({"STOPPED", "DELETED"})


def check_counted(table: DynamoDb, executions: Executions, intruders: Mapping[str, Execution]) -> None:
    """Compare every run with the tasks in its partition.

    `intruders` are tasks of others by their ARNs. One that came before its execution was redriven looks like an
    attempt of that, so it may be counted.
    """
    unclear = {arn.rpartition("/")[2] for arn, execution in intruders.items() if execution.redrives}
    tasks: dict[str, dict[str, Item]] = {}
    for (pk, sk), item in table.items.items():
        if sk.startswith("TASK#"):
            tasks.setdefault(pk, {})[sk.removeprefix("TASK#")] = item
    for (pk, sk), run in table.items.items():
        if sk == "RUN":
            _check(pk, run, _attempts(run, tasks.get(pk, {}), executions), unclear)


def _attempts(run: Item, tasks: Mapping[str, Item], executions: Executions) -> Mapping[str, Item]:
    """Of a run of ours those that its execution has started; of any other run all that say that they are of it."""
    execution = executions.all.get(run.get("executionArn", {"S": ""})["S"])
    if execution is None or execution.spec.machine_arn not in OUR_MACHINES:
        return tasks
    started = {each.task.task_id for branch in execution.branches for each in branch.attempts if each.task}
    return {task_id: item for task_id, item in tasks.items() if task_id in started}


def _check(pk: str, run: Item, attempts: Mapping[str, Item], unclear: Set[str]) -> None:
    counted = run.get("billed", {"M": {}})["M"].items()
    shown = {task_id: each["M"] for task_id, each in counted if task_id not in unclear}
    wanted = {task_id: _billed(item) for task_id, item in attempts.items() if task_id not in unclear}
    if len(wanted) > _MOST:
        must(len(shown) == _MOST, "I11", f"{pk} counts {len(shown)} of {len(wanted)} attempts")
        wanted = {task_id: wanted.get(task_id) for task_id in shown}
    must(shown.keys() <= wanted.keys(), "I11", f"{pk} counts {sorted(shown)}, and its attempts are {sorted(wanted)}")
    newest = task_id_of(run["taskOrder"]["S"]) if "taskOrder" in run else None
    must(newest is None or newest in {*shown, *unclear}, "I11", f"{pk} does not count {newest}, which it shows")
    for task_id, billed in ((each, wanted[each]) for each in shown):
        said = {name: next(iter(value.values())) for name, value in shown[task_id].items()} or None
        is_right = said == billed or (said is None and task_id != newest)
        must(is_right, "I11", f"{pk} says that {said} is billed for {task_id}, and it is {billed}")


def _billed(task: Item) -> dict[str, Any] | None:
    if task["lastStatus"]["S"] not in _ENDED:
        return None
    began, ended = _time(task, "pullStartedAt") or _time(task, "startedAt"), _time(task, "stoppedAt")
    assert ended
    seconds = max(_SHORTEST_SECONDS, math.ceil((ended - began).total_seconds())) if began else 0
    is_spot = task["capacityProviderName"]["S"] == "FARGATE_SPOT"
    return {"seconds": str(seconds), "cpu": task["cpu"]["S"], "memory": task["memory"]["S"], "spot": is_spot}


def _time(task: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(task[name]["S"]) if name in task else None
