"""A handler dies at any call and no event comes again; then ECS forgets, and only the records are left.

The sweeps after it are those of one warm process, which remembers what it has done, and the first of them reads an
index that is behind. However it was, in the end every task has its outcome, every token is closed, no replaced
attempt runs on, and nothing is open any more (invariants L1, L2, L4, L5; faults F04, F07, F08, F16, F18, F20).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import count
from typing import Final

import pytest

from fargate_runs.ports import OpenItem, OpenRun, OpenTask
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.sweep.sweep import Sweep
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TOKEN, Detail, container, life, task_arn
from tests.fakes.settling import World
from tests.fakes.traps import CrashError, Trap

RUNS, ENDED = 2, 4  # states of a life
ENOUGH: Final = 14  # ten sweeps until a task is lost, and two more than a dead one holds up
SOON: Final = 4  # nothing is lost any more, and one that died holds up the next for a while
SECOND_TOKEN: Final = "second-token"
OF_OTHERS: Final = EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses")
SYNC: Final = EXECUTION_ARN.replace("run-task-callback", "run-task-sync")
REQUEST_RESPONSE: Final = EXECUTION_ARN.replace("run-task-callback", "run-task")

#: What the environment of a task says of it, besides its token: kind -> RUN_ID, RUN_EXECUTION_ARN, has a token.
KINDS: Final[dict[str, tuple[str | None, str | None, bool]]] = {
    "callback": (RUN_ID, EXECUTION_ARN, True),
    "sync": (RUN_ID, SYNC, False),
    "request-response": (RUN_ID, REQUEST_RESPONSE, False),
    "callback of others": (RUN_ID, OF_OTHERS, True),
    "token alone": (None, None, True),
    "run id alone": (RUN_ID, None, False),
    "nothing": (None, None, False),
}


class Behind(StrEnum):
    """What the sweeps of a story read of the open index as it was a step before: each item comes there by itself."""

    NOTHING = "index"
    TASKS = "tasks behind"
    RUNS = "runs behind"
    ALL = "index behind"


@dataclass
class Story:
    """Two attempts of one run, or two runs where nothing says that they are one, and what is told of them.

    `hears` is whether the events of a step come; `behind` is the sweeps' index.
    """

    kind: str
    world: World = field(default_factory=World)
    hears: bool = True
    behind: Behind = Behind.NOTHING
    died: bool = False

    def __post_init__(self) -> None:
        self.run_id, self.execution_arn, has_token = KINDS[self.kind]
        self.tokens = (TOKEN, SECOND_TOKEN) if has_token else (None, None)
        self.world.callbacks.open = set(filter(None, self.tokens))
        self.sweep: Sweep = self.world.sweep()  # one warm process
        self.execution(ExecutionStatus.RUNNING)
        self._true_index = self.world.store.open_items
        self._index_before: list[OpenItem] = []
        self.world.store.open_items = self._index  # type: ignore[method-assign]

    def _index(self) -> Iterator[OpenItem]:
        runs = self._index_before if self.behind in {Behind.RUNS, Behind.ALL} else list(self._true_index())
        tasks = self._index_before if self.behind in {Behind.TASKS, Behind.ALL} else list(self._true_index())
        yield from (each for each in tasks if isinstance(each, OpenTask))
        yield from (each for each in runs if isinstance(each, OpenRun))

    def do(self, step: "Step", *, hears: bool, behind: Behind) -> None:
        """One step. Where the process dies in it, nothing is done again."""
        self.hears, self.behind = hears, behind
        now = list(self._true_index())
        try:
            step(self)
        except CrashError:
            self.died = True
        if step is not Story.is_swept:
            self._index_before = now
        self.behind = Behind.NOTHING

    def state(self, attempt: int, at: int) -> Detail:
        """The state of an attempt's task: 0 to 4, PROVISIONING to STOPPED. The first one ends badly."""
        said = {
            "RUN_ID": self.run_id,
            "RUN_EXECUTION_ARN": self.execution_arn,
            "TASK_TOKEN": self.tokens[attempt - 1],
        }
        environment = [{"name": name, "value": value} for name, value in said.items() if value]
        more: Detail = {
            "taskArn": task_arn(str(attempt) * 32),
            "createdAt": f"2025-05-06T11:0{attempt}:00Z",
            "overrides": {"containerOverrides": [{"name": "main", "environment": environment}]},
        }
        if at == ENDED:
            more["containers"] = [container("main", 2 - attempt)]
        return {**life()[at], **more}

    def execution(self, status: ExecutionStatus) -> None:
        """Step Functions says so of the execution, where one is known at all, and no event does."""
        if self.execution_arn:
            stopped = None if status is ExecutionStatus.RUNNING else self.world.clock.now()
            self.world.executions.show(Execution(self.execution_arn, status, started_at=NOON, stopped_at=stopped))

    # ---- what happens, one step after the other ------------------------------------------------------------------

    def first_runs(self) -> None:
        """Its first attempt."""
        self._told(1, RUNS)

    def second_runs(self) -> None:
        """After a time-out: the first token is closed, its task runs on."""
        if self.tokens[0]:
            self.world.callbacks.close(self.tokens[0])
        self._told(2, RUNS)

    def second_ends(self) -> None:
        """Well."""
        self._told(2, ENDED)

    def first_ends(self) -> None:
        """Badly, and too late."""
        self._told(1, ENDED)

    def is_swept(self) -> None:
        """A minute later, by the same process."""
        self.world.clock.pass_by(timedelta(minutes=1))
        self.sweep("owner", 600.0)

    def _told(self, attempt: int, at: int) -> None:
        state = self.state(attempt, at)
        self.world.cluster.show(state)
        if self.hears:
            self.world.use_case(EcsTask.from_detail(state))

    # ---- how it ends ---------------------------------------------------------------------------------------------

    def ecs_forgets(self) -> None:
        """Hours go by without any event or sweep."""
        self.world.clock.pass_by(timedelta(hours=3))
        self.world.cluster.tasks.clear()
        self.sweeps(ENOUGH)

    def the_execution_ends(self) -> None:
        """And no event tells of that either."""
        for token in filter(None, self.tokens):
            self.world.callbacks.close(token)
        self.execution(ExecutionStatus.SUCCEEDED)
        self.world.clock.pass_by(timedelta(hours=3))
        self.sweeps(SOON)

    def sweeps(self, number: int) -> None:
        """So many, and none dies."""
        for _ in range(number):
            self.is_swept()


Step = Callable[[Story], None]
STEPS: Final[tuple[Step, ...]] = (
    Story.first_runs,
    Story.is_swept,
    Story.second_runs,
    Story.is_swept,
    Story.second_ends,
    Story.first_ends,
)


def told(kind: str, steps: Sequence[Step], death: tuple[int, int], unheard: set[int], *, behind: Behind) -> Story:
    """The story with a death in one of its steps: in the step with this number, before the call with that one."""
    story = Story(kind)
    trap = Trap(story.world)
    for number, step in enumerate(steps):
        trap.at = len(trap.names) + death[1] if number == death[0] else -1
        story.do(step, hears=number not in unheard, behind=behind)
    return story


def deaths(kind: str, steps: Sequence[Step], unheard: set[int], *, behind: Behind) -> Iterator[Story]:
    """The story once for each call of each step, as long as there are calls to die at.

    Dying after a call is dying before the next one: between the two nothing happens that lasts.
    """
    for number in range(len(steps)):
        for at in count():
            story = told(kind, steps, (number, at), unheard, behind=behind)
            if not story.died:
                break
            yield story


UNHEARD: Final[tuple[set[int], ...]] = (set(), {2}, {5}, {0, 4}, {2, 4, 5})


@pytest.mark.parametrize("behind", [Behind.NOTHING, Behind.ALL])
@pytest.mark.parametrize("unheard", UNHEARD, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_everything_ends(kind: str, unheard: set[int], behind: Behind) -> None:
    stories = 0
    for story in deaths(kind, STEPS, unheard, behind=behind):
        stories += 1
        story.ecs_forgets()
        check_settled(story)
        story.the_execution_ends()
        check_settled(story)
        assert list(story.world.store.open_items()) == []
    assert stories > 10


def check_settled(story: Story) -> None:
    """Each task has one outcome and its token that answer or another; a run shows it once it has ended."""
    store = story.world.store
    for (run_id, task_id), record in store.tasks.items():
        assert record.outcome is not None
        assert not record.is_open
        assert len({each.outcome for each in store.writes if each.task_id == task_id and each.outcome}) == 1
        token = story.tokens[int(task_id[0]) - 1]
        assert token is None or token in story.world.callbacks.closed
        check_shown(story, store.runs[run_id])


def check_shown(story: Story, run: RunRecord) -> None:
    """While its execution goes on a run is RUNNING, whatever became of its task."""
    tasks = [task_id for run_id, task_id in story.world.store.tasks if run_id == run.run_id]
    newest = story.world.store.tasks[run.run_id, max(tasks)]
    assert run.has_ended or run.follows
    if run.has_ended:
        assert (run.newest_task_id, run.outcome) == (newest.task_id, newest.outcome)


@pytest.mark.parametrize("behind", Behind)
@pytest.mark.parametrize("unheard", UNHEARD, ids=str)
@pytest.mark.parametrize("kind", ["callback", "callback of others"])
def test_the_replaced_attempt_is_stopped(kind: str, unheard: set[int], behind: Behind) -> None:
    """In the sweeps that follow, and without waiting for the end of the execution."""
    for story in deaths(kind, STEPS[:-1], unheard, behind=behind):
        story.sweeps(SOON)
        assert task_arn("1" * 32) in {arn for arn, _ in story.world.cluster.stops}


@pytest.mark.parametrize("behind", Behind)
@pytest.mark.parametrize("unheard", UNHEARD, ids=str)
@pytest.mark.parametrize("kind", ["callback", "callback of others"])
def test_it_is_stopped_after_the_run_has_ended_too(kind: str, unheard: set[int], behind: Behind) -> None:
    """Without the grace that a task has whose token was answered."""
    for story in deaths(kind, STEPS[:-1], unheard, behind=behind):
        story.world.callbacks.close(SECOND_TOKEN)
        story.execution(ExecutionStatus.SUCCEEDED)
        story.sweeps(SOON)
        assert task_arn("1" * 32) in {arn for arn, _ in story.world.cluster.stops}
