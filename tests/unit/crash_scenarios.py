"""What is done when a process dies or a call fails: what stands before, the act, and the end that it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_state import RunRecord
from tests.fakes.attempts import SECOND, SECOND_ID, SECOND_TOKEN, attempt, running
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TASK_ID, TOKEN, Detail, container, detail, task, task_arn
from tests.fakes.records import BADLY, execution
from tests.fakes.settling import World

EARLIER_ID: Final = "e" * 32
EARLIER: Final = attempt(EARLIER_ID, token="earlier-token", created_at="2025-05-06T11:01:00Z")
ENDED_BADLY: Final = detail(containers=[container("main", 3)])
Act = Callable[[World], object]


@dataclass(frozen=True)
class End:
    """The runs' statuses, how many tokens were answered, the tasks that were stopped, how many items are open."""

    runs: Mapping[str, str]
    answered: int = 0
    stopped: tuple[str, ...] = ()
    still_open: int = 0

    @classmethod
    def of(cls, world: World) -> "End":
        return cls(
            {name: run.status.value for name, run in world.store.runs.items()},
            len(world.callbacks.answers),
            tuple(sorted({arn.rpartition("/")[2] for arn, _ in world.cluster.stops})),
            len(list(world.store.open_items())),
        )


def end(status: str, *, answered: int = 0, stopped: tuple[str, ...] = (), still_open: int = 0) -> End:
    """Of the one run."""
    return End({RUN_ID: status}, answered, stopped, still_open)


@dataclass(frozen=True)
class Scenario:
    """An end by itself, and one after sweeps if they change anything. `heals_alone`: doing it again is enough."""

    before: Callable[[World], None]
    act: Act
    end: End
    after_sweeps: End | None = None
    heals_alone: bool = True


def sweep(world: World) -> None:
    """By a new process, a minute after the one before."""
    world.clock.pass_by(timedelta(minutes=1))
    world.sweep()("owner", 600.0)


def settles(of: Detail) -> Act:
    def act(world: World) -> object:
        world.cluster.show(of)
        return world.settle(of)

    return act


def notes(status: str) -> Act:
    return lambda world: world.note(execution(status))


def shown(world: World, *details: Detail) -> None:
    """ECS says so, and an event has told of it."""
    for each in details:
        world.cluster.show(each)
        world.settle(each)


def nothing(_world: World) -> None:
    pass


def runs(world: World) -> None:
    """The execution runs, as recorded."""
    world.note(world.executions.show(execution("RUNNING")))


def a_task_that_runs(world: World) -> None:
    runs(world)
    shown(world, running())


def a_token_that_others_closed(world: World) -> None:
    a_task_that_runs(world)
    world.callbacks.close(TOKEN)


def an_end_before_the_first_event(world: World) -> None:
    runs(world)
    world.note(world.executions.show(execution("ABORTED")))


def a_task_that_is_not_shown(world: World) -> None:
    """The handler of its first event died between its two writes, and so did that of the end of its execution."""
    world.store.write_task(TaskRecord.of(task(**running()), Pattern.CALLBACK, None))
    world.cluster.show(running())
    an_execution("ABORTED")(world)


def an_undelivered_outcome(world: World) -> None:
    runs(world)
    world.store.write_task(TaskRecord.of(task(**ENDED_BADLY), Pattern.CALLBACK, None).ended(BADLY, NO_RESULT))
    world.cluster.show(ENDED_BADLY)


def two_replaced_attempts(world: World) -> None:
    runs(world)
    shown(world, running(**EARLIER), running())
    world.callbacks.close("earlier-token")
    world.callbacks.close(TOKEN)
    world.callbacks.open.add(SECOND_TOKEN)
    world.cluster.stops.clear()


def two_replaced_attempts_and_a_third(world: World) -> None:
    two_replaced_attempts(world)
    world.cluster.show(running(**SECOND))


def an_execution(status: str) -> Callable[[World], None]:
    """Step Functions says so, and no event has told of it."""

    def before(world: World) -> None:
        world.executions.show(execution(status))

    return before


def a_task_that_has_ended(world: World) -> None:
    shown(world, detail())
    an_execution("SUCCEEDED")(world)


def a_second_attempt(world: World) -> None:
    """Attempt 1's STOPPED comes after attempt 2 has started (fault F20)."""
    a_token_that_others_closed(world)
    world.callbacks.open.add(SECOND_TOKEN)
    shown(world, running(**SECOND))
    world.cluster.stops.clear()


def two_tasks_left_behind(world: World) -> None:
    runs(world)
    world.callbacks.open.add(SECOND_TOKEN)
    shown(world, running(), running(**SECOND))
    an_execution("ABORTED")(world)


def a_redrive(world: World) -> None:
    """The first attempt has failed; the execution was redriven and has a new task (fault F19)."""
    runs(world)
    shown(world, ENDED_BADLY)
    world.callbacks.open.add(SECOND_TOKEN)
    world.note(world.executions.show(execution("RUNNING", redrive_count=1)))
    shown(world, running(**SECOND))


def everything_lost(world: World) -> None:
    """No event came: neither of the end of a task and its execution nor of an execution that came and went."""
    a_task_that_runs(world)
    world.cluster.show(ENDED_BADLY)
    an_execution("FAILED")(world)
    world.executions.show(execution("ABORTED", arn=EXECUTION_ARN + "-by-hand"))
    world.executions.show(execution("RUNNING", arn=EXECUTION_ARN + "-young"))


def a_task_that_ecs_forgot(world: World) -> None:
    a_task_that_runs(world)
    world.cluster.forget(task_arn())


def a_run_that_never_started(world: World) -> None:
    world.store.write_run(RunRecord(RUN_ID, NOON, Pattern.CALLBACK, EXECUTION_ARN, follows=True))


BOTH_REPLACED: Final = end("RUNNING", stopped=(TASK_ID, EARLIER_ID), still_open=4)
BOTH_LEFT_BEHIND: Final = end("RUNNING", stopped=(TASK_ID, SECOND_ID), still_open=3)
ANSWERED: Final = end("RUNNING", answered=1, still_open=1)

OF_TASKS: Final = {
    "first seen": Scenario(runs, settles(running()), end("RUNNING", still_open=2)),
    "ended well": Scenario(a_task_that_runs, settles(detail()), ANSWERED),
    "ended badly": Scenario(a_task_that_runs, settles(ENDED_BADLY), ANSWERED),
    "ended, and no event before": Scenario(nothing, settles(ENDED_BADLY), ANSWERED),
    "ended, and its token is closed": Scenario(
        a_token_that_others_closed, settles(ENDED_BADLY), end("RUNNING", still_open=1)
    ),
    "decided and not delivered": Scenario(an_undelivered_outcome, settles(ENDED_BADLY), ANSWERED),
    "first seen after the end of its execution": Scenario(
        an_end_before_the_first_event, settles(running()), end("RUNNING", stopped=(TASK_ID,), still_open=2)
    ),
    "a retry": Scenario(two_replaced_attempts, settles(running(**SECOND)), BOTH_REPLACED, heals_alone=False),
    "an attempt before the newest one has ended": Scenario(
        a_second_attempt, settles(ENDED_BADLY), end("RUNNING", still_open=2)
    ),
}
OF_EXECUTIONS: Final = {
    "has started": Scenario(an_execution("RUNNING"), notes("RUNNING"), end("PENDING", still_open=1)),
    "has ended after its task": Scenario(a_task_that_has_ended, notes("SUCCEEDED"), end("SUCCEEDED", answered=1)),
    "was aborted before it had a task": Scenario(an_execution("ABORTED"), notes("ABORTED"), end("STOPPED")),
    "was aborted and leaves two tasks": Scenario(two_tasks_left_behind, notes("ABORTED"), BOTH_LEFT_BEHIND),
    "the end of before a redrive comes late": Scenario(
        a_redrive, notes("FAILED"), end("RUNNING", answered=1, still_open=2)
    ),
}
# A sweep: what stands before, its end, and the one after more sweeps.
OF_SWEEPS: Final[dict[str, tuple[Callable[[World], None], End, End | None]]] = {
    "everything was lost": (
        everything_lost,
        End({RUN_ID: "FAILED", f"{RUN_ID}-by-hand": "STOPPED", f"{RUN_ID}-young": "PENDING"}, 1, still_open=1),
        None,
    ),
    "two tasks outlive their execution": (two_tasks_left_behind, BOTH_LEFT_BEHIND, None),
    "a task that is not shown": (
        a_task_that_is_not_shown,
        end("RUNNING", stopped=(TASK_ID,), still_open=2),
        None,
    ),
    "an outcome that was not delivered": (an_undelivered_outcome, ANSWERED, None),
    "a task that ECS does not know": (a_task_that_ecs_forgot, end("RUNNING", still_open=2), ANSWERED),
    "a run that never started": (a_run_that_never_started, end("PENDING", still_open=1), end("FAILED")),
    "replaced attempts": (two_replaced_attempts_and_a_third, BOTH_REPLACED, None),
}
SCENARIOS: Final[dict[str, Scenario]] = {
    **{f"task: {name}": scenario for name, scenario in OF_TASKS.items()},
    **{f"execution: {name}": scenario for name, scenario in OF_EXECUTIONS.items()},
    **{
        f"sweep: {name}": Scenario(before, sweep, first, later, heals_alone=False)
        for name, (before, first, later) in OF_SWEEPS.items()
    },
}
ALONE: Final = [name for name, scenario in SCENARIOS.items() if scenario.heals_alone]
