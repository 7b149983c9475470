"""One sweep: take the turn, read what is open, compare it with ECS and with Step Functions, and say what was done.

Nothing of it needs what an earlier sweep did: it may be done twice at once and die anywhere. Whatever needs more than
a sweep has is left to the next one.
"""

from contextlib import suppress

from fargate_runs.ports import Clock, OpenRun, OpenTask, RunStore
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import SweepTasks
from fargate_runs.usecases.sweep.turn import OutOfTurnError, Turn, take_turn


class Sweep:
    """The use case."""

    def __init__(self, store: RunStore, tasks: SweepTasks, executions: SweepExecutions, clock: Clock) -> None:
        self._store = store
        self._tasks = tasks
        self._executions = executions
        self._clock = clock

    def __call__(self, owner: str, seconds: float) -> SweepReport:
        """Sweep for at most so many seconds.

        Raises StoreUnavailableError before anything was looked at, and what nobody foresaw after all the others.
        """
        turn = take_turn(self._store, self._clock, owner, seconds)
        if turn is None:
            return SweepReport(is_skipped=True)
        report = SweepReport(seen_until=turn.seen_until)
        with suppress(OutOfTurnError):
            report.attempt(lambda: self._sweep(turn, report))
        report.attempt(lambda: turn.end(report.seen_until))
        if report.unforeseen:
            raise report.unforeseen
        return report

    def _sweep(self, turn: Turn, report: SweepReport) -> None:
        tasks: dict[str, OpenTask] = {}
        runs: list[OpenRun] = []
        for item in self._store.open_items():
            if isinstance(item, OpenTask):
                tasks[item.task_arn] = item
            elif isinstance(item, OpenRun):
                runs.append(item)
            else:
                report.unreadable_records += 1
        report.open_tasks, report.open_runs = len(tasks), len(runs)
        report.attempt(
            lambda: self._tasks(tasks, runs, report, turn.go_on)
        )  # where ECS gives no lists, Step Functions may
        report.attempt(lambda: self._executions(tasks.values(), runs, report, turn.go_on))
        report.is_complete = True
