"""What becomes of a failure: another attempt or the end, decided by the machines as the table of outcomes says."""

import pytest

from fargate_runs.kinds import KINDS, ErrorName
from fargate_runs.request import MOST_RETRIES
from tests.template.evaluating import NAME, Evaluate, choose, evaluated
from tests.template.loading import Node, Object

RESTING: Object = {
    "capacity": "on-demand",
    "provider": "FARGATE",
    "attempt": 1,
    "retried": 0,
    "retries": 3,
    "retryOnExitCodes": [],
    "throttles": 0,
}
AGAIN = "Wait before the next attempt"
OVER = "The run failed"
STEP_FUNCTIONS_OWN = ["States.Timeout", "States.TaskFailed", "ECS.AccessDeniedException", "ECS.AmazonECSException"]


def start_state(machine: Object) -> str:
    name: str = machine["States"]["Check the input"]["Choices"][-1]["Next"]
    return name


def what_now(
    machine: Object, evaluate: Evaluate, error: str, exit_code: int | None = None, **changes: Node
) -> tuple[str, Object]:
    transient = error in list(ErrorName) and KINDS[ErrorName(error)].transient
    failure = {"error": error, "cause": "{}", "transient": transient, "throttled": False}
    failure |= {} if exit_code is None else {"exitCode": exit_code}
    return choose(machine["States"]["What now?"], evaluate, {}, RESTING | {"failure": failure} | changes)


@pytest.mark.parametrize("error", [*ErrorName, *STEP_FUNCTIONS_OWN])
def test_exactly_the_transient_kinds_are_tried_again(error: str, deployed: Object, evaluate: Evaluate) -> None:
    kind = KINDS.get(ErrorName(error)) if error in list(ErrorName) else None
    after, variables = what_now(deployed, evaluate, error, exit_code=1)
    assert after == (AGAIN if kind and kind.transient else OVER)
    assert variables["retried"] == (1 if after == AGAIN else 0)


@pytest.mark.parametrize("error", ErrorName)
def test_an_exit_code_that_is_asked_for_is_tried_again(error: str, deployed: Object, evaluate: Evaluate) -> None:
    """For the endings that are the container's own: after a stop by somebody the code says nothing."""
    again, _ = what_now(deployed, evaluate, error, 75, retryOnExitCodes=[75])
    assert (again == AGAIN) == (KINDS[ErrorName(error)].transient or error.startswith("Container."))


@pytest.mark.parametrize(
    ("exit_code", "codes", "after"),
    [(75, [75], AGAIN), (75, [3, 75], AGAIN), (75, [3], OVER), (75, [], OVER), (None, [75], OVER), (7, [75], OVER)],
)
def test_which_exit_codes(
    exit_code: int | None, codes: list[int], after: str, deployed: Object, evaluate: Evaluate
) -> None:
    found, _ = what_now(deployed, evaluate, "Container.ExitedNonZero", exit_code, retryOnExitCodes=codes)
    assert found == after


@pytest.mark.parametrize(("retried", "retries", "after"), [(0, 0, OVER), (2, 3, AGAIN), (3, 3, OVER), (9, 10, AGAIN)])
@pytest.mark.parametrize("error", ["Task.ImagePullFailed", "Container.ExitedNonZero"])
def test_there_is_one_limit_for_both(
    error: str, retried: int, retries: int, after: str, deployed: Object, evaluate: Evaluate
) -> None:
    found, _ = what_now(deployed, evaluate, error, 3, retryOnExitCodes=[3], retried=retried, retries=retries)
    assert found == after


@pytest.mark.parametrize("error", ["Task.SpotInterrupted", "Task.CapacityUnavailable"])
def test_spot_first_goes_on_with_on_demand_at_once_and_it_does_not_count(
    error: str, deployed: Object, evaluate: Evaluate
) -> None:
    spot_first: Object = {"capacity": "spot-first", "provider": "FARGATE_SPOT", "retries": 0}
    after, variables = what_now(deployed, evaluate, error, **spot_first)
    assert after == start_state(deployed)
    assert (variables["provider"], variables["retried"]) == ("FARGATE", 0)
    after, _ = what_now(deployed, evaluate, error, **(spot_first | {"provider": "FARGATE"}))
    assert after == OVER


@pytest.mark.parametrize("error", ["Task.SpotInterrupted", "Task.CapacityUnavailable"])
def test_spot_alone_stays_on_spot(error: str, deployed: Object, evaluate: Evaluate) -> None:
    after, variables = what_now(deployed, evaluate, error, capacity="spot", provider="FARGATE_SPOT")
    assert (after, variables["provider"]) == (AGAIN, "FARGATE_SPOT")


def test_spot_first_stays_where_it_is_for_other_failures(deployed: Object, evaluate: Evaluate) -> None:
    after, variables = what_now(
        deployed, evaluate, "Task.ImagePullFailed", capacity="spot-first", provider="FARGATE_SPOT"
    )
    assert (after, variables["provider"]) == (AGAIN, "FARGATE_SPOT")


@pytest.mark.parametrize("retried", range(1, MOST_RETRIES + 1))
def test_the_wait_is_a_random_part_of_an_interval_that_doubles_up_to_a_cap(
    retried: int, deployed: Object, evaluate: Evaluate
) -> None:
    wait = deployed["States"][AGAIN]
    assert wait["Next"] == start_state(deployed)
    longest = min(300, 10 * 2 ** (retried - 1))
    _, variables = what_now(deployed, evaluate, "Task.ImagePullFailed", retried=retried - 1, retries=MOST_RETRIES)
    assert variables["longestWait"] == longest
    seconds = [evaluated(wait["Seconds"], evaluate, {}, variables) for _ in range(60)]
    assert all(0 <= each <= longest and each == int(each) for each in seconds)
    assert len(set(seconds)) > 3


def test_the_end_has_the_failure_as_it_is(deployed: Object, evaluate: Evaluate) -> None:
    fields = {key: deployed["States"][OVER][key] for key in ("Error", "Cause")}
    found = evaluated(fields, evaluate, {}, {"failure": {"error": "Task.Unknown", "cause": '{"a": 1}'}})
    assert found == {"Error": "Task.Unknown", "Cause": '{"a": 1}'}


class TestCallback:
    def test_what_is_caught_is_what_may_be_tried_again(self, callback: Object) -> None:
        caught = set(callback["States"]["Run the task"]["Catch"][1]["ErrorEquals"])
        transient = {name for name, kind in KINDS.items() if kind.transient}
        assert caught == transient | {ErrorName.EXITED_NON_ZERO, ErrorName.OUT_OF_MEMORY}

    @pytest.mark.parametrize(
        ("error", "cause", "transient"),
        [
            ("Task.ImagePullFailed", '{"transient":true,"exitCode":null}', True),
            ("Task.ImagePullFailed", '{"summary":"no space left on device","transient":false}', False),
            ("Task.ImagePullFailed", '{"transient":true,"lastLogLines":["{\\"transient\\":false}"]}', True),
            ("Task.SpotInterrupted", None, True),
            ("Container.ExitedNonZero", '{"transient":false}', False),
            ("Container.ExitedNonZero", "", False),
        ],
    )
    def test_the_cause_may_say_that_this_one_does_not_pass(
        self, error: str, cause: str | None, transient: bool, callback: Object, evaluate: Evaluate
    ) -> None:
        catch = callback["States"]["Run the task"]["Catch"][1]
        output = {"Error": error} | ({} if cause is None else {"Cause": cause})
        assert (
            evaluated(catch["Assign"], evaluate, {"errorOutput": output}, RESTING)["failure"]["transient"] is transient
        )

    @pytest.mark.parametrize(
        ("cause", "exit_code"),
        [
            ('{"summary":"\\"exitCode\\":9","exitCode":3,"lastLogLines":["{\\"exitCode\\":4}"]}', 3),
            ('{"exitCode":137}', 137),
            ('{"exitCode":null,"taskArn":"x"}', None),
            ("no JSON at all: {", None),
            ("", None),
            (None, None),
        ],
    )
    def test_the_exit_code_is_read_from_any_cause(
        self, cause: str | None, exit_code: int | None, callback: Object, evaluate: Evaluate
    ) -> None:
        catch = callback["States"]["Run the task"]["Catch"][1]
        output = {"Error": "Container.ExitedNonZero"} | ({} if cause is None else {"Cause": cause})
        found = evaluated(catch["Assign"], evaluate, {"errorOutput": output}, RESTING)
        assert found["attempt"] == 2
        assert found["failure"].get("exitCode") == exit_code
        assert found["failure"]["cause"] == (cause or "")

    @pytest.mark.parametrize("error", ErrorName)
    def test_what_is_caught_says_whether_it_passes(
        self, error: ErrorName, callback: Object, evaluate: Evaluate
    ) -> None:
        catch = callback["States"]["Run the task"]["Catch"][1]
        if error in catch["ErrorEquals"]:
            failure = evaluated(catch["Assign"], evaluate, {"errorOutput": {"Error": error}}, RESTING)["failure"]
            assert (failure["transient"], failure["throttled"]) == (KINDS[error].transient, False)


class TestSync:
    def test_every_failure_of_a_task_is_judged(self, sync: Object, evaluate: Evaluate) -> None:
        catch = sync["States"]["Run the task"]["Catch"][1]
        assert (catch["ErrorEquals"], catch["Next"]) == (["States.TaskFailed"], "Judge the failure")
        failure = {"cause": "{}", "transient": False, "throttled": False}
        for error, attempt in (("States.TaskFailed", 2), ("ECS.AccessDeniedException", 1)):
            output = {"Error": error, "Cause": "{}"}
            found = evaluated(catch["Assign"], evaluate, {"errorOutput": output}, RESTING)
            assert found == {"attempt": attempt, "failure": {"error": error, **failure}}


class TestJudge:
    def test_the_judgement_is_what_the_machine_goes_on_with(self, deployed: Object, evaluate: Evaluate) -> None:
        judge = deployed["States"]["Judge the failure"]
        failure = {"error": "States.TaskFailed", "cause": "{}"}
        asked = evaluated(judge["Arguments"], evaluate, {}, {"failure": failure})
        assert asked["Payload"] == {**failure, "runId": NAME}
        answer = {"error": "Container.ExitedNonZero", "cause": "{…}", "transient": False, "exitCode": 3}
        found = evaluated(judge["Assign"], evaluate, {"result": {"Payload": answer}}, {"failure": failure})
        assert found["failure"] == answer
        assert judge["Next"] == "What now?"

    def test_where_it_cannot_be_judged_the_error_goes_on_as_it_is(self, deployed: Object) -> None:
        assert deployed["States"]["Judge the failure"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": OVER}]
