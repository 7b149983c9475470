"""The function behind the rule, from the event to the table, the token, the log and the metrics."""

import json
from collections.abc import Callable

import pytest

from fargate_runs.answers.answer import Failure, Success
from fargate_runs.errors import EventError
from fargate_runs.ports import CallbacksUnavailableError, StoreUnavailableError
from tests.fakes.attempts import SECOND, SECOND_TOKEN, running
from tests.fakes.ecs import (
    CANARY,
    RUN_ID,
    TASK_ID,
    TOKEN,
    container,
    detail,
    event,
    life,
    overrides,
)
from tests.fakes.tables import TABLE, spoil
from tests.functional.conftest import Stack
from tests.functional.printed import line_of, lines_of, metrics_of, secrets_in


def test_a_life(stack: Stack, printed: Callable[[], str]) -> None:
    stack.logs.everywhere = ('{"rows": 3}',)
    for each in life():
        stack.task_state_change(event(each))
    answer = stack.callbacks.answers[TOKEN]
    assert isinstance(answer, Success)
    assert json.loads(answer.output)["result"] == {"rows": 3}
    run, task = sorted(stack.items(), key=lambda item: str(item["sk"]))
    assert (run["pk"]["S"], run["sk"]["S"], run["status"]["S"]) == (f"RUN#{RUN_ID}", "RUN", "RUNNING")
    assert (task["sk"]["S"], task["delivery"]["S"]) == (f"TASK#{TASK_ID}", "DELIVERED")
    assert task["pattern"]["S"] == "callback"
    assert metrics_of(printed()) == [("TasksSettled", "None")]


def test_a_failure(stack: Stack, printed: Callable[[], str]) -> None:
    stack.task_state_change(event(detail(containers=[container(exit_code=3)])))
    answer = stack.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == "Container.ExitedNonZero"
    said = printed()
    assert metrics_of(said) == [("TasksSettled", "Container.ExitedNonZero")]
    line = line_of(said, message="task state taken in")
    assert (line["run_id"], line["error"], line["delivery"]) == (RUN_ID, "Container.ExitedNonZero", "DELIVERED")


def test_every_token_whose_key_is_not_ours_to_use_is_counted(stack: Stack, printed: Callable[[], str]) -> None:
    """The answer of this task, and the question whether the attempt before it was replaced."""
    stack.callbacks.with_another_key = {TOKEN, SECOND_TOKEN}
    stack.task_state_change(event(running()))
    printed()
    stack.task_state_change(event(detail(**SECOND)))
    said = printed()
    assert metrics_of(said) == [("TasksSettled", "None"), ("AnswersWithheld", None)]
    assert [line["AnswersWithheld"] for line in lines_of(said) if "AnswersWithheld" in line] == [[2.0]]


def test_what_somebody_may_want_to_be_woken_for(stack: Stack, printed: Callable[[], str]) -> None:
    stack.callbacks.close(TOKEN)
    stack.logs.is_down = True
    stack.task_state_change(event(detail()))
    stack.task_state_change(event(detail(version=6, containers=[container(exit_code=1)])))
    assert metrics_of(printed()) == [
        ("TasksSettled", "None"),
        ("TokensClosedByOthers", None),
        ("LogsUnread", None),
        ("LateEvidence", None),
    ]


def test_a_run_of_another_version_does_not_keep_its_task_from_being_settled(
    stack: Stack, printed: Callable[[], str]
) -> None:
    stack.task_state_change(event(life()[2]))
    spoil(stack.dynamodb, RUN_ID)
    stack.task_state_change(event(detail()))
    assert TOKEN in stack.callbacks.answers
    said = printed()
    assert ("RecordsUnreadable", None) in metrics_of(said)
    assert line_of(said, message="the run's own record cannot be read: it does not show this task")["run_id"] == RUN_ID


def test_a_bad_event_leaves_its_neighbours_alone(stack: Stack) -> None:
    stack.task_state_change(event(life()[2]))
    with pytest.raises(EventError):
        stack.task_state_change({})
    stack.task_state_change(event(detail()))
    assert TOKEN in stack.callbacks.answers


def test_step_functions_is_down_and_then_is_not(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_answer: str) -> None:
        raise CallbacksUnavailableError("Step Functions answered ThrottlingException")

    with monkeypatch.context() as broken:
        broken.setattr(stack.callbacks, "send_success", down)
        with pytest.raises(CallbacksUnavailableError):
            stack.task_state_change(event(detail()))
    (task,) = (item for item in stack.items() if item["sk"]["S"] != "RUN")
    assert task["delivery"]["S"] == "PENDING"
    stack.task_state_change(event(detail()))
    assert TOKEN in stack.callbacks.answers


def test_a_task_of_another_kind_is_recorded_by_its_id(stack: Stack) -> None:
    alien = detail(overrides={"containerOverrides": [{"name": "main"}]}, startedBy="ecs-svc/1")
    stack.task_state_change(event(alien))
    assert {item["pk"]["S"] for item in stack.items()} == {f"RUN#{TASK_ID}"}


def test_the_machines_of_the_aws_page_are_settled(stack: Stack) -> None:
    """The callback machine has its token in TASK_TOKEN_ENV_VARIABLE and no RUN_ID; the .sync machine has neither."""
    stack.task_state_change(event(detail(overrides=overrides(run_id=None, token_variable="TASK_TOKEN_ENV_VARIABLE"))))
    assert TOKEN in stack.callbacks.answers
    sync = detail(
        taskArn=str(detail()["taskArn"])[:-1] + "0",
        startedBy="AWS Step Functions",
        overrides={"containerOverrides": [{"name": "main", "command": ["job"]}]},
    )
    stack.task_state_change(event(sync))
    patterns = {item["pattern"]["S"] for item in stack.items() if item["sk"]["S"] == "RUN"}
    assert patterns == {"callback", "sync"}


@pytest.mark.parametrize("log_event", ["true", "false"])
def test_neither_token_nor_environment_is_ever_logged_or_kept(
    stack: Stack, printed: Callable[[], str], log_event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", log_event)
    for each in [*life(), detail(), detail(version=6, containers=[container(exit_code=1)])]:
        stack.task_state_change(event(each))
    stack.dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailableError):
        stack.task_state_change(event(detail()))
    said = printed()
    assert "task state taken in" in said
    assert secrets_in(said) == set()


def test_neither_is_kept_once_the_answer_is_given(stack: Stack) -> None:
    for each in life():
        stack.task_state_change(event(each))
        assert CANARY not in str(stack.items())
    assert secrets_in(str(stack.items())) == set()
