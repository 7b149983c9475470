"""The outcome table, row by row, and which row wins where several apply."""

from datetime import timedelta

import pytest

from fargate_runs.outcomes.evidence import Evidence
from fargate_runs.outcomes.kinds import KINDS, ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import lost, outcome_of
from fargate_runs.outcomes.rules import RULES
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import GRACE
from tests.fakes.ecs import GUARD_DUTY, Detail, container, detail, failed_start, task
from tests.fakes.endings import (
    ABORTED,
    ALIEN,
    DISK_FULL,
    ENDINGS,
    GAVE_UP,
    INSPECT,
    NOT_MADE,
    NOT_RUNNING_YET,
    NOT_STARTED,
    OOM,
    PULL_FAILED,
    SPOT,
    START_TIMED_OUT,
    WINDOWS_STOP,
)
from tests.fakes.uncertain_endings import UNCERTAIN_ENDINGS

CASES = {**ENDINGS, **UNCERTAIN_ENDINGS}


@pytest.mark.parametrize("case", CASES)
def test_outcome(case: str) -> None:
    given, expected = CASES[case]
    outcome = outcome_of(task(**{**dict.fromkeys(detail()), **given}))
    assert outcome is not None
    assert (outcome.error or outcome.status) == expected
    assert outcome.status is (KINDS[outcome.error].status if outcome.error else OutcomeStatus.SUCCEEDED)
    may_pass = not case.startswith("no space left") and outcome.error is not None and KINDS[outcome.error].transient
    assert outcome.transient is may_pass
    assert outcome.stopped_reason == given.get("stoppedReason")
    assert "{" not in outcome.summary + outcome.advice
    assert outcome.advice or outcome.succeeded


@pytest.mark.parametrize(
    "status", ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "STOPPING", "DEPROVISIONING", "x"]
)
def test_only_stopped_ends_a_task(status: str) -> None:
    assert outcome_of(task(lastStatus=status)) is None
    warned = task(lastStatus=status, stopCode="SpotInterruption", stoppedReason=SPOT)
    assert outcome_of(warned) is None


def test_every_error_is_given_by_some_case() -> None:
    given = {expected for _, expected in CASES.values()}
    assert {*ErrorName} - given == {ErrorName.LOST}


def test_every_rule_decides_some_case() -> None:
    decided = set()
    for given, _ in CASES.values():
        evidence = Evidence.of(task(**{**dict.fromkeys(detail()), **given}), None)
        decided.add(next(n for n, rule in enumerate(RULES) if rule.applies(evidence)))
    assert decided == set(range(len(RULES)))


def test_main_container_can_be_named_from_outside() -> None:
    two = task(**ALIEN, containers=[container("main", 0), container("side", 2)])
    named = outcome_of(two, main_container="main")
    assert named is not None
    assert named.succeeded


def test_an_injected_container_is_never_the_main_one() -> None:
    outcome = outcome_of(task(**ALIEN, containers=[container(exit_code=3)]), main_container=GUARD_DUTY)
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("main", 3)


def test_the_sidecar_is_named_and_the_main_exit_code_given() -> None:
    outcome = outcome_of(task(containers=[container("main", 143), container("side", 2)]))
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("main", 143)
    assert "side exited with code 2" in outcome.summary
    assert "log of side" in outcome.advice


def test_the_container_that_starved_is_named() -> None:
    outcome = outcome_of(task(containers=[container("side", 137, OOM), container("main", 143)]))
    assert outcome is not None
    assert outcome.summary.startswith("Container side was killed")


@pytest.mark.parametrize(
    "reason",
    [ABORTED, ABORTED.replace("which was managing", "managing").replace("was aborted", "ended: FAILED"), GAVE_UP],
)
@pytest.mark.parametrize("containers", [[container(exit_code=143)], [container(exit_code=None, reason=PULL_FAILED)]])
def test_a_stop_by_step_functions_says_why_in_the_words_of_the_task(reason: str, containers: list[Detail]) -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason=reason, containers=containers))
    assert outcome is not None
    assert outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS
    assert outcome.summary.endswith(f": {reason}")


def test_the_advice_after_a_stop_by_step_functions_knows_the_grace() -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason=ABORTED))
    assert outcome is not None
    assert "five minutes" in outcome.advice
    assert timedelta(minutes=5) == GRACE


def test_a_task_without_a_reason_says_that_ecs_gave_none() -> None:
    outcome = outcome_of(EcsTask.from_detail(failed_start(None)))
    assert outcome is not None
    assert outcome.summary == "The task failed to start: ECS gave no reason"


def test_braces_in_a_reason_are_only_text() -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason="{container} {0} {nope!r}"))
    assert outcome is not None
    assert "{container} {0} {nope!r}" in outcome.summary


def test_lost() -> None:
    outcome = lost("main")
    assert (outcome.error, outcome.status, outcome.transient) == (ErrorName.LOST, OutcomeStatus.FAILED, False)


NOTHING_RAN = "Nothing of your code has run"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (failed_start(NOT_STARTED), True),
        (failed_start(None, containers=[container(exit_code=128, reason=NOT_STARTED)]), True),
        (failed_start(None, containers=[container(reason=START_TIMED_OUT)]), False),
        (failed_start(START_TIMED_OUT), False),
        (failed_start(NOT_MADE), True),
        (failed_start(None, containers=[container(reason=NOT_MADE)]), True),
        (failed_start(INSPECT, containers=[container(), container("side")]), False),
        (failed_start(None, containers=[container(), container("side", 143)]), False),
        (failed_start(None, containers=[]), True),
        (failed_start(None, containers=[], startedAt="2025-05-06T11:02:31Z"), False),
        (failed_start(None, containers=[], startedAt="<redacted>"), False),
        (failed_start(INSPECT, containers=[]), False),
        (failed_start(START_TIMED_OUT, containers=[]), False),
        (failed_start(NOT_MADE, containers=[]), True),
    ],
)
def test_a_failed_start_says_that_nothing_ran_only_where_that_is_known(given: Detail, said: bool) -> None:
    outcome = outcome_of(task(**{**dict.fromkeys(detail()), **given}))
    assert outcome is not None
    assert outcome.error is ErrorName.FAILED_TO_START
    assert (NOTHING_RAN in outcome.advice) is said


@pytest.mark.parametrize(
    "trace",
    [
        {"runtimeId": "a-1"},
        {"networkBindings": [{"containerPort": 80, "hostPort": 32768}]},
        {"managedAgents": [{"name": "ExecuteCommandAgent", "lastStartedAt": "2025-05-06T11:02:31Z"}]},
    ],
)
def test_what_of_a_container_says_that_it_has_run(trace: Detail) -> None:
    """In a task that has started, beside another container that shows as much."""
    containers = [container(lastStatus="STOPPED", **trace), container("side", 1, runtimeId="a-2")]
    outcome = outcome_of(task(containers=containers))
    assert outcome is not None
    assert outcome.error is ErrorName.UNKNOWN
    assert outcome.summary.startswith("Container main has run, and ECS does not know how it ended")


def test_a_container_that_was_lost_sight_of_is_named_with_its_reason() -> None:
    outcome = outcome_of(task(containers=[container("side", 0), container(reason=INSPECT)]))
    assert outcome is not None
    assert outcome.summary == f"Container main has run, and ECS does not know how it ended: {INSPECT}"
    assert "read its log before you start the run again" in outcome.advice


HAS_RUN, MAY_HAVE_RUN = "has run", "may have run"
UNSEEN = container(lastStatus="STOPPED")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (detail(containers=[UNSEEN]), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN], startedAt="<redacted>"), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN | {"reason": "lost"}], stoppedReason="lost"), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN, container("side", 0)], stoppedReason=INSPECT), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN], stoppedReason=INSPECT), HAS_RUN),
        (detail(containers=[UNSEEN | {"reason": INSPECT}]), HAS_RUN),
        (detail(containers=[UNSEEN | {"reason": INSPECT}, container("side", 0)]), HAS_RUN),
        (detail(containers=[UNSEEN | {"lastStatus": "RUNNING"}]), HAS_RUN),
        (detail(containers=[UNSEEN | {"runtimeId": "a-1"}]), HAS_RUN),
    ],
)
def test_that_a_container_has_run_is_said_only_where_it_shows_that_itself(given: Detail, said: str) -> None:
    """The task's `startedAt` is not the container's own."""
    outcome = outcome_of(task(**given))
    assert outcome is not None
    assert outcome.error is ErrorName.UNKNOWN
    assert outcome.summary.startswith(f"Container main {said}, and ECS does not know how it ended: ")


@pytest.mark.parametrize(
    "limit", ["vCPUs you can run concurrently", "tasks you can run concurrently", "tasks in the PROVISIONING state"]
)
def test_the_advice_on_capacity_is_true_of_every_limit(limit: str) -> None:
    outcome = outcome_of(task(**failed_start(f"You've reached the limit on the number of {limit}.")))
    assert outcome is not None
    assert outcome.error is ErrorName.CAPACITY_UNAVAILABLE
    assert "the quota that the text names" in outcome.advice
    assert "vCPU" not in outcome.advice


def test_a_dependency_that_failed_is_named_with_its_code() -> None:
    others = [container("early", 0), container("helper", 143), container("killed", 137), container("router", 255)]
    containers = [*others, container(lastStatus="STOPPED")]
    outcome = outcome_of(task(**NOT_RUNNING_YET, containers=containers))
    assert outcome is not None
    assert outcome.summary == "Container router exited with code 255 before the main container main was started."
    assert "log of router" in outcome.advice
    assert (outcome.container, outcome.exit_code) == ("main", None)


def test_a_dependency_is_named_where_ecs_says_no_more_than_that_there_was_one() -> None:
    said = "TaskDependencyError: Task dependencies cannot be resolved, taskArn: arn:aws:ecs:us-east-1:1:task/c/1"
    containers = [container(lastStatus="STOPPED"), container("init", 1)]
    outcome = outcome_of(task(**{**NOT_RUNNING_YET, "stoppedReason": said}, containers=containers))
    assert outcome is not None
    assert outcome.error is ErrorName.SIDECAR_FAILED
    assert outcome.summary == "Container init exited with code 1 before the main container main was started."


CULPRITS: dict[str, tuple[Detail, str | None, bool]] = {
    "the main container's own exit code": (
        detail(containers=[container(exit_code=3), container("side", 0)]),
        None,
        True,
    ),
    "told to stop by nobody known": (detail(containers=[container(exit_code=143), container("side", 0)]), None, True),
    "main ran out of memory": (detail(containers=[container("main", 137, OOM), container("side", 1)]), None, True),
    "main ran out of memory before it is known to have started": (
        failed_start(None, containers=[container("main", None, OOM)]),
        None,
        True,
    ),
    "a sidecar ran out of memory": (
        detail(containers=[container(exit_code=143), container("side", 137, OOM), container("also", 5)]),
        "side",
        True,
    ),
    "a dependency ran out of memory": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="STOPPED"), container("side", 137, OOM)]),
        "side",
        True,
    ),
    "a sidecar failed": (detail(containers=[container(exit_code=143), container("side", 1)]), "side", True),
    "a dependency failed": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="STOPPED"), container("side", 255)]),
        "side",
        True,
    ),
    "a sidecar could not be started": (
        detail(containers=[container(exit_code=143), container("side", reason=NOT_STARTED)]),
        "side",
        False,
    ),
    "a success": (detail(containers=[container(exit_code=0), container("side", 1)]), None, True),
    "no main container, and the one that is judged": (
        detail(**ALIEN, containers=[container("a", 0), container("b", 137, OOM)]),
        None,
        True,
    ),
    "no main container, and another": (
        detail(**ALIEN, containers=[container("a", 3), container("b", 137, OOM)]),
        "b",
        True,
    ),
}


@pytest.mark.parametrize("case", CULPRITS)
def test_who_is_the_culprit_and_whether_it_can_have_logged(case: str) -> None:
    """Where another container than the main one failed: its log tells why."""
    of, culprit, may_have_logged = CULPRITS[case]
    outcome = outcome_of(EcsTask.from_detail(of))
    assert outcome is not None
    assert (outcome.culprit, outcome.may_have_logged) == (culprit, may_have_logged)


def test_a_sidecar_that_could_not_be_started_is_named_with_its_reason() -> None:
    outcome = outcome_of(task(containers=[container(exit_code=143), container("side", reason=NOT_STARTED)]))
    assert outcome is not None
    assert "Container side could not be started (CannotStartContainerError: exec" in outcome.summary


ADVICE_OF_CODES = [
    (126, "Check commands against"),
    (127, "Check commands against"),
    (0xC0000135, "Check commands against"),
    (0xC0000135 - 2**32, "Check commands against"),
    (134, "Native code crashed"),
    (139, "Native code crashed"),
    (0xC0000005, "Native code crashed"),
    (0xC00000FD - 2**32, "Native code crashed"),
    (0xC0000409, "Native code crashed"),
    (137, "Most likely a process in it was killed for lack of memory"),
    (143, "No other container of the task"),
    (WINDOWS_STOP, "No other container of the task"),
    (WINDOWS_STOP - 2**32, "No other container of the task"),
    (1, "Your own program ended"),
]


@pytest.mark.parametrize("more", [{}, ALIEN], ids=["a known main container", "an only container"])
@pytest.mark.parametrize("injected", [[], [container(GUARD_DUTY, 1)]], ids=["alone", "with an injected one"])
@pytest.mark.parametrize(("code", "advice"), ADVICE_OF_CODES)
def test_an_only_container_gets_the_advice_of_its_code(
    code: int, advice: str, injected: list[Detail], more: Detail
) -> None:
    outcome = outcome_of(task(**more, containers=[*injected, container(exit_code=code)]))
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("main", code)
    assert outcome.advice.startswith(advice)


def test_who_was_killed_beside_others_hears_of_them() -> None:
    outcome = outcome_of(task(containers=[container(exit_code=137), container("side", 0)]))
    assert outcome is not None
    assert outcome.advice.startswith("It may have ignored SIGTERM until its stop time-out was over, because another")


@pytest.mark.parametrize("code", [143, WINDOWS_STOP])
def test_who_was_told_to_stop_beside_others_hears_of_them(code: int) -> None:
    outcome = outcome_of(task(containers=[container(exit_code=code), container("side", 0)]))
    assert outcome is not None
    assert outcome.advice.startswith("An essential sidecar ended before")


@pytest.mark.parametrize(
    ("codes", "blamed"),
    [((0, 2, 137), 2), ((0, 143, 137), 137), ((143, WINDOWS_STOP), 143), ((137, 3, 4), 3), ((143, 0, 5), 5)],
)
def test_who_is_blamed_where_no_container_is_the_main_one(codes: tuple[int, ...], blamed: int) -> None:
    containers = [container(f"c{n}", code) for n, code in enumerate(codes)]
    for order in (containers, containers[::-1]):
        outcome = outcome_of(task(**ALIEN, containers=order))
        assert outcome is not None
        assert (outcome.error, outcome.exit_code) == (ErrorName.EXITED_NON_ZERO, blamed)


def test_a_full_disk_is_said_to_stay_full() -> None:
    full, passing = (outcome_of(task(**failed_start(text))) for text in (DISK_FULL, PULL_FAILED))
    assert full is not None
    assert passing is not None
    assert (full.transient, passing.transient) == (False, True)
    assert "ephemeralStorage" in full.advice
    assert "Start it again, this often passes" in passing.advice


@pytest.mark.parametrize("status", ["STOPPED", "DELETED"])
def test_a_task_has_ended(status: str) -> None:
    outcome = outcome_of(task(lastStatus=status))
    assert outcome is not None
    assert outcome.succeeded
