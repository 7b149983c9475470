"""Executions that an execution starts: `states:startExecution` and its patterns (facts B26, B29, B31, B49)."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest

from tests.contract.conftest import ROLE, Aws, Json, make_role, state
from tests.waiting import eventually

START = "arn:aws:states:::states:startExecution"
PASS: Json = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
WAIT: Json = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
NOWHERE = "arn:aws:states:us-east-1:000000000000:stateMachine:nowhere"


def machine(aws: Aws, definition: Json) -> str:
    """A machine's ARN."""
    name = f"child-{uuid.uuid4().hex[:8]}"
    return aws.sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]


def types(aws: Aws, end: Json) -> list[object]:
    """The types of an execution's events."""
    return [event["type"] for event in aws.history(end["executionArn"])]


def child_of(arn: str, name: str) -> str:
    """The ARN of an execution."""
    return f"{arn.replace(':stateMachine:', ':execution:')}:{name}"


def test_b49_a_child_that_is_stopped_or_times_out_fails_its_parent(aws: Aws) -> None:
    arn, name = machine(aws, WAIT), uuid.uuid4().hex
    execution = aws.start(state(START + ".sync:2", {"StateMachineArn": arn, "Name": name}))
    eventually(lambda: "TaskSubmitted" in types(aws, {"executionArn": execution}), "the child")
    aws.sfn.stop_execution(executionArn=child_of(arn, name), error="Why", cause="not")
    stopped = json.loads(str(aws.ended(execution)["cause"]))
    assert (stopped["Status"], stopped["Error"], stopped["Cause"]) == ("ABORTED", "Why", "not")
    end = aws.run(state(START + ".sync:2", {"StateMachineArn": machine(aws, {**WAIT, "TimeoutSeconds": 1})}))
    timed_out = json.loads(str(end["cause"]))
    assert timed_out["Status"] == "TIMED_OUT"
    assert not {"Error", "Cause", "Output", "OutputDetails"} & set(timed_out)


def test_b29_a_child_may_answer_the_token_of_its_parent(aws: Aws) -> None:
    arn, name = machine(aws, WAIT), uuid.uuid4().hex
    given: Json = {"StateMachineArn": arn, "Name": name, "Input": {"token.$": "$$.Task.Token"}}
    execution = aws.start(state(START + ".waitForTaskToken", given))
    eventually(lambda: "TaskSubmitted" in types(aws, {"executionArn": execution}), "the child")
    child = aws.sfn.describe_execution(executionArn=child_of(arn, name))
    aws.sfn.send_task_success(taskToken=json.loads(child["input"])["token"], output='{"answer": 42}')
    assert json.loads(str(aws.ended(execution)["output"])) == {"answer": 42}
    assert aws.sfn.describe_execution(executionArn=child_of(arn, name))["status"] == "RUNNING"
    aws.sfn.stop_execution(executionArn=child_of(arn, name))


@pytest.mark.parametrize("suffix", [".sync", ".sync:2", ""])
def test_b26_stopping_the_parent_stops_the_child_of_sync_alone(aws: Aws, suffix: str) -> None:
    arn, name = machine(aws, WAIT), uuid.uuid4().hex
    definition = state(START + suffix, {"StateMachineArn": arn, "Name": name}, Next="Wait")
    states: Any = definition["States"]
    del states["Run"]["End"]
    states["Wait"] = {"Type": "Wait", "Seconds": 600, "End": True}
    execution = aws.start(definition)
    sign = "TaskSubmitted" if suffix else "WaitStateEntered"
    eventually(lambda: sign in types(aws, {"executionArn": execution}), sign)
    aws.sfn.stop_execution(executionArn=execution)
    if suffix:
        assert aws.ended(child_of(arn, name))["status"] == "ABORTED"
    else:
        assert aws.sfn.describe_execution(executionArn=child_of(arn, name))["status"] == "RUNNING"
        aws.sfn.stop_execution(executionArn=child_of(arn, name))


def test_b26_a_time_out_of_the_state_stops_the_child(aws: Aws) -> None:
    arn, name = machine(aws, WAIT), uuid.uuid4().hex
    end = aws.run(state(START + ".sync", {"StateMachineArn": arn, "Name": name}, TimeoutSeconds=1))
    assert end["error"] == "States.Timeout"
    assert aws.ended(child_of(arn, name))["status"] == "ABORTED"


@pytest.mark.parametrize("suffix", ["", ".sync", ".sync:2", ".waitForTaskToken"])
def test_b49_what_start_execution_refuses(aws: Aws, suffix: str) -> None:
    arn, name = machine(aws, PASS), uuid.uuid4().hex
    aws.sfn.start_execution(stateMachineArn=arn, name=name)
    aws.ended(child_of(arn, name))
    for parameters, error, said in (
        ({"StateMachineArn": NOWHERE}, "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{NOWHERE}'"),
        (
            {"StateMachineArn": arn, "Name": name},
            "ExecutionAlreadyExists",
            f"Execution Already Exists: '{child_of(arn, name)}'",
        ),
        ({"StateMachineArn": arn, "Name": "x" * 81}, "InvalidName", f"Invalid Name: '{'x' * 81}'"),
    ):
        end = aws.run(state(START + suffix, dict(parameters)))
        assert end["error"] == f"StepFunctions.{error}Exception"
        rest = f" (Service: AWSStepFunctions; Status Code: 400; Error Code: {error}; Request ID: "
        assert str(end["cause"]).startswith(said + rest)
        assert str(end["cause"]).endswith("; Proxy: null)")


@pytest.mark.parametrize(("suffix", "waits_for_its_end"), [("", False), (".sync", True), (".sync:2", True)])
def test_an_express_child_has_no_end_to_wait_for(aws: Aws, suffix: str, waits_for_its_end: bool) -> None:
    name = f"express-{uuid.uuid4().hex[:8]}"
    made = aws.sfn.create_state_machine(name=name, definition=json.dumps(PASS), roleArn=ROLE, type="EXPRESS")
    end = aws.run(state(START + suffix, {"StateMachineArn": made["stateMachineArn"]}))
    if not waits_for_its_end:
        assert end["status"] == "SUCCEEDED"
        return
    assert (end["status"], end["error"]) == ("FAILED", "StepFunctions.StateMachineTypeNotSupportedException")
    assert str(end["cause"]).startswith(
        "This operation is not supported by this type of state machine (Service: AWSStepFunctions; Status Code: 400; "
        "Error Code: StateMachineTypeNotSupported; Request ID: "
    )


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "The field 'StateMachineArn' is required but was missing"),
        ({"StateMachineArn": NOWHERE, "Name": 7}, "The value for the field 'Name' must be a STRING"),
        ({"StateMachineArn": NOWHERE, "input": {}}, "The field 'input' is not supported by Step Functions"),
    ],
)
def test_parameters_that_the_integration_does_not_take(aws: Aws, parameters: Json, problem: str) -> None:
    end = aws.run(state(START, parameters))
    assert end["error"] == "States.Runtime"
    assert str(end["cause"]).endswith(f"could not be used to start the Task: [{problem}]")


@pytest.mark.parametrize("suffix", ["", ".sync", ".sync:2", ".waitForTaskToken"])
def test_b31_the_role_has_to_be_allowed_to_start_executions(aws: Aws, suffix: str) -> None:
    arn, name = machine(aws, PASS), uuid.uuid4().hex
    role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", "ecs:RunTask")
    end = aws.ended(aws.start(state(START + suffix, {"StateMachineArn": arn, "Name": name}), role=role))
    assert end["error"] == "StepFunctions.AWSStepFunctionsException"
    assert re.match(
        r"User: arn:aws:sts::000000000000:assumed-role/machine-\w+/\w+ is not authorized to perform: "
        rf"states:StartExecution on resource: {arn} because no identity-based policy allows the states:StartExecution "
        r"action \(Service: AWSStepFunctions; Status Code: 400; Error Code: AccessDeniedException; Request ID: ",
        str(end["cause"]),
    )
    assert aws.sfn.list_executions(stateMachineArn=arn)["executions"] == []


def test_b31_a_role_that_may_not_stop_executions_leaves_the_child_running(aws: Aws) -> None:
    arn = machine(aws, WAIT)
    names = {}
    for may in ("states:StartExecution", "states:StopExecution"):
        role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", "states:StartExecution", may)
        names[may] = uuid.uuid4().hex
        execution = aws.start(state(START + ".sync", {"StateMachineArn": arn, "Name": names[may]}), role=role)
        eventually(lambda: "TaskSubmitted" in types(aws, {"executionArn": execution}), "the child")  # noqa: B023
        aws.sfn.stop_execution(executionArn=execution)
        aws.ended(execution)
    # The second abort, which does stop its child, shows that the first has had its turn.
    assert aws.ended(child_of(arn, names["states:StopExecution"]))["status"] == "ABORTED"
    left = child_of(arn, names["states:StartExecution"])
    assert aws.sfn.describe_execution(executionArn=left)["status"] == "RUNNING"
    aws.sfn.stop_execution(executionArn=left)


def test_b49_a_map_of_nested_executions_catches_what_its_children_say(aws: Aws) -> None:
    """Each child runs a task; the parent reads the child's error out of the cause."""
    run = {
        **aws.parameters(aws.task_definition({})),
        "Overrides": {"ContainerOverrides": [{"Name": "main", "Command.$": "$.command"}]},
    }
    child = machine(
        aws, state("arn:aws:states:::ecs:runTask.sync", run, ResultSelector={"exit.$": "$.Containers[0].ExitCode"})
    )
    nested = {
        "Type": "Task",
        "Resource": START + ".sync:2",
        "Parameters": {"StateMachineArn": child, "Input.$": "$"},
        "OutputPath": "$.Output",
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Read"}],
        "End": True,
    }
    read = {
        "Type": "Pass",
        "Parameters": {"child.$": "States.StringToJson($.Cause)"},
        "OutputPath": "$.child.Error",
        "End": True,
    }
    each = {
        "Type": "Map",
        "ItemsPath": "$.codes",
        "ItemSelector": {"command.$": "States.Array('python', '-c', States.Format('exit({})', $$.Map.Item.Value))"},
        "ItemProcessor": {"StartAt": "Nested", "States": {"Nested": nested, "Read": read}},
        "End": True,
    }
    end = aws.run({"StartAt": "Each", "States": {"Each": each}}, {"codes": [0, 3]})
    assert end["status"] == "SUCCEEDED", end
    assert json.loads(str(end["output"])) == [{"exit": 0}, "States.TaskFailed"]
