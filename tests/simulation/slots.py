"""What must hold of slots: S1 and S3 after every step, S2 and S4 once faults are over.

S1: no more runs go on than the limit. S2: nobody waits beside a free slot. S3: first come, first served, and never more
taken than there are. S4: what has ended has no slot and no ticket, and records say how runs stand.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fargate_runs.aws.attributes import deserialized
from fargate_runs.aws.gates import gate_of
from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.job import Policy
from tests.simulation.attempts import Execution
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.executions import Executions
from tests.simulation.expressions import Item
from tests.simulation.invariants import OUR_MACHINES, Invariants
from tests.simulation.jobs import Jobs
from tests.simulation.tasks import Task
from tests.simulation.violations import must

#: Seconds after the end of its execution in which somebody must have seen a task.
_SEEN_WITHIN: Final = 120.0
_TICKET: Final = "TICKET#"


class Slots:
    """Looks on while runs are let in and end."""

    def __init__(self, jobs: Jobs, table: DynamoDb, executions: Executions, invariants: Invariants) -> None:
        self._jobs = jobs
        self._table = table
        self._executions = executions
        self._invariants = invariants
        self._let_in: dict[str, list[Execution]] = {}
        self.now: Callable[[], float] = lambda: 0.0
        #: Whether a sweep has ever been ahead of time: to it a task that was just started is one that nobody has seen.
        self.is_ahead: Callable[[], bool] = lambda: False
        #: The executions in the state "Wait for a slot", by their ARN.
        self.waiting: Mapping[str, str] = {}
        self.skipped: set[str] = set()
        table.observers.append(self.on_write)

    # ---- after every step ----------------------------------------------------------------------------------------

    def on_write(self, old: Item | None, new: Item | None) -> None:
        """S3: a gate was written."""
        if new is None or new["sk"]["S"] != "GATE":
            return
        before, after = _gate(old), _gate(new)
        assert after
        before = before or Gate(after.job)
        for run_id, position in after.holders.items():
            if run_id in before.holders or position.is_forced:
                continue
            fits = after.limit is None or len(after.holders) <= after.limit
            must(fits, "S3", f"{run_id} has taken a slot of {after.job}, and all {after.limit} were taken")
            waited = list(before.waiting)
            earlier = waited[: waited.index(run_id)] if run_id in waited else waited
            must(not any(each in after.waiting for each in earlier), "S3", f"{run_id} has overtaken one that waits")

    def on_let_in(self, execution: Execution) -> None:
        """S1: a run begins."""
        job = self._job_of(execution)
        if job is None:
            return
        others = self._let_in.setdefault(job, [])
        most = self._jobs.all[job].most
        if execution.redrives or self._is_forced(execution):
            return
        going_on = [each.spec.name for each in others if self._goes_on(each)]
        others.append(execution)
        if most is not None:
            must(
                len(going_on) < most,
                "S1",
                f"{execution.spec.name} of {job} begins beside {going_on}, and the limit was {most} at most",
            )

    def is_replaced(self, run_id: str) -> bool:
        """Whether a newer run of its job has asked to stop this one, as the job's policy says."""
        item = self._invariants.run(run_id) or {}
        by = item.get("stopRequest", {"M": {"by": {"S": ""}}})["M"]["by"]["S"]
        job = self._jobs.all.get(item.get("job", {"S": ""})["S"])
        return job is not None and job.policy is Policy.REPLACE and by.startswith(f"job {job.name},")

    def _job_of(self, execution: Execution) -> str | None:
        item = self._invariants.run(execution.spec.name)
        return item["job"]["S"] if item and "job" in item else None

    def _is_forced(self, execution: Execution) -> bool:
        item = self._invariants.run(execution.spec.name) or {}
        return bool(item.get("forced", {}).get("BOOL"))

    def _goes_on(self, execution: Execution) -> bool:
        if execution.redrives:
            return False
        if execution.status == "RUNNING":
            return True
        if any(each.is_unknown for branch in execution.branches for each in branch.attempts):
            return False  # its attempt has two tasks, and only one of them is the run's (fact B43)
        tasks = [each.task for branch in execution.branches for each in branch.attempts if each.task]
        return bool(tasks) and tasks[-1].is_live and self._could_be_seen(execution, tasks[-1])

    def _could_be_seen(self, execution: Execution, task: Task) -> bool:
        """Of a task that nobody has recorded for minutes nobody can know."""
        assert execution.stopped is not None
        run = self._invariants.run(execution.spec.name) or {}
        is_shown = f"#{task.task_id}#" in run.get("taskOrder", {"S": ""})["S"]
        if not is_shown and self.is_ahead():
            return False
        is_known = self._invariants.record(task) is not None
        return is_known or self.now() - execution.stopped < _SEEN_WITHIN

    # ---- when faults are over ------------------------------------------------------------------------------------

    def check_nobody_is_stuck(self) -> None:
        """S2: one sweep after the last fault every run that may begin does, and no gate has an ended run."""
        for gate in self._gates():
            stuck = list(gate.waiting) if gate.has_free_slot else []
            must(not stuck, "S2", f"{stuck} wait beside a free slot of {gate.job}")
        waiting = {run_id for gate in self._gates() for run_id in gate.waiting}
        for wait in self._waits():
            must(wait in waiting, "S2", f"{wait} waits for a slot, and nobody will tell it")

    def _waits(self) -> list[str]:
        executions = self._executions.all
        return [executions[arn].spec.name for arn in self.waiting if executions[arn].status == "RUNNING"]

    def check_end(self) -> None:
        """S4: when everything has ended."""
        live = {
            self._invariants.run_key(task).removeprefix("RUN#") for task in self._invariants.tasks() if task.is_live
        }
        for gate in self._gates():
            left = {*gate.holders, *gate.waiting, *gate.withdrawn} - live
            must(not left, "S4", f"{sorted(left)} have ended, and are at the gate of {gate.job}")
        tickets = [sk for _, sk in self._table.items if sk.startswith(_TICKET)]
        must(not tickets, "S4", f"there are tickets: {tickets}")
        for execution in self._executions.all.values():
            if execution.spec.machine_arn in OUR_MACHINES and execution.parent is None:
                self._check_status(execution)

    def _check_status(self, execution: Execution) -> None:
        name = execution.spec.name
        item = self._invariants.run(name)
        if item is None:
            return
        shown, was_skipped = item["status"]["S"], name in self.skipped
        must(shown != "QUEUED", "S4", f"{name} shows QUEUED, and its execution is {execution.status}")
        if execution.redrives:
            return  # somebody else's task may look like an attempt of it, as in I2
        must((shown == "SKIPPED") == was_skipped, "S4", f"{name} shows {shown}, and it was skipped: {was_skipped}")

    def _gates(self) -> list[Gate]:
        return [gate for item in self._table.items.values() if item["sk"]["S"] == "GATE" and (gate := _gate(item))]


def _gate(item: Item | None) -> Gate | None:
    stored: Any = item
    return gate_of(stored["pk"]["S"].removeprefix("GATE#"), deserialized(stored)) if item else None
