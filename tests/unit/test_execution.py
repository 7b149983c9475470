"""Reading an execution: what is taken, what is refused, and what of it may be shown to anybody."""

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_runs.errors import ForeignEventError, MalformedEventError, MalformedExecutionError
from fargate_runs.reading.events import ExecutionStateChange
from fargate_runs.reading.execution import Execution, ExecutionStatus, is_child, is_named, summary_of
from tests.fakes.ecs import CANARY, EXECUTION_ARN, MACHINES, RUN_ID, TOKEN, container, detail, execution_event

STARTED = datetime(2025, 5, 6, 11, 2, 10, tzinfo=UTC)
STOPPED = datetime(2025, 5, 6, 11, 3, 33, tzinfo=UTC)
CHILD_ARN = EXECUTION_ARN.replace(f":{RUN_ID}", "/Runs:0c7d2b1e")
LONG_TOKEN = "AQCEAAAAKgAAAAMAAAAA" + "canary0token" * 60

# Whether each status is an end, and its order at the first and at the third start.
STATUSES: list[tuple[str, bool, int, int]] = [
    ("RUNNING", False, 0, 4),
    ("PENDING_REDRIVE", False, 0, 4),
    ("SUCCEEDED", True, 1, 5),
    ("FAILED", True, 1, 5),
    ("TIMED_OUT", True, 1, 5),
    ("ABORTED", True, 1, 5),
]


def as_detail(status: str = "FAILED", **changes: object) -> dict[str, Any]:
    found: dict[str, Any] = execution_event(status)["detail"]
    return found | changes


def pascal(value: Any) -> Any:
    """As a `.sync` state has it in its cause (fact B21)."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: pascal(each) for name, each in value.items()}
    return [pascal(each) for each in value] if isinstance(value, list) else value


SYNC_CAUSE = json.dumps(pascal(detail(containers=[container("main", 3)])))


def test_an_event() -> None:
    change = ExecutionStateChange.from_event(
        execution_event("FAILED", error="Task.Lost", cause="why", redriveCount=2), state_machines=MACHINES
    )
    assert change == ExecutionStateChange(
        "00000000-0000-4000-8000-000000000001",
        Execution(
            arn=EXECUTION_ARN,
            status=ExecutionStatus.FAILED,
            redrive_count=2,
            started_at=STARTED,
            stopped_at=STOPPED,
            error="Task.Lost",
            cause="why",
        ),
    )


def test_the_answer_of_describe_execution() -> None:
    answer = {
        "executionArn": EXECUTION_ARN,
        "stateMachineArn": MACHINES.callback,
        "status": "ABORTED",
        "startDate": STARTED,
        "stopDate": STOPPED,
        "input": CANARY,
        "redriveCount": 1,
    }
    read = Execution.from_detail(answer)
    assert read == Execution(EXECUTION_ARN, ExecutionStatus.ABORTED, 1, STARTED, STOPPED)
    assert CANARY not in repr(read)


def test_an_element_of_list_executions() -> None:
    """It has no cause, and where nothing was redriven no count either."""
    read = Execution.from_detail({"executionArn": EXECUTION_ARN, "status": "RUNNING", "startDate": STARTED})
    assert read == Execution(EXECUTION_ARN, ExecutionStatus.RUNNING, 0, STARTED)


@pytest.mark.parametrize(("status", "is_closed", "first", "third"), STATUSES)
def test_status_and_order(status: str, is_closed: bool, first: int, third: int) -> None:
    read = Execution.from_detail(as_detail(status))
    assert (read.status, read.is_closed, read.order) == (status, is_closed, first)
    assert Execution.from_detail(as_detail(status, redriveCount=2)).order == third


def test_every_status_has_its_line_above() -> None:
    assert {status for status, *_ in STATUSES} == set(ExecutionStatus)


@pytest.mark.parametrize(("status", "is_closed", "_first", "_third"), STATUSES)
def test_only_what_has_ended_has_an_end(status: str, is_closed: bool, _first: int, _third: int) -> None:
    """Between a redrive and its next end, Step Functions may still show the stop of the time before."""
    read = Execution.from_detail(as_detail(status, stopDate=1_746_529_413_000))
    assert read.stopped_at == (STOPPED if is_closed else None)


@pytest.mark.parametrize("count", [None, 0, 0.0])
def test_no_redrive(count: object) -> None:
    assert Execution.from_detail(as_detail(redriveCount=count)).redrive_count == 0


REFUSED: list[tuple[str, object]] = [
    ("executionArn", None),
    ("executionArn", ""),
    ("executionArn", 7),
    ("executionArn", CANARY),
    ("executionArn", MACHINES.callback),
    ("executionArn", EXECUTION_ARN.replace(":execution:", ":express:")),
    ("executionArn", EXECUTION_ARN.rpartition(":")[0]),
    ("status", None),
    ("status", "running"),
    ("status", CANARY),
    ("status", ["RUNNING"]),
    ("redriveCount", "1"),
    ("redriveCount", -1),
    ("redriveCount", 1.5),
    ("redriveCount", True),
    ("redriveCount", [1]),
]


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_what_cannot_be_used_is_named_and_not_repeated(field: str, value: object) -> None:
    given = {**as_detail(), field: value}
    with pytest.raises(MalformedExecutionError) as raised:
        Execution.from_detail(given)
    assert raised.value.field == field
    assert str(raised.value).startswith(f"execution: {field} ")
    assert CANARY not in str(raised.value)
    with pytest.raises(MalformedEventError) as refused:
        ExecutionStateChange.from_event({**execution_event("FAILED"), "detail": given}, state_machines=MACHINES)
    assert refused.value.field == f"detail.{field}"
    assert CANARY not in str(refused.value)


def test_a_status_that_is_not_known_is_told_from_those_that_are() -> None:
    with pytest.raises(MalformedExecutionError, match="RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED"):
        Execution.from_detail(as_detail("PAUSED"))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("source", {"source": "aws.ecs"}),
        ("detail-type", {"detail-type": "ECS Task State Change"}),
        ("detail", {"detail": None}),
        ("detail", {"detail": "RUNNING"}),
    ],
)
def test_other_envelopes(field: str, changes: dict[str, object]) -> None:
    with pytest.raises((ForeignEventError, MalformedEventError)) as raised:
        ExecutionStateChange.from_event({**execution_event("RUNNING"), **changes}, state_machines=MACHINES)
    assert raised.value.field == field


def test_an_execution_of_another_machine_is_foreign() -> None:
    other = EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses")
    with pytest.raises(ForeignEventError) as raised:
        ExecutionStateChange.from_event(execution_event("FAILED", executionArn=other), state_machines=MACHINES)
    assert raised.value.field == "detail.executionArn"


NAMES: list[tuple[str | None, str, bool]] = [
    (EXECUTION_ARN, RUN_ID, True),
    (EXECUTION_ARN, RUN_ID[1:], False),
    (EXECUTION_ARN, f"{RUN_ID}:0", False),
    (EXECUTION_ARN, f"fargate-runs-run-task-callback:{RUN_ID}", False),
    (CHILD_ARN, "0c7d2b1e", False),
    (CHILD_ARN, RUN_ID, False),
    (None, RUN_ID, False),
]


@pytest.mark.parametrize(("arn", "run_id", "named"), NAMES)
def test_whether_a_run_is_its_execution(arn: str | None, run_id: str, named: bool) -> None:
    assert is_named(arn, run_id) is named


def test_a_child_of_a_distributed_map() -> None:
    assert is_child(CHILD_ARN)
    assert not is_child(EXECUTION_ARN)
    assert Execution(EXECUTION_ARN, ExecutionStatus.RUNNING).name == RUN_ID


CAUSES: dict[str, tuple[object, str | None]] = {
    "none": (None, None),
    "empty": ("", None),
    "no text": ({"summary": "x"}, None),
    "a text": ("stopped by the operator", "stopped by the operator"),
    "one of ours": (
        json.dumps({"summary": "Container main exited with code 3.", "exitCode": 3}),
        "Container main exited with code 3.",
    ),
    "an object without a summary": (json.dumps({"message": CANARY}), None),
    "a summary that is no text": (json.dumps({"summary": {"secret": CANARY}}), None),
    "a list": (json.dumps([CANARY]), None),
    "a JSON text": (json.dumps(CANARY), None),
    "a number": ("42", None),
    "a .sync task": (SYNC_CAUSE, None),
}


@pytest.mark.parametrize("name", CAUSES)
def test_what_is_shown_of_a_cause(name: str) -> None:
    cause, shown = CAUSES[name]
    assert summary_of(cause) == shown
    assert Execution.from_detail(as_detail(error="States.TaskFailed", cause=cause)).cause == shown


def test_the_cause_of_a_sync_state_does_hold_what_must_not_be_shown() -> None:
    assert CANARY in SYNC_CAUSE
    assert TOKEN in SYNC_CAUSE


def test_a_long_cause_is_cut() -> None:
    assert summary_of("word " * 400) == ("word " * 400)[:999] + "…"
    assert len(str(summary_of(json.dumps({"summary": "word " * 400})))) == 1_000


def test_a_token_in_a_text_is_left_out() -> None:
    shown = summary_of(f"the state gave {LONG_TOKEN} up, and then {LONG_TOKEN}")
    assert shown == "the state gave … up, and then …"
    assert summary_of(f"see {EXECUTION_ARN}") == f"see {EXECUTION_ARN}", "an ARN is no token"


def test_neither_is_an_error_longer_than_step_functions_allows() -> None:
    read = Execution.from_detail(as_detail(error="e" * 300))
    assert read.error == "e" * 255 + "…"


LEAKS = {
    "its beginning": SYNC_CAUSE[:-1],
    "all but its beginning": "… " + SYNC_CAUSE,
    "inside of a sentence": f"An error occurred while executing the state 'Run': the input was {SYNC_CAUSE}.",
    "an input that a path does not fit": (
        "The JSONPath '$.commands' specified for the field 'Command.$' could not be found in the input"
        f" '{json.dumps({'environment': {'SECRET': CANARY}})}'"
    ),
    "too deep to be read": '{"a": ' * 100_000 + f'"{CANARY}"',
    "beyond what is read of a text": json.dumps({"SECRET": CANARY, "rest": "x " * 200_000}),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_task_or_an_input_is_not_shown_where_it_is_no_json_by_itself(name: str) -> None:
    """As error texts of Step Functions have them, or a cause that somebody cut."""
    shown = str(summary_of(LEAKS[name]))
    assert CANARY not in shown
    assert TOKEN not in shown


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from([SYNC_CAUSE, CANARY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(as_detail())


def read_or_refused(given_detail: dict[str, Any]) -> Execution | MalformedExecutionError:
    try:
        return Execution.from_detail(given_detail)
    except MalformedExecutionError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=4), status=st.sampled_from(ExecutionStatus))
def test_whatever_an_event_says_is_read_or_refused(changes: dict[str, Any], status: ExecutionStatus) -> None:
    read = read_or_refused({**as_detail(status), **changes})
    if isinstance(read, MalformedExecutionError):
        assert read.field in {"executionArn", "status", "redriveCount"} & changes.keys()
        return
    assert read.order == 2 * read.redrive_count + read.is_closed
    assert len(read.cause or "") <= 1_000
    assert len(read.error or "") <= 256
    assert read.arn.encode("utf-8")
    assert (read.cause or "").encode("utf-8") is not None


@settings(max_examples=300, deadline=None)
@given(
    words=st.lists(st.text(st.characters(exclude_characters="{", exclude_categories=["Cs"]), max_size=20), max_size=6),
    secret=st.dictionaries(st.text(max_size=6), st.lists(st.just(CANARY + " " + TOKEN), min_size=1), min_size=1),
    cut=st.integers(min_value=0, max_value=30),
)
def test_an_object_in_a_text_is_never_shown(words: list[str], secret: dict[str, Any], cut: int) -> None:
    text = " ".join(words) + json.dumps(secret)
    for cause in (text, text[: len(text) - cut], text + " and more"):
        shown = summary_of(cause) or ""
        assert CANARY not in shown
        assert TOKEN not in shown


def test_the_order_of_a_life_with_redrives() -> None:
    """From start to end to redrive: every step is later than all before it."""
    statuses = (ExecutionStatus.RUNNING, ExecutionStatus.FAILED)
    life = [Execution(EXECUTION_ARN, status, redrives) for redrives in range(3) for status in statuses]
    assert all(one.order < other.order for one, other in itertools.pairwise(life))
