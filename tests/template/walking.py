"""Walks a state machine from its input to its end, its Retry and Catch included, with the real functions behind Lambda.

RunTask answers what a test says, call by call. Time does not pass: what a Wait state waits for is written down.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.errors import FargateRunsError, InvalidRunRequestError
from fargate_runs.ports import RunStore
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.attempts import Plan
from fargate_runs.usecases.judge_task import JudgeTask
from fargate_runs.usecases.prepare_run import PrepareRun
from tests.fakes.clock import StoppedClock
from tests.fakes.logs import InMemoryLogs
from tests.fakes.preparing import prepare_run
from tests.fakes.settling import LOG_PLACE, PRICES
from tests.fakes.store import InMemoryRunStore
from tests.template.evaluating import CONTEXT, SUBSTITUTIONS, Evaluate, UndefinedResultError, choose, evaluated
from tests.template.loading import Node, Object

TASK_ARN: Final = "arn:aws:ecs:us-east-1:123456789012:task/fargate-runs/0a1b"
_MOST_STEPS: Final = 500


@dataclass(frozen=True)
class Raised(Exception):  # noqa: N818  # it is what a Task state fails with, and not always an error here
    """An error of a Task state, as Step Functions gives it to Retry and Catch."""

    error: str
    cause: str | None = None

    @property
    def output(self) -> Object:
        """`$states.errorOutput`."""
        return {"Error": self.error} | ({} if self.cause is None else {"Cause": self.cause})


@dataclass
class Walk:
    """How an execution went. `steps` are the states in turn, and "retried" for each retry of one."""

    error: str | None = None
    cause: str | None = None
    calls: list[Object] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    variables: dict[str, Node] = field(default_factory=dict)
    output: Node = None

    @property
    def attempts(self) -> list[str]:
        """RUN_ATTEMPT of each call."""
        return [variable(call, "RUN_ATTEMPT") for call in self.calls]

    @property
    def providers(self) -> list[str]:
        """The capacity provider of each call."""
        return [call["CapacityProviderStrategy"][0]["CapacityProvider"] for call in self.calls]


def variable(call: Object, name: str) -> str:
    """What the container gets under this name."""
    environment = call["Overrides"]["ContainerOverrides"][0]["Environment"]
    (value,) = (each["Value"] for each in environment if each["Name"] == name)
    return str(value)


def answer(machine: Object) -> Node:
    """What RunTask gives to a state when all goes well."""
    resource = next(state["Resource"] for state in machine["States"].values() if ":ecs:" in state.get("Resource", ""))
    task = {"TaskArn": TASK_ARN, "StoppedReason": "", "Containers": [{"Name": "main", "ExitCode": 0}]}
    return {"Failures": [], "Tasks": [task]} if resource.endswith("runTask") else task


def judge(payload: Mapping[str, Node]) -> Object:
    """JudgeTaskFunction."""
    judged = JudgeTask(TaskLogs(InMemoryLogs(), LOG_PLACE, None), StoppedClock(), prices=PRICES)
    plan = Plan.from_json(payload["plan"])
    return judged(payload["error"], payload["cause"] or "", payload["runId"], plan).as_json()


def preparing(store: RunStore, use_case: PrepareRun | None = None) -> Callable[[Mapping[str, Node]], Object]:
    """PrepareRunFunction, and its errors as Step Functions gives them on. A test may have a use case of its own."""
    use_case = use_case or prepare_run(store)

    def prepare(payload: Mapping[str, Node]) -> Object:
        execution = Execution.from_detail({**payload, "status": "RUNNING"})
        try:
            return use_case(payload["input"], execution, Pattern(payload["pattern"])).as_json()
        except InvalidRunRequestError as error:
            raise raised_by_a_function(error.cut()) from None
        except FargateRunsError as error:
            raise raised_by_a_function(error) from None

    return prepare


def raised_by_a_function(error: Exception) -> Raised:
    """The name is that of the class, and the cause is what Lambda answers."""
    name = type(error).__name__
    return Raised(name, json.dumps({"errorMessage": str(error), "errorType": name, "stackTrace": []}))


def walk(
    machine: Object,
    evaluate: Evaluate,
    given: Object,
    *answers: Node | Raised,
    judge: Callable[[Mapping[str, Node]], Object] = judge,
    prepare: Callable[[Mapping[str, Node]], Object] | None = None,
    wait: Callable[[Mapping[str, Node]], Object] = dict,
    context: Object = CONTEXT,
) -> Walk:
    """Run a machine. RunTask answers `answers` in turn, and all is well after them.

    `wait` is called with what the function gets that keeps a run waiting, and returns the answer to its token.
    """
    context = {**context, "Execution": {**context["Execution"], "Input": given}}
    functions = {
        SUBSTITUTIONS["PrepareRunFunctionArn"]: prepare or preparing(InMemoryRunStore()),
        SUBSTITUTIONS["JudgeTaskFunctionArn"]: judge,
        SUBSTITUTIONS["WaitForSlotFunctionArn"]: wait,
    }
    went, name = Walk(), machine["StartAt"]
    results = iter(answers)
    for _ in range(_MOST_STEPS):
        state = machine["States"][name]
        went.steps.append(name)
        states = {"input": given, "context": context}
        if state["Type"] == "Choice":
            name, went.variables = choose(state, evaluate, states, went.variables)
        elif state["Type"] == "Wait":
            went.waits.append(evaluated(state["Seconds"], evaluate, states, went.variables))
            name = state["Next"]
        elif state["Type"] == "Task":
            following = _task(state, evaluate, states, went, _resource(machine, state, results, went, functions))
            if following is None:
                return went
            name, given = following
        else:
            for field_name, value in evaluated(
                {key: state[key] for key in ("Error", "Cause") if key in state}, evaluate, states, went.variables
            ).items():
                setattr(went, field_name.lower(), value)
            went.output = states["input"] if state["Type"] == "Succeed" else None
            return went
    raise AssertionError(f"no end after {_MOST_STEPS} states")


def _resource(
    machine: Object,
    state: Object,
    results: Iterator[Node | Raised],
    went: Walk,
    functions: Mapping[str, Callable[[Mapping[str, Node]], Object]],
) -> Callable[[Object], Node]:
    def run_task(arguments: Object) -> Node:
        went.calls.append(arguments)
        result = next(results, None)
        if isinstance(result, Raised):
            raise result
        return answer(machine) if result is None else result

    def invoke(arguments: Object) -> Node:
        answered = functions[arguments["FunctionName"]](arguments["Payload"])
        return {"Payload": json.loads(json.dumps(answered))}

    def until_answered(arguments: Object) -> Node:
        return functions[arguments["FunctionName"]](arguments["Payload"])

    if state["Resource"].endswith("lambda:invoke.waitForTaskToken"):
        return until_answered
    return run_task if ":ecs:" in state["Resource"] else invoke


def _task(
    state: Object, evaluate: Evaluate, states: Object, went: Walk, resource: Callable[[Object], Node]
) -> tuple[str, Node] | None:
    """The next state and its input; None at the end of the execution."""
    retried: Counter[int] = Counter()
    while True:
        try:
            result = resource(evaluated(state["Arguments"], evaluate, states, went.variables))
        except Raised as raised:
            at = next((n for n, each in enumerate(state["Retry"]) if _names(each, raised.error)), None)
            if at is not None and retried[at] < state["Retry"][at]["MaxAttempts"]:
                retried[at] += 1
                went.steps.append("retried")
                continue
            return _caught(state, evaluate, states, went, raised)
        try:
            assigned = evaluated(state.get("Assign", {}), evaluate, states | {"result": result}, went.variables)
        except UndefinedResultError as error:
            return _caught(state, evaluate, states, went, Raised("States.QueryEvaluationError", str(error)))
        went.variables |= assigned
        return (state["Next"], result) if "Next" in state else None


def _caught(state: Object, evaluate: Evaluate, states: Object, went: Walk, raised: Raised) -> tuple[str, Node] | None:
    catch = next((each for each in state.get("Catch", []) if _names(each, raised.error)), None)
    if catch is None:
        went.error, went.cause = raised.error, raised.cause
        return None
    states |= {"errorOutput": raised.output}
    assigned = evaluated(catch.get("Assign", {}), evaluate, states, went.variables)
    output = evaluated(catch["Output"], evaluate, states, went.variables) if "Output" in catch else raised.output
    went.variables |= assigned
    return catch["Next"], output


def _names(entry: Object, error: str) -> bool:
    """Fact B27: States.TaskFailed stands for any error but a time-out, States.ALL for any but these two."""
    listed = entry["ErrorEquals"]
    is_any = "States.ALL" in listed and error not in {"States.DataLimitExceeded", "States.Runtime"}
    return error in listed or is_any or ("States.TaskFailed" in listed and error != "States.Timeout")
