"""Stops tasks that run longer than their own time limit. Nobody waits for them, so nobody else stops them."""

from collections.abc import Iterable
from datetime import datetime

from fargate_runs.ports import Cluster, OpenTask
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.time_limit import is_past_its_time, reason_of_time_limit
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go


class StopOverdue:
    """A piece of the sweep, for tasks that ECS has just shown with the desired status RUNNING."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(self, listed: Iterable[OpenTask], report: SweepReport, go_on: Go) -> None:
        """Stop the overdue tasks, from the place of an earlier sweep. Raises every error of `go_on`."""
        overdue = {each.task_arn: each for each in listed if self._is_overdue(each.created_at, each.timeout_seconds)}
        for task in report.places.walk("overdue", overdue, go_on):
            report.attempt(self._stop, task.task_arn, task.timeout_seconds, report)

    def look_at(self, task: EcsTask, report: SweepReport, go_on: Go) -> None:
        """The same for a task just described by ECS. Raises ClusterUnavailableError, and every error of `go_on`."""
        is_meant_to_run = not task.has_ended and task.desired_status != "STOPPED"
        if is_meant_to_run and self._is_overdue(task.timeline.created_at, task.timeout_seconds):
            go_on()
            self._stop(task.task_arn, task.timeout_seconds, report)

    def _is_overdue(self, created_at: datetime | None, timeout_seconds: int | None) -> bool:
        """Return whether a task is past its limit. Few tasks have one; the others do not read the time."""
        return timeout_seconds is not None and is_past_its_time(
            created_at, timeout_seconds, self._cluster.answered_at()
        )

    def _stop(self, task_arn: str, timeout_seconds: int | None, report: SweepReport) -> None:
        self._cluster.stop(task_arn, reason_of_time_limit(timeout_seconds or 0))
        report.stopped += 1
