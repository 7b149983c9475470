"""Every status of a run, by its task and its execution."""

from typing import Any, Final

from fargate_runs.runs.abandoned import reason_of_end
from fargate_runs.runs.run_state import RunRecord, TaskView
from fargate_runs.runs.run_status import RunStatus
from tests.fakes.ecs import RUN_ID
from tests.fakes.records import BADLY, WELL, execution, outcome

PENDING, QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPED, SKIPPED, MISSED = RunStatus

BY_USER = outcome(stopCode="UserInitiated", stoppedReason="Task stopped by user")
FOR_IT = outcome(stopCode="UserInitiated", stoppedReason=reason_of_end(execution("TIMED_OUT")))
TASKS: Final[dict[str, TaskView | None]] = {
    "none": None,
    "live": TaskView("1"),
    "well": TaskView("1", WELL),
    "badly": TaskView("1", BADLY),
    "stopped": TaskView("1", BY_USER),
    "stopped for it": TaskView("1", FOR_IT),
}
OPEN, CLOSED = ("none", "RUNNING", "PENDING_REDRIVE"), ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

# For each task, then for each execution, the status of a run that follows its execution.
STATUS_TABLE: Final[list[tuple[str, str, RunStatus]]] = [
    *(("none", execution, PENDING) for execution in OPEN),
    ("none", "SUCCEEDED", PENDING),
    ("none", "FAILED", FAILED),
    ("none", "TIMED_OUT", FAILED),
    ("none", "ABORTED", STOPPED),
    *(("live", execution, RUNNING) for execution in (*OPEN, *CLOSED)),
    *((ended, execution, RUNNING) for ended in ("well", "badly", "stopped", "stopped for it") for execution in OPEN),
    *(("well", execution, SUCCEEDED) for execution in ("SUCCEEDED", "FAILED", "ABORTED")),
    ("well", "TIMED_OUT", FAILED),
    *(("badly", execution, FAILED) for execution in CLOSED),
    *(("stopped", execution, STOPPED) for execution in ("SUCCEEDED", "FAILED", "ABORTED")),
    ("stopped", "TIMED_OUT", FAILED),
    *(("stopped for it", execution, STOPPED) for execution in ("SUCCEEDED", "ABORTED")),
    *(("stopped for it", execution, FAILED) for execution in ("FAILED", "TIMED_OUT")),
]
# The same of a run that is no execution of this application's machines: its execution does not count.
ALONE: Final[dict[str, RunStatus]] = {
    "none": PENDING,
    "live": RUNNING,
    "well": SUCCEEDED,
    "badly": FAILED,
    "stopped": STOPPED,
    "stopped for it": STOPPED,
}


def run_of(task_name: str, execution_name: str, *, follows: bool = True, **more: Any) -> RunRecord:
    given = None if execution_name == "none" else execution(execution_name)
    return RunRecord(RUN_ID, follows=follows, task=TASKS[task_name], execution=given, **more)
