"""The failure of a state that runs a task: of a `.sync` task in the words of an outcome, or of the call."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_runs.answers.answer import Failure
from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.attempts import Plan
from fargate_runs.runs.request import Capacity
from fargate_runs.usecases.judge_task import Judgement, JudgeTask
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import RUN_ID, TASK_ID, TOKEN, Detail, container, detail, failed_start, overrides
from tests.fakes.logs import InMemoryLogs
from tests.fakes.settling import LOG_PLACE, PRICES, World
from tests.fakes.task_definitions import InMemoryTaskDefinitions

GUARD_DUTY = container("aws-guardduty-agent-x", 1)


def pascal(value: Any) -> Any:
    """As Step Functions writes a task (fact B20)."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: pascal(each) for name, each in value.items()}
    return [pascal(each) for each in value] if isinstance(value, list) else value


def judged(of: Detail, *lines: str, error: str = "States.TaskFailed") -> Judgement:
    judge = JudgeTask(
        TaskLogs(InMemoryLogs(*lines), LOG_PLACE, InMemoryTaskDefinitions()), StoppedClock(), prices=PRICES
    )
    return judge(error, json.dumps(pascal(of)))


def sidecars(main: object, *others: tuple[str, object], **changes: object) -> Detail:
    listed = [container("main", main), *(container(*other) for other in others)]
    return detail(containers=listed, overrides=overrides(token=None, others=[name for name, _ in others]), **changes)


TABLE: dict[str, tuple[Detail, ErrorName, bool, int | None]] = {
    "an exit code": (sidecars(3), ErrorName.EXITED_NON_ZERO, False, 3),
    "spot": (sidecars(143, stopCode="SpotInterruption"), ErrorName.SPOT_INTERRUPTED, True, 143),
    "a failed start": (failed_start("CannotPullContainerError: x: not found"), ErrorName.IMAGE_NOT_FOUND, False, None),
    "the older form": (
        failed_start("Task failed to start", containers=[container(reason="CannotPullContainerError: i/o timeout")]),
        ErrorName.IMAGE_PULL_FAILED,
        True,
        None,
    ),
    "only a sidecar failed": (sidecars(0, ("proxy", 2)), ErrorName.SIDECAR_FAILED, False, 0),
    "only a sidecar never started": (sidecars(0, ("proxy", None)), ErrorName.SIDECAR_FAILED, False, 0),
    "only an injected container failed": (
        detail(containers=[GUARD_DUTY, container("main", 0)]),
        ErrorName.SIDECAR_FAILED,
        False,
        0,
    ),
    "nothing shows why": (sidecars(0), ErrorName.UNKNOWN, False, None),
    "the task is on its way out": (
        sidecars(3, lastStatus="DEPROVISIONING", version=4),
        ErrorName.EXITED_NON_ZERO,
        False,
        3,
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_name_is_the_outcomes(case: str) -> None:
    task, error, transient, exit_code = TABLE[case]
    judgement = judged(task)
    assert (judgement.error, judgement.transient, judgement.exit_code) == (error, transient, exit_code)
    assert json.loads(judgement.cause)["summary"]


def test_a_sidecar_that_failed_alone_is_named_and_explained() -> None:
    cause = json.loads(judged(sidecars(0, ("proxy", 2))).cause)
    assert "Container proxy exited with code 2" in cause["summary"]
    assert "callback" in cause["advice"]
    assert cause["status"] == "FAILED"


@pytest.mark.parametrize(
    ("others", "culprit"),
    [
        ((("a", 143), ("b", 1)), "b"),
        ((("a", 143), ("b", 137)), "b"),
        ((("a", 3_221_225_786), ("b", 2)), "b"),
        ((("a", 137), ("b", 1)), "b"),
        ((("a", 1), ("b", 255)), "a"),
        ((("a", 0), ("b", 143)), "b"),
        ((("a", None), ("b", 143)), "b"),
        ((("a", 0), ("b", None)), "b"),
        ((("aws-guardduty-agent-x", 1), ("b", 143)), "b"),
        ((("aws-guardduty-agent-x", None), ("b", None)), "b"),
        ((("aws-guardduty-agent-x", 1), ("b", None)), "b"),
        ((("aws-guardduty-agent-x", 1), ("b", 0)), "aws-guardduty-agent-x"),
    ],
)
def test_of_several_the_one_that_failed_by_itself_is_to_blame(
    others: tuple[tuple[str, int | None], ...], culprit: str
) -> None:
    """One that was told to stop when the main container had ended is not; an injected one only where nobody else is."""
    for listed in (others, others[::-1]):
        assert json.loads(judged(sidecars(0, *listed)).cause)["culprit"] == culprit


INJECTED = container("aws-guardduty-agent-x", 0, runtimeId="r")
CULPRITS = {
    "failed": (sidecars(0, ("proxy", 2)), "proxy", "runs/proxy/", "no route"),
    "never started": (
        detail(containers=[container(exit_code=0), container("proxy", reason="CannotStartContainerError: x")]),
        "proxy",
        "runs/proxy/",
        "the container never started",
    ),
    "not known to have started, beside an injected one that shows its runtime": (
        detail(containers=[container(exit_code=0), container("proxy"), INJECTED]),
        "proxy",
        "runs/proxy/",
        "no route",
    ),
    "injected": (
        detail(containers=[GUARD_DUTY, container("main", 0)]),
        "aws-guardduty-agent-x",
        "",
        "container aws-guardduty-agent-x is AWS's own: where it logs is not known",
    ),
}


@pytest.mark.parametrize("case", CULPRITS)
def test_the_culprit_s_log_is_read(case: str) -> None:
    of, culprit, stream, said = CULPRITS[case]
    logs = InMemoryLogs("of the main container")
    logs.streams[f"runs/proxy/{TASK_ID}"] = ("no route",)
    judge = JudgeTask(TaskLogs(logs, LOG_PLACE, InMemoryTaskDefinitions()), StoppedClock(), prices=PRICES)
    cause = json.loads(judge("States.TaskFailed", json.dumps(pascal(of))).cause)
    assert (cause["culprit"], cause["log"]["stream"]) == (culprit, f"runs/main/{TASK_ID}")
    assert (cause["lastLogLines"] or [cause["logNote"]]) == [said]
    assert (cause["culpritLog"] or {"stream": ""})["stream"] == (stream and stream + TASK_ID)


@pytest.mark.parametrize("case", ["an exit code", "spot", "a failed start"])
def test_the_cause_is_a_callback_runs(case: str) -> None:
    task = TABLE[case][0]
    world = World()
    world.logs.everywhere = ("before", "the end")
    world.settle({**task, "overrides": overrides()})
    answer = world.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    told = judged({**task, "overrides": overrides(token=None)}, "before", "the end")
    assert told.cause == answer.cause
    assert json.loads(told.cause)["runId"] == RUN_ID


NO_TASKS = ["", "no JSON", "[]", "null", "{}", '{"TaskArn": 3}', "{" * 50_000, '{"LastStatus":"STOPPED"}']


@pytest.mark.parametrize("cause", NO_TASKS, ids=range(len(NO_TASKS)))
def test_what_tells_of_no_task_goes_on_as_it_came(cause: str) -> None:
    judge = JudgeTask(TaskLogs(InMemoryLogs(), LOG_PLACE, None), StoppedClock(), prices=PRICES)
    assert judge("States.TaskFailed", cause) == Judgement("States.TaskFailed", cause)


@pytest.mark.parametrize("error", ["ECS.AccessDeniedException", "Task.Lost", "States.Runtime"])
def test_another_error_goes_on_as_it_came(error: str) -> None:
    found = judged(sidecars(3), error=error)
    assert (found.error, json.loads(found.cause), found.transient) == (error, pascal(sidecars(3)), False)


def test_a_call_that_was_refused_is_judged_by_its_text() -> None:
    judge = JudgeTask(TaskLogs(InMemoryLogs(), LOG_PLACE, None), StoppedClock(), prices=PRICES)
    throttle = ("ECS.AmazonECSException", "Rate exceeded")
    assert judge(*throttle, RUN_ID) == Judgement(*throttle, transient=True, throttled=True)
    none = judge("ECS.ClientException", "Capacity is unavailable at this time.", RUN_ID)
    assert (none.error, none.transient, none.throttled) == (ErrorName.CAPACITY_UNAVAILABLE, True, False)
    assert json.loads(none.cause)["runId"] == RUN_ID


def test_a_log_that_cannot_be_read_changes_nothing() -> None:
    logs = InMemoryLogs("never seen")
    logs.is_down = True
    judgement = JudgeTask(TaskLogs(logs, LOG_PLACE, None), StoppedClock(), prices=PRICES)(
        "States.TaskFailed", json.dumps(pascal(sidecars(3)))
    )
    assert judgement.error == "Container.ExitedNonZero"
    assert judgement.log_problem
    assert json.loads(judgement.cause)["lastLogLines"] == []


def test_the_log_of_the_stacks_own_task_is_read_and_no_other() -> None:
    assert json.loads(judged(sidecars(3), "a", "b").cause)["lastLogLines"] == ["a", "b"]
    foreign = sidecars(3, taskDefinitionArn="arn:aws:ecs:us-east-1:123456789012:task-definition/other:1")
    cause = json.loads(judged(foreign, "of somebody else").cause)
    assert (cause["log"], cause["lastLogLines"]) == (None, [])


@settings(max_examples=300, deadline=None)
@given(st.text(), st.recursive(st.none() | st.text() | st.integers() | st.floats(), st.lists, max_leaves=3))
def test_any_text_in_any_place_has_a_judgement(reason: str, odd: Any) -> None:
    task = {**detail(), "stoppedReason": reason, "containers": [container("main", odd)], "cpu": odd, "stoppedAt": odd}
    judgement = judged(task)
    assert judgement.error in list(ErrorName)
    assert json.loads(judgement.cause)["taskArn"].endswith(TASK_ID)
    assert EcsTask.from_detail(task).task_id == TASK_ID


JUDGE = JudgeTask(
    TaskLogs(InMemoryLogs(), LOG_PLACE, InMemoryTaskDefinitions()),
    StoppedClock(),
    prices=PRICES,
    part=lambda: 0.999_999,
)
PLAN = Plan.first(Capacity.ON_DEMAND, 1, (75,), 10)
RATE = (
    "Rate exceeded (Service: AmazonECS; Status Code: 400; Error Code: ThrottlingException; Request ID: 1; Proxy: null)"
)
EXITED = json.dumps(pascal(detail(containers=[container("main", 75)])))
SPOT = json.dumps(pascal(detail(containers=[container("main", 143)], stopCode="SpotInterruption")))


class TestTheAnswerToAToken:
    """A callback's state has failed with an outcome: its name and its cause say all that there is."""

    @pytest.mark.parametrize("error", ErrorName)
    def test_the_name_says_whether_it_passes(self, error: ErrorName) -> None:
        judgement = JUDGE(error, "{}")
        assert (judgement.error, judgement.cause, judgement.throttled) == (error, "{}", False)
        assert (judgement.transient, judgement.exit_code) == (KINDS[error].transient, None)

    @pytest.mark.parametrize(
        ("error", "cause", "transient"),
        [
            ("Task.ImagePullFailed", '{"transient":true,"exitCode":null}', True),
            ("Task.ImagePullFailed", '{"summary":"no space left on device","transient":false}', False),
            ("Task.ImagePullFailed", '{"transient":true,"lastLogLines":["{\\"transient\\":false}"]}', True),
            ("Task.SpotInterrupted", "", True),
            ("Task.SpotInterrupted", '["transient"]', True),
            ("Task.SpotInterrupted", "[" * 100_000, True),
            ("Container.ExitedNonZero", '{"transient":true}', False),
        ],
    )
    def test_the_cause_may_say_that_this_one_does_not_pass(self, error: str, cause: str, transient: bool) -> None:
        assert JUDGE(error, cause).transient is transient

    @pytest.mark.parametrize(
        ("cause", "exit_code"),
        [
            ('{"summary":"\\"exitCode\\":9","exitCode":3,"lastLogLines":["{\\"exitCode\\":4}"]}', 3),
            ('{"exitCode":137}', 137),
            ('{"exitCode":null,"taskArn":"x"}', None),
            ("no JSON at all: {", None),
            ("", None),
        ],
    )
    def test_the_exit_code_is_read_from_any_cause(self, cause: str, exit_code: int | None) -> None:
        judgement = JUDGE("Container.ExitedNonZero", cause)
        assert (judgement.exit_code, judgement.cause) == (exit_code, cause)


@pytest.mark.parametrize(
    ("error", "cause", "attempt", "retried", "throttles", "wait_seconds"),
    [
        ("States.TaskFailed", EXITED, 2, 1, 0, 10),
        ("States.TaskFailed", SPOT, 2, 1, 0, 10),
        ("Task.ProvisioningFailed", "", 2, 1, 0, 10),
        ("Container.ExitedNonZero", '{"exitCode":75}', 2, 1, 0, 10),
        ("AmazonECS.Unknown", '{"Failures": [{"Reason": "RESOURCE:CPU"}]}', 1, 1, 0, 10),
        ("ECS.ServerException", "x", 1, 1, 0, 10),
        ("ECS.AmazonECSException", RATE, 1, 0, 1, 2),
    ],
)
def test_another_attempt(error: str, cause: str, attempt: int, retried: int, throttles: int, wait_seconds: int) -> None:
    """A call that started no task is none."""
    answer = JUDGE(error, cause, RUN_ID, PLAN).as_json()
    assert (answer["again"], answer["waitSeconds"]) == (True, wait_seconds)
    plan = Plan.from_json(json.loads(json.dumps(answer["plan"])))
    assert (plan.attempt, plan.retried, plan.throttles) == (attempt, retried, throttles)


@pytest.mark.parametrize(
    ("rest_seconds", "again", "limit", "error"),
    [
        (3_600, True, 60, "Container.ExitedNonZero"),
        (40, True, 30, "Container.ExitedNonZero"),
        (11, True, 1, "Container.ExitedNonZero"),
        (10, False, 60, "Run.TotalTimeout"),
        (-5, False, 60, "Run.TotalTimeout"),
    ],
)
def test_an_attempt_has_what_is_left_of_the_total(rest_seconds: int, again: bool, limit: int, error: str) -> None:
    """The wait before it, of ten seconds, counts."""
    plan = replace(PLAN, timeout_seconds=60, deadline=NOON + timedelta(seconds=rest_seconds))
    answer = JUDGE("Container.ExitedNonZero", '{"exitCode":75}', RUN_ID, plan).as_json()
    assert (answer["again"], answer["error"]) == (again, error)
    assert Plan.from_json(json.loads(json.dumps(answer["plan"]))).timeout_seconds == limit
    if not again:
        assert answer["cause"] == "The run's totalTimeoutSeconds were over before another attempt could begin."
        assert (answer["transient"], answer["waitSeconds"], answer["plan"]) == (False, 0, plan.as_json())


def test_a_failure_that_is_not_tried_again_keeps_its_name_past_the_deadline() -> None:
    plan = replace(PLAN, timeout_seconds=60, deadline=NOON - timedelta(seconds=1))
    assert JUDGE("Container.ExitedNonZero", '{"exitCode":3}', RUN_ID, plan).error == "Container.ExitedNonZero"
    used_up = replace(plan, retries=0)
    assert JUDGE("Container.ExitedNonZero", '{"exitCode":75}', RUN_ID, used_up).error == "Container.ExitedNonZero"


@pytest.mark.parametrize(
    ("error", "cause"),
    [("States.TaskFailed", "no task"), ("ECS.AccessDeniedException", "no"), ("Job.Failed", ""), ("Task.Lost", "{}")],
)
def test_no_other_attempt(error: str, cause: str) -> None:
    answer = JUDGE(error, cause, RUN_ID, PLAN).as_json()
    assert (answer["error"], answer["cause"]) == (error, cause)
    assert (answer["again"], answer["waitSeconds"], answer["plan"]) == (False, 0, PLAN.as_json())


def test_a_machine_of_before_there_were_plans_decides_by_itself() -> None:
    answer = JUDGE("ECS.AmazonECSException", RATE, RUN_ID).as_json()
    assert answer.keys() == {"error", "cause", "transient", "throttled", "exitCode"}
    assert (answer["transient"], answer["throttled"]) == (True, True)


def test_waits_are_random() -> None:
    judge = JudgeTask(TaskLogs(InMemoryLogs(), LOG_PLACE, InMemoryTaskDefinitions()), StoppedClock(), prices=PRICES)
    waits = {judge("Task.ProvisioningFailed", "", RUN_ID, PLAN).as_json()["waitSeconds"] for _ in range(200)}
    assert len(waits) > 3
