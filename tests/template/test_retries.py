"""What becomes of a failure in the machines: who is asked about it, and that they do as they are told.

What is decided is in tests/unit/test_attempts.py and tests/unit/test_judge_task.py.
"""

import pytest

from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.runs.attempts import Plan
from fargate_runs.runs.request import Capacity
from tests.template.evaluating import NAME, Evaluate, choose, evaluated
from tests.template.loading import Node, Object
from tests.template.walking import Raised, walk

AGAIN = "Wait before the next attempt"
OVER = "The run failed"
START = "Run the task"
PLAN = Plan.first(Capacity.SPOT_FIRST, 3, (75,), 10).as_json()


def test_the_machine_does_as_it_is_told(deployed: Object, evaluate: Evaluate) -> None:
    for again, after in ((True, AGAIN), (False, OVER)):
        assert choose(deployed["States"]["What now?"], evaluate, {}, {"failure": {"again": again}})[0] == after
    wait = deployed["States"][AGAIN]
    assert wait["Next"] == START
    for seconds in (0, 300):
        assert evaluated(wait["Seconds"], evaluate, {}, {"failure": {"waitSeconds": seconds}}) == seconds


def test_the_end_has_the_failure_as_it_is(deployed: Object, evaluate: Evaluate) -> None:
    fields = {key: deployed["States"][OVER][key] for key in ("Error", "Cause")}
    found = evaluated(fields, evaluate, {}, {"failure": {"error": "Task.Unknown", "cause": '{"a": 1}'}})
    assert found == {"Error": "Task.Unknown", "Cause": '{"a": 1}'}


@pytest.mark.parametrize(("cause", "kept"), [('{"exitCode":3}', '{"exitCode":3}'), ("", ""), (None, "")])
def test_what_is_caught_is_judged_as_it_came(
    cause: str | None, kept: str, deployed: Object, evaluate: Evaluate
) -> None:
    """The answer to a token may have no cause at all, or none but null (fact B40)."""
    (catch,) = deployed["States"][START]["Catch"]
    assert catch["Next"] == "Judge the failure"
    for output in ({"Error": "Container.ExitedNonZero", "Cause": cause}, {"Error": "Container.ExitedNonZero"}):
        found = evaluated(catch["Assign"], evaluate, {"errorOutput": output}, {})
        assert found == {"failure": {"error": output["Error"], "cause": kept if "Cause" in output else ""}}


def test_the_judgement_is_what_the_machine_goes_on_with(deployed: Object, evaluate: Evaluate) -> None:
    judge = deployed["States"]["Judge the failure"]
    failure = {"error": "States.TaskFailed", "cause": "{}"}
    asked = evaluated(judge["Arguments"], evaluate, {}, {"failure": failure, "plan": PLAN})
    assert asked["Payload"] == {**failure, "runId": NAME, "plan": PLAN}
    answer: Node = {"error": "Task.SpotInterrupted", "cause": "{…}", "again": True, "waitSeconds": 0}
    answer["plan"] = {**PLAN, "provider": "FARGATE"}
    found = evaluated(judge["Assign"], evaluate, {"result": {"Payload": answer}}, {"failure": failure, "plan": PLAN})
    assert found == {"failure": answer, "plan": answer["plan"]}
    assert judge["Next"] == "What now?"


def test_where_it_cannot_be_judged_the_error_goes_on_as_it_is(deployed: Object) -> None:
    assert deployed["States"]["Judge the failure"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": OVER}]


class TestCallback:
    def test_what_is_caught_is_what_may_be_tried_again(self, callback: Object) -> None:
        """The others end the execution in the state that runs the task, so that a redrive runs one."""
        caught = set(callback["States"][START]["Catch"][0]["ErrorEquals"])
        transient = {name for name, kind in KINDS.items() if kind.transient}
        of_tasks = {name for name in caught if not name.startswith(("ECS.", "AmazonECS."))}
        assert of_tasks == transient | {ErrorName.EXITED_NON_ZERO, ErrorName.OUT_OF_MEMORY}

    def test_an_outcome_is_tried_again_by_its_name(self, callback: Object, evaluate: Evaluate) -> None:
        lost_its_host = Raised("Task.InfrastructureFailed", '{"transient":true,"exitCode":null}')
        went = walk(callback, evaluate, {"retries": 1}, lost_its_host)
        assert (went.error, went.attempts, len(went.waits)) == (None, ["1", "2"], 1)
        went = walk(callback, evaluate, {"retries": 1}, lost_its_host, lost_its_host)
        assert (went.error, went.cause) == (lost_its_host.error, lost_its_host.cause)

    @pytest.mark.parametrize(("exit_code", "attempts"), [(75, ["1", "2"]), (3, ["1"])])
    def test_an_exit_code_that_is_asked_for(
        self, exit_code: int, attempts: list[str], callback: Object, evaluate: Evaluate
    ) -> None:
        exited = Raised("Container.ExitedNonZero", f'{{"transient":false,"exitCode":{exit_code}}}')
        went = walk(callback, evaluate, {"retryOnExitCodes": [75]}, exited)
        assert (went.attempts, went.error) == (attempts, None if exit_code == 75 else exited.error)

    def test_an_error_of_the_containers_own_ends_the_run(self, callback: Object, evaluate: Evaluate) -> None:
        went = walk(callback, evaluate, {}, Raised("Job.Failed", "mine"))
        assert (went.error, went.cause, went.steps) == ("Job.Failed", "mine", ["Prepare the run", START])


class TestSync:
    def test_every_failure_of_a_task_is_judged(self, sync: Object) -> None:
        (catch,) = sync["States"][START]["Catch"]
        assert catch["ErrorEquals"] == ["States.TaskFailed"]
