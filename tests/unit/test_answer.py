"""Answers stay inside Step Functions' limits (fact B30), whatever a container or ECS wrote."""

import json
from dataclasses import replace

import pytest

from fargate_runs.answers.answer import LARGEST_OUTPUT, LONGEST_CAUSE, Failure, Success, answer_of, smallest_answer_of
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.runs.log import LARGEST_RESULT, NO_RESULT, LogLocation, LogTail, Result, result_of
from fargate_runs.runs.record import TaskRecord
from tests.fakes.ecs import container, failed_start, overrides, task
from tests.fakes.settling import PRICES

LOG = LogLocation("/jobs/tasks", "runs/main/1", "us-east-1")


def settled(**changes: object) -> tuple[TaskRecord, Outcome]:
    ended = task(**changes)
    outcome = outcome_of(ended)
    assert outcome
    return TaskRecord.of(ended, None, LOG).ended(outcome, NO_RESULT), outcome


def cause_of(tail: LogTail, **changes: object) -> str:
    record, outcome = settled(**{"containers": [container(exit_code=1)], **changes})
    answer = answer_of(record.settled(outcome, tail), outcome, PRICES)
    assert isinstance(answer, Failure)
    return answer.cause


@pytest.mark.parametrize("letter", ["x", '"', "\\", "\x00", "가", "😀", "\n"])
def test_a_cause_always_fits_and_is_json(letter: str) -> None:
    huge = letter * 100_000
    cause = cause_of(
        LogTail((huge,) * 50), stoppedReason=huge, overrides=overrides(run_id=(letter * 200).strip() or "r")
    )
    assert len(cause) <= LONGEST_CAUSE
    assert json.loads(cause)["exitCode"] == 1
    assert json.loads(cause)["advice"]


def test_a_cause_has_the_lines_of_the_record_or_why_there_are_none() -> None:
    lines = tuple(str(n) for n in range(30))
    said = json.loads(cause_of(LogTail(lines)))
    assert (said["lastLogLines"], "logNote" in said) == (list(lines[10:]), False)
    said = json.loads(cause_of(LogTail(problem="the log could not be read: x")))
    assert (said["lastLogLines"], said["logNote"]) == ([], "the log could not be read: x")


def test_the_oldest_lines_leave_a_cause_that_is_too_long() -> None:
    """A sign that JSON writes as six: what fits into the record may not fit into the cause."""
    lines = tuple(f"{n:02}" + "\x01" * 190 for n in range(20))
    kept = json.loads(cause_of(LogTail(lines), stoppedReason="\x01" * 2_000))["lastLogLines"]
    assert 0 < len(kept) < len(lines)
    assert kept == list(lines[-len(kept) :])


LINES: list[tuple[str, str | None]] = [
    ('{"a": 1}', '{"a":1}'),
    ('  {"a": "가"}  ', '{"a":"가"}'),
    ("{}", "{}"),
    ("[1]", None),
    ("3", None),
    ('"text"', None),
    ("done", None),
    ("{broken", None),
    ('{"a": NaN}', None),
    ('{"a": 1e999}', None),
    ('{"a": "\\ud800"}', None),
    ('{"a": ' * 20_000 + "1" + "}" * 20_000, None),
    ('{"a": ' + "9" * 5_000 + "}", None),
    ("", None),
]


@pytest.mark.parametrize(("line", "result"), LINES, ids=range(len(LINES)))
def test_result(line: str, result: str | None) -> None:
    assert result_of(LogTail(("before", line))).json == result


def test_the_result_is_on_the_last_line_that_is_not_blank() -> None:
    assert result_of(LogTail(('{"a": 1}', "", "  "))).json == '{"a":1}'
    assert result_of(LogTail(('{"a": 1}', "bye"))) == NO_RESULT
    assert result_of(LogTail()) == NO_RESULT


@pytest.mark.parametrize("reason", ["problem", "absent"])
def test_a_result_that_could_not_be_looked_for_says_so(reason: str) -> None:
    assert result_of(LogTail(**{reason: "why"})) == Result(note="why")  # type: ignore[arg-type]


@pytest.mark.parametrize("letter", ["x", "가"])
def test_too_large_a_result_is_left_in_the_log(letter: str) -> None:
    line = json.dumps({"a": letter * LARGEST_RESULT}, ensure_ascii=False)
    assert result_of(LogTail((line,))).json is None
    assert "too large" in str(result_of(LogTail((line,))).note)


def test_the_largest_result_fits_into_the_output() -> None:
    record, outcome = settled()
    line = json.dumps({"a": "x" * (LARGEST_RESULT - 10)})
    answer = answer_of(replace(record, result=result_of(LogTail((line,)))), outcome, PRICES)
    assert isinstance(answer, Success)
    assert len(answer.output.encode()) <= LARGEST_OUTPUT
    assert json.loads(answer.output)["result"]


def test_an_output_that_would_not_fit_says_where_the_result_is() -> None:
    record, outcome = settled()
    answer = answer_of(replace(record, result=Result(json.dumps({"a": "x" * LARGEST_OUTPUT}))), outcome, PRICES)
    assert isinstance(answer, Success)
    said = json.loads(answer.output)
    assert said["result"] is None
    assert "log" in said["resultNote"]
    assert said["log"]["url"].startswith("https://us-east-1.console.aws.amazon.com/")


def test_the_smallest_answers_keep_the_verdict() -> None:
    good, bad = smallest_answer_of(*settled()), smallest_answer_of(*settled(containers=[container(exit_code=1)]))
    assert isinstance(good, Success)
    assert isinstance(bad, Failure)
    assert bad.error == "Container.ExitedNonZero"
    assert json.loads(bad.cause)["exitCode"] == 1


@pytest.mark.parametrize(
    ("reason", "transient"),
    [("CannotPullContainerError: no space left on device", False), ("CannotPullContainerError: i/o timeout", True)],
)
def test_every_cause_says_whether_another_try_may_succeed(reason: str, transient: bool) -> None:
    """The callback machine looks for these very signs."""
    record, outcome = settled(**failed_start(reason))
    too_large = replace(outcome, stopped_reason="x" * LONGEST_CAUSE)
    for answer in (
        answer_of(record, outcome, PRICES),
        answer_of(record, too_large, PRICES),
        smallest_answer_of(record, outcome),
    ):
        assert isinstance(answer, Failure)
        assert answer.error == "Task.ImagePullFailed"
        assert ('"transient":false' in answer.cause) is not transient
        assert ('"transient":true' in answer.cause) is transient


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_links_of_other_partitions(partition: str, host: str) -> None:
    place = LogLocation.of(f"arn:{partition}:ecs:eu-x-1:123456789012:task/jobs/1", "g", "s")
    assert place.url.startswith(f"https://eu-x-1.{host}/")
