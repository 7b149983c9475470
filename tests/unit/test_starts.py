"""The table of whether a container of a stopped task has run (fact B46)."""

from dataclasses import dataclass
from typing import Final

import pytest

from fargate_runs.outcomes.starts import FAILED_TO_START, Start, shows_its_run, start_of
from fargate_runs.reading.task import Container
from tests.fakes.ecs import task

RAN, NEVER, UNSURE = Start.RAN, Start.NEVER, Start.UNSURE
STARTED: Final = "2025-05-06T11:02:30Z"
COULD_NOT, TOO_LATE = "CannotStartContainerError: exec: no such file", "DockerTimeoutError: transition to created"
MAY_HAVE, STOPPED = "DockerTimeoutError: transition to started", "CannotStopContainerError: timed out"


@dataclass(frozen=True)
class Case:
    """A container beside others in a stopped task."""

    container: Container
    start: Start
    others: tuple[Container, ...] = ()
    started_at: str | None = None
    stop_code: str | None = None
    reason: str | None = None


def one(exit_code: int | None = None, **more: object) -> Container:
    return Container("main", exit_code, **more)  # type: ignore[arg-type]


BARE = one()
OTHER, ENDED, HELD = Container("other"), Container("other", 0), Container("other", has_runtime=True)

CASES: Final[dict[str, Case]] = {
    # ---- the container's own words and code come first ----
    "could not be started, whatever its code": Case(one(127, reason=COULD_NOT), NEVER, started_at=STARTED),
    "an exit code": Case(one(0), RAN),
    "an exit code in a failed start": Case(one(3), RAN, stop_code=FAILED_TO_START),
    "could not be stopped": Case(one(reason=STOPPED), RAN),
    "may have started": Case(one(reason=MAY_HAVE), UNSURE),
    "was not made in time": Case(one(reason=TOO_LATE), NEVER),
    # ---- a task that has started ----
    "of a started task": Case(BARE, RAN, started_at=STARTED),
    "of a started task, may have started": Case(one(reason=MAY_HAVE), RAN, started_at=STARTED),
    "pending in a started task": Case(one(last_status="PENDING"), NEVER, started_at=STARTED),
    "pending in a started task, with a runtime": Case(
        one(last_status="PENDING", has_runtime=True), NEVER, started_at=STARTED
    ),
    "without a runtime beside one without": Case(BARE, RAN, (OTHER,), STARTED),
    "without a runtime beside one with it": Case(BARE, NEVER, (HELD,), STARTED),
    "with a runtime beside one without": Case(one(has_runtime=True), RAN, (OTHER,), STARTED),
    # ---- the task never was running: its own reason may be the container's ----
    "the task's reason says that its only one ran": Case(BARE, RAN, reason=STOPPED),
    "the same in a failed start": Case(BARE, RAN, stop_code=FAILED_TO_START, reason=STOPPED),
    "the task's reason says that one of two ran": Case(BARE, UNSURE, (OTHER,), reason=STOPPED),
    "the same in a failed start of two": Case(BARE, UNSURE, (OTHER,), stop_code=FAILED_TO_START, reason=STOPPED),
    "the task's reason says that it may have": Case(BARE, UNSURE, stop_code=FAILED_TO_START, reason=MAY_HAVE),
    "a failed start": Case(BARE, NEVER, stop_code=FAILED_TO_START),
    "a failed start that says why": Case(BARE, NEVER, stop_code=FAILED_TO_START, reason=COULD_NOT),
    "a failed start of one that was seen to run": Case(one(last_status="RUNNING"), NEVER, stop_code=FAILED_TO_START),
    "nobody says anything": Case(BARE, UNSURE),
    "nobody says anything of two": Case(BARE, UNSURE, (OTHER,)),
    "it waited for one that ended": Case(BARE, NEVER, (ENDED,)),
    "it was seen to run beside one that ended": Case(one(last_status="RUNNING"), UNSURE, (ENDED,)),
    "it was seen to run": Case(one(last_status="RUNNING"), UNSURE),
}


@pytest.mark.parametrize("name", CASES)
def test_whether_it_has_run(name: str) -> None:
    case = CASES[name]
    stopped = task(startedAt=case.started_at, stopCode=case.stop_code, stoppedReason=case.reason)
    for counted in ([case.container, *case.others], [*case.others, case.container]):
        assert start_of(case.container, stopped, counted) is case.start


@pytest.mark.parametrize(
    ("container", "shows"),
    [
        (BARE, False),
        (one(has_runtime=True), True),
        (one(last_status="RUNNING"), True),
        (one(last_status="PENDING"), False),
        (one(last_status="STOPPED"), False),
    ],
)
def test_what_shows_its_run(container: Container, shows: bool) -> None:
    assert shows_its_run(container) is shows
