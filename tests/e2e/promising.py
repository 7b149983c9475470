"""What the tests of the promise share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.e2e.conftest import Json, Stack
from tests.waiting import eventually

STAY = ("python", "-c", "import time; time.sleep(600)")
FAIL = ("python", "-c", "raise SystemExit(3)")
WELL = ("python", "-c", "print('{\"rows\": 3}')")
RULES = ("TaskStateChangeRuleArn", "ExecutionStateChangeRuleArn")
#: For what takes several sweeps, on a busy machine.
SWEEPS_SECONDS = 240


@contextlib.contextmanager
def without_events(stack: Stack) -> Iterator[None]:
    """No event of a task or of an execution reaches a function."""
    names = [stack.status.outputs[rule].rpartition("/")[2] for rule in RULES]
    for name in names:
        stack.events.disable_rule(Name=name)
    try:
        yield
    finally:
        for name in names:
            stack.events.enable_rule(Name=name)


def swept(stack: Stack, run_id: str) -> Json:
    """A run's document once a sweep has ended it and shows its tasks.

    A sweep may come while the task still stops; one that reads the lists at that moment finds it in neither, and ends
    the run by its execution alone.
    """

    def probe() -> Json | None:
        stack.sweep()
        return stack.find_ended_run(run_id)

    return eventually(probe, f"the end of {run_id} by the sweep", limit_seconds=SWEEPS_SECONDS)


def is_stopped(stack: Stack, arn: str) -> bool:
    """Whether a task is meant to run no more."""
    (task,) = stack.ecs.describe_tasks(cluster=stack.status.outputs["ClusterArn"], tasks=[arn])["tasks"]
    return task["desiredStatus"] == "STOPPED"
