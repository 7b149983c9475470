"""Processes that sweep, one part of the sweep each, on twins in memory."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

from fargate_runs.answers.answer import Failure
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.ports import OpenRun, OpenTask, TaskList
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import FollowedMachines, Pattern, SweptMachines, execution_arn
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES, EcsTask
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import with_execution
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import SweepTasks
from tests.fakes.attempts import running
from tests.fakes.ecs import (
    EVERY_MACHINE,
    EXECUTION_ARN,
    MACHINES,
    RUN_ID,
    TASK_ID,
    TOKEN,
    Detail,
    detail,
    overrides,
    task_arn,
)
from tests.fakes.records import execution, pending_run
from tests.fakes.settling import World

OTHERS_ARN: Final = EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses")
MINUTE: Final = timedelta(minutes=1)


class EnoughError(Exception):
    """It is not to go on."""


class GoOn:
    """Whether to go on, as a sweep asks it: counts how often, and the `stops_at`th time it is not."""

    def __init__(self, stops_at: int | None = None, error: type[Exception] = EnoughError) -> None:
        self.asked = 0
        self._stops_at = stops_at
        self._error = error

    def __call__(self) -> None:
        self.asked += 1
        if self.asked == self._stops_at:
            raise self._error


class Sweeping(World):
    """What is open, by the records as they are then."""

    def open_tasks(self) -> dict[str, OpenTask]:
        return {each.task_arn: each for each in self.store.open_items() if isinstance(each, OpenTask)}

    def open_runs(self) -> list[OpenRun]:
        return [each for each in self.store.open_items() if isinstance(each, OpenRun)]

    def count_reads_of_runs(self) -> list[str]:
        """The ids of the runs that are read by `find_run` or `find_runs` from here on, as they are read."""
        reads: list[str] = []
        find, find_many = self.store.find_run, self.store.find_runs

        def counted_many(run_ids: Collection[str]) -> Mapping[str, RunRecord]:
            reads.extend(run_ids)
            return find_many(run_ids)

        self.store.find_runs = counted_many  # type: ignore[method-assign]

        def counted(run_id: str) -> RunRecord | None:
            reads.append(run_id)
            return find(run_id)

        self.store.find_run = counted  # type: ignore[method-assign]
        return reads

    def record(self, of: Detail, verdict: Outcome | None = None) -> None:
        """The handler of this detail died after its one write, which is the outcome if there is a verdict."""
        seen = TaskRecord.of(EcsTask.from_detail(of), Pattern.CALLBACK, None)
        self.store.write_task(seen.ended(verdict, NO_RESULT) if verdict else seen)


class SweepingTasks(Sweeping):
    """`sweep_tasks` is one sweep's part on tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.part = self.new_process()

    def new_process(self) -> SweepTasks:
        return SweepTasks(self.store, self.cluster, self.use_case, DEFAULT_TOKEN_VARIABLES)

    def sweep_tasks(self, *, without_runs: bool = False) -> SweepReport:
        report = SweepReport()
        self.part(self.open_tasks(), [] if without_runs else self.open_runs(), report, GoOn())
        return report

    def miss(self, sweeps: int, told: Detail | None = None) -> None:
        """So many sweeps find a task nowhere that an event has told of."""
        self.settle(told or running())
        for _ in range(sweeps):
            self.sweep_tasks()

    def failure(self) -> str:
        """The name of the error that the token was answered with."""
        answer = self.callbacks.answers[TOKEN]
        assert isinstance(answer, Failure)
        return answer.error

    def end_run_failed(self) -> None:
        """Unseen by the cluster's part: the end of the execution is noted before the task is seen again."""
        ended = self.close(ExecutionStatus.FAILED)
        fold_run(self.store, RUN_ID, lambda run: with_execution(run, ended, Pattern.CALLBACK))

    def described(self) -> int:
        """How many calls of DescribeTasks there were."""
        return self.cluster.calls.count("describe")

    def stopped(self) -> list[str]:
        """The ARNs of what was told to stop, in that order."""
        return [arn for arn, _ in self.cluster.stops]


class SweepingExecutions(Sweeping):
    """`sweep_executions` is one sweep's part on executions."""

    def __init__(self) -> None:
        super().__init__()
        self.seen_until: datetime | None = None
        self.places = Places()
        self.part = self.new_process()

    def new_process(self, *, followed: FollowedMachines = EVERY_MACHINE) -> SweepExecutions:
        return SweepExecutions(
            self.store,
            self.executions,
            self.executions,
            self.note,
            self.use_case,
            self.clock,
            SweptMachines(MACHINES, followed),
        )

    def sweep_executions(self) -> SweepReport:
        report = SweepReport(seen_until=self.seen_until, places=self.places)
        self.part(self.open_tasks().values(), self.open_runs(), report, GoOn())
        self.seen_until = report.seen_until
        return report

    def show(self, status: str, name: str = RUN_ID, *, pattern: Pattern = Pattern.CALLBACK, **more: Any) -> Execution:
        """Step Functions says this from now on; no event tells of it."""
        arn = execution_arn(MACHINES.arn_of(pattern), name)
        seen = execution(status, arn=arn, **more)
        closed_now = seen.is_closed and "stopped_at" not in more
        return self.executions.show(replace(seen, stopped_at=self.clock.now()) if closed_now else seen)

    def accept(self, **changes: Any) -> RunRecord:
        """The API records a run that it is about to start."""
        run = pending_run(**changes)
        self.store.write_run(run)
        return run

    def run(self, name: str = RUN_ID) -> RunRecord:
        return self.store.runs[name]


def other(number: int, **changes: object) -> Detail:
    """One of many tasks of another kind: no RUN_ID, no token."""
    return detail(taskArn=task_arn(f"{number:032x}"), overrides={"containerOverrides": [{"name": "main"}]}, **changes)


def of_execution(arn: str, task_id: str = TASK_ID, **changes: object) -> Detail:
    """A task that runs, of this execution."""
    given = overrides()
    given["containerOverrides"][-1]["environment"][1]["value"] = arn
    return running(taskArn=task_arn(task_id), overrides=given, **changes)


def no_lists(_which: TaskList) -> Iterator[Sequence[str]]:
    """In place of ECS's lists: they are behind, and show nothing."""
    return iter([[]])


def counts(report: SweepReport) -> dict[str, object]:
    """What is not zero."""
    return {name: value for name, value in report.as_json().items() if value}


def raises(error: Exception) -> Callable[..., NoReturn]:
    """In place of a call that fails."""

    def call(*_args: object) -> NoReturn:
        raise error

    return call


def a_run(number: int, **changes: object) -> Detail:
    """A task with a token and a run of its own."""
    name = f"run-{number:03d}"
    given = overrides(run_id=name, token=f"t{number}")
    given["containerOverrides"][-1]["environment"][1]["value"] = EXECUTION_ARN.replace(RUN_ID, name)
    return detail(taskArn=task_arn(f"{number:032x}"), overrides=given, **changes)
