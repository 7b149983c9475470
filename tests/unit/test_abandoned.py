"""Which tasks are stopped when their execution has ended, when, and with what reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import lost, outcome_of
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import (
    GRACE,
    LONGEST_REASON,
    VERDICTS,
    Verdict,
    is_to_be_stopped,
    may_be_of_a_redrive,
    may_be_replaced,
    reason_of_end,
    reason_of_retry,
    started_twice,
)
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import TaskRecord
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, TOKEN, overrides, task, task_arn
from tests.fakes.records import changed

LEAVE, LATER, STOP = Verdict.LEAVE, Verdict.STOP_LATER, Verdict.STOP

TABLE: Final[dict[tuple[Pattern | None, str], Verdict]] = {
    (None, "RUNNING"): LEAVE,
    (None, "PENDING_REDRIVE"): LEAVE,
    (None, "SUCCEEDED"): LEAVE,
    (None, "FAILED"): STOP,
    (None, "TIMED_OUT"): STOP,
    (None, "ABORTED"): STOP,
    (Pattern.REQUEST_RESPONSE, "RUNNING"): LEAVE,
    (Pattern.REQUEST_RESPONSE, "PENDING_REDRIVE"): LEAVE,
    (Pattern.REQUEST_RESPONSE, "SUCCEEDED"): LEAVE,
    (Pattern.REQUEST_RESPONSE, "FAILED"): STOP,
    (Pattern.REQUEST_RESPONSE, "TIMED_OUT"): STOP,
    (Pattern.REQUEST_RESPONSE, "ABORTED"): STOP,
    (Pattern.SYNC, "RUNNING"): LEAVE,
    (Pattern.SYNC, "PENDING_REDRIVE"): LEAVE,
    (Pattern.SYNC, "SUCCEEDED"): LATER,
    (Pattern.SYNC, "FAILED"): STOP,
    (Pattern.SYNC, "TIMED_OUT"): STOP,
    (Pattern.SYNC, "ABORTED"): STOP,
    (Pattern.CALLBACK, "RUNNING"): LEAVE,
    (Pattern.CALLBACK, "PENDING_REDRIVE"): LEAVE,
    (Pattern.CALLBACK, "SUCCEEDED"): LATER,
    (Pattern.CALLBACK, "FAILED"): STOP,
    (Pattern.CALLBACK, "TIMED_OUT"): STOP,
    (Pattern.CALLBACK, "ABORTED"): STOP,
}


@pytest.mark.parametrize(
    ("made", "looked", "may_be"),
    [
        (-60, 1, False),
        (0, 1, False),
        (10, 11, False),  # a call of RunTask may have been under way
        (11, 11, True),
        (11, 70, True),
        (11, 71, False),
        (11, 600, False),
        (3_600, 3_601, True),
        (3_600, 3_600 - 86_400, True),  # by a clock that is behind
        (None, 1, False),
    ],
)
def test_a_task_that_was_made_after_the_end_may_be_of_a_redrive(made: int | None, looked: int, may_be: bool) -> None:
    """The numbers are seconds after the execution's end."""
    ended = replace(execution("FAILED"), stopped_at=NOON)
    created_at = None if made is None else NOON + timedelta(seconds=made)
    assert may_be_of_a_redrive(created_at, ended, NOON + timedelta(seconds=looked)) is may_be
    assert not may_be_of_a_redrive(created_at, replace(ended, stopped_at=None), NOON)


def test_the_whole_table() -> None:
    assert {(pattern, status.value): verdict for (pattern, status), verdict in VERDICTS.items()} == TABLE
    assert set(TABLE) == {(pattern, status.value) for pattern in (None, *Pattern) for status in ExecutionStatus}


def execution(status: str, arn: str = EXECUTION_ARN) -> Execution:
    return Execution(arn, ExecutionStatus(status), stopped_at=NOON)


def test_the_grace_is_five_minutes() -> None:
    assert timedelta(minutes=5) == GRACE


@pytest.mark.parametrize(("pattern", "status"), TABLE)
def test_when_it_is_stopped(pattern: Pattern | None, status: str) -> None:
    """At once, after the grace, or never; `now` counts where a clock is behind, too."""
    at = (-GRACE, timedelta(0), GRACE - timedelta(milliseconds=1), GRACE, timedelta(days=14))
    expected = {LEAVE: [False] * 5, LATER: [False, False, False, True, True], STOP: [True] * 5}
    found = [is_to_be_stopped(pattern, execution(status), NOON + after) for after in at]
    assert found == expected[TABLE[pattern, status]]


def test_an_end_without_a_time_gives_no_end_of_grace() -> None:
    ended = replace(execution("SUCCEEDED"), stopped_at=None)
    assert not is_to_be_stopped(Pattern.CALLBACK, ended, NOON + timedelta(days=1))
    assert is_to_be_stopped(Pattern.CALLBACK, replace(execution("FAILED"), stopped_at=None), NOON)


def attempt(number: int, *, token: str | None = TOKEN, **changes: object) -> TaskRecord:
    """A live attempt that was created in this minute."""
    arn, created = task_arn(f"{number:032x}"), f"2025-05-06T11:{number:02d}:00Z"
    given = {"taskArn": arn, "createdAt": created, "overrides": overrides(token=token), "lastStatus": "RUNNING"}
    return TaskRecord.of(task(**{**given, **changes}), Pattern.CALLBACK, None)


def _at_once(task: int, number: int | None) -> TaskRecord:
    """Of a task that was created in the same moment as every other."""
    return changed(attempt(task, createdAt="2025-05-06T11:00:00Z"), attempt=number)


FIRST, SECOND, THIRD = (attempt(number) for number in (1, 2, 3))
OTHERS = changed(SECOND, execution_arn=EXECUTION_ARN + "-redone")

REPLACED: Final[dict[str, tuple[list[TaskRecord], list[TaskRecord]]]] = {
    "nothing": ([], []),
    "one alone": ([FIRST], []),
    "the older of two": ([FIRST, SECOND], [FIRST]),
    "in whatever order they come": ([SECOND, FIRST], [FIRST]),
    "all but the newest": ([FIRST, SECOND, THIRD], [FIRST, SECOND]),
    "none that has an outcome": ([FIRST.ended(lost(), NO_RESULT), SECOND], []),
    "beside one that has one": ([FIRST, SECOND.ended(lost(), NO_RESULT)], [FIRST]),
    "none without a token": ([attempt(1, token=None), SECOND], []),
    "beside one without a token": ([FIRST, attempt(2, token=None)], [FIRST]),
    "none of another execution": ([FIRST, OTHERS], []),
    "none of the same moment": ([FIRST, attempt(2, createdAt="2025-05-06T11:01:00Z")], []),
    "none of which the age is not known": ([attempt(1, createdAt=None), SECOND], []),
    "nor beside such a one": ([FIRST, attempt(2, createdAt=None)], []),
    "both of one attempt": ([_at_once(1, 1), _at_once(2, 1)], [_at_once(1, 1), _at_once(2, 1)]),
    "however many there were": (
        [_at_once(1, int("999")), _at_once(2, int("999"))],
        [_at_once(1, 999), _at_once(2, 999)],
    ),
    "none of two attempts of one moment": ([_at_once(1, 1), _at_once(2, 2)], []),
    "none whose attempts nobody knows": ([_at_once(1, None), _at_once(2, None)], []),
    "none that was read twice": ([_at_once(1, 1), _at_once(1, 1)], []),
    "none of one attempt of two executions": (
        [_at_once(1, 1), changed(_at_once(2, 1), execution_arn=EXECUTION_ARN + "-redone")],
        [],
    ),
}


@pytest.mark.parametrize("name", REPLACED)
def test_may_be_replaced(name: str) -> None:
    tasks, replaced = REPLACED[name]
    assert list(may_be_replaced(tasks)) == replaced


def _without_token(number: int, attempt_number: int | None = 1, **more: str) -> TaskRecord:
    """As Step Functions starts it for `.sync`."""
    record = changed(attempt(number, token=None), pattern=Pattern.SYNC, attempt=attempt_number)
    return changed(record, **{"started_by": "AWS Step Functions", **more})


LOST = _without_token(1)

#: The other task of the run, and whether LOST was started twice.
REPLACED_BY: Final[dict[str, tuple[TaskRecord, bool]]] = {
    "a later one of its attempt": (_without_token(2), True),
    "one of the next attempt": (_without_token(2, 2), True),
    "one of an earlier attempt": (_without_token(2, 0), False),
    "one whose attempt nobody knows": (_without_token(2, None), False),
    "one of an execution whose ARN sorts before": (_without_token(2, execution_arn=EXECUTION_ARN[:-1]), False),
    "one of an execution whose ARN sorts behind": (_without_token(2, execution_arn=EXECUTION_ARN + "x"), False),
    "one of somebody who sorts before": (_without_token(2, started_by="A"), False),
    "one of somebody who sorts behind": (_without_token(2, started_by="x"), False),
}


@pytest.mark.parametrize("name", REPLACED_BY)
def test_which_start_was_lost(name: str) -> None:
    """ARNs arrive in texts of their own, from the event and from Step Functions."""
    other, is_lost = REPLACED_BY[name]
    machine, _, run = EXECUTION_ARN.rpartition(":")
    of = Execution(f"{machine}:{run}", ExecutionStatus.RUNNING)
    assert started_twice([LOST, other], of) == started_twice([other, LOST], of) == ((LOST,) if is_lost else ())


def test_a_start_whose_attempt_nobody_knows_is_not_lost() -> None:
    lost_sight_of = _without_token(1, None)
    for other in (_without_token(2), _without_token(2, None)):
        assert started_twice([lost_sight_of, other], Execution(EXECUTION_ARN, ExecutionStatus.RUNNING)) == ()


PREFIX = "arn:aws-us-gov:states:ap-southeast-99:123456789012:execution:"
ARNS = {
    "a usual one": EXECUTION_ARN,
    "the longest names": f"{PREFIX}{'m' * 80}:{'n' * 80}",
    "a child of a distributed map": f"{PREFIX}{'m' * 80}/{'l' * 80}:01234567-89ab-4def-8123-456789abcdef",
    "as long as it may be": f"{PREFIX}{'m' * 500}:{'n' * 400}",
    "no ARN": "r" * 256,
}


@pytest.mark.parametrize("name", ARNS)
@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_reasons_fit_and_are_known_again(name: str, status: str) -> None:
    for reason in (
        reason_of_end(execution(status, ARNS[name])),
        reason_of_retry(changed(FIRST, execution_arn=ARNS[name])),
    ):
        assert len(reason) <= LONGEST_REASON == 255
        outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason=reason))
        assert outcome
        assert outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS
        assert outcome.stopped_reason == reason


def test_the_words_of_a_reason() -> None:
    assert reason_of_end(execution("TIMED_OUT")) == (
        f"AWS Step Functions execution [{EXECUTION_ARN}] managing this resource ended: TIMED_OUT"
    )
    assert reason_of_retry(FIRST) == (
        f"AWS Step Functions execution [{EXECUTION_ARN}] managing this resource replaced this attempt"
    )
    assert FIRST.run_id in reason_of_retry(changed(FIRST, execution_arn=None))


def test_what_is_kept_of_an_arn_that_is_too_long() -> None:
    """The machine and the name, which tell the execution; where even these do not fit, what does of them."""
    names = f"{'m' * 80}:{'n' * 80}"
    assert reason_of_end(execution("FAILED", PREFIX + names)) == (
        f"AWS Step Functions execution [{names}] managing this resource ended: FAILED"
    )
    assert len(reason_of_end(execution("FAILED", ARNS["as long as it may be"]))) == LONGEST_REASON
    exactly = LONGEST_REASON - len(reason_of_end(execution("FAILED", "")))
    longest = execution("FAILED", "a" * exactly)
    assert longest.arn in reason_of_end(longest)
    assert "a" * (exactly + 1) not in reason_of_end(execution("FAILED", "a" * (exactly + 1)))
