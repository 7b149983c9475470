"""The optimized integration with Step Functions itself: `arn:aws:states:::states:startExecution` and its patterns.

Source: "Start a new AWS Step Functions state machine from a running execution" of the developer guide, and AWS's
answers as recorded (fact B49). `.sync` gives what the child got and made as texts of JSON, `.sync:2` as JSON itself.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Final

from local.denial import denied
from local.ecs.model import Json
from local.stepfunctions.errors import RUNTIME, TASK_FAILED, StateError
from local.stepfunctions.execution import as_json
from local.stepfunctions.ports import Executions, Permissions, StartRefusedError
from local.stepfunctions.sdk import sdk_metadata
from local.stepfunctions.tasks import SYNC_AS_JSON_SUFFIX, SYNC_SUFFIXES, Call, Integration, Submitted

RESOURCE: Final = "arn:aws:states:::states:startExecution"
PARAMETERS: Final = frozenset({"Input", "Name", "StateMachineArn", "TraceHeader"})
# What StartExecution and DescribeExecution model, each `StepFunctions.<code>Exception`; any other is the SDK's base
# class.
MODELLED: Final = frozenset(
    {
        "ExecutionAlreadyExists",
        "ExecutionLimitExceeded",
        "InvalidArn",
        "InvalidExecutionInput",
        "InvalidName",
        "StateMachineDeleting",
        "StateMachineDoesNotExist",
        "StateMachineTypeNotSupported",
    }
)
BASE_ERROR: Final = "AWSStepFunctionsException"


class StartExecution(Integration):
    """Starts executions with the permissions of the machine's role."""

    def __init__(self, executions: Executions, permissions: Permissions) -> None:
        self._executions = executions
        self._permissions = permissions

    async def submit(self, call: Call) -> Submitted:
        """Starts the child. Raises `StateError` with Step Functions' name if its API refuses the call."""
        parameters = _parameters(call)
        machine = str(parameters["StateMachineArn"])
        try:
            self._authorize(call, machine)
            self._check_type(call, machine)
            record = self._executions.start(machine, _name(parameters), _input(parameters))
        except StartRefusedError as error:
            raise _state_error(error) from error
        return SubmittedExecution(record, call, self._executions, self._permissions)

    def _authorize(self, call: Call, machine: str) -> None:
        if not self._permissions.allows(call.role_arn, "states:StartExecution", machine, {}):
            raise StartRefusedError("AccessDeniedException", denied(call.role_arn, "states:StartExecution", machine))

    def _check_type(self, call: Call, machine: str) -> None:
        """An Express execution cannot be described, so `.sync` cannot wait for it.

        The name and the text are those of Step Functions' API for this type. That they come before the child starts is
        assumed.
        """
        if call.resource.endswith(SYNC_SUFFIXES) and self._executions.is_express(machine):
            raise StartRefusedError(
                "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
            )


class SubmittedExecution(Submitted):
    """A child execution that was started."""

    def __init__(self, record: Json, call: Call, executions: Executions, permissions: Permissions) -> None:
        self._record = record
        self._call = call
        self._executions = executions
        self._permissions = permissions
        self._response: Json = {
            "ExecutionArn": record["executionArn"],
            **sdk_metadata("application/x-amz-json-1.0"),
            "StartDate": _milliseconds(record["startDate"]),
        }

    @property
    def response(self) -> object:
        """`{ExecutionArn, StartDate, SdkHttpMetadata, SdkResponseMetadata}`."""
        return self._response

    async def finished(self) -> object:
        """The child's description once it has ended; any end but success is States.TaskFailed with it as Cause."""
        record = await self._executions.ended(self._record)
        if record["status"] != "SUCCEEDED":
            raise StateError(TASK_FAILED, as_json(_description(record)))
        shown = _description(record)
        if self._call.resource.endswith(SYNC_AS_JSON_SUFFIX):
            shown.update({name: json.loads(str(shown[name])) for name in ("Input", "Output")})
        return shown

    def abort(self) -> None:
        """StopExecution; best effort, so a role that may not stop it leaves the child running."""
        arn = str(self._record["executionArn"])
        if self._permissions.allows(self._call.role_arn, "states:StopExecution", arn, {}):
            self._executions.stop(self._record)


def _description(record: Json) -> Json:
    """What DescribeExecution says, as the recorded outputs and causes have it: PascalCase, times in milliseconds."""
    shown = {
        "Cause": record.get("cause"),
        "Error": record.get("error"),
        "ExecutionArn": record["executionArn"],
        "Input": record["input"],
        "InputDetails": {"Included": True},
        "Name": record["name"],
        "Output": record.get("output"),
        "OutputDetails": {"Included": True} if record.get("output") is not None else None,
        "StartDate": _milliseconds(record["startDate"]),
        "StateMachineArn": record["stateMachineArn"],
        "Status": record["status"],
        "StopDate": _milliseconds(record["stopDate"]),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _milliseconds(moment: object) -> int:
    return round(datetime.fromisoformat(str(moment)).timestamp() * 1000)


def _parameters(call: Call) -> Json:
    arguments = call.arguments
    problem = _problem(arguments)
    if problem is not None or not isinstance(arguments, dict):
        raise StateError(
            RUNTIME, f"The Parameters '{as_json(arguments)}' could not be used to start the Task: [{problem}]"
        )
    return arguments


def _problem(arguments: object) -> str | None:
    if not isinstance(arguments, dict):
        return "The value must be an OBJECT"
    unknown = sorted(set(arguments) - PARAMETERS)
    if unknown:
        return f"The field '{unknown[0]}' is not supported by Step Functions"
    if "StateMachineArn" not in arguments:
        return "The field 'StateMachineArn' is required but was missing"
    texts = (name for name in ("StateMachineArn", "Name", "TraceHeader") if name in arguments)
    wrong = next((name for name in texts if not isinstance(arguments[name], str)), None)
    return f"The value for the field '{wrong}' must be a STRING" if wrong else None


def _name(parameters: Json) -> str | None:
    return str(parameters["Name"]) if "Name" in parameters else None


def _input(parameters: Json) -> str:
    """A text is the input as it stands; whatever else is put into JSON, and nothing is an empty object."""
    given = parameters.get("Input")
    if given is None:
        return "{}"
    return given if isinstance(given, str) else as_json(given)


def _state_error(error: StartRefusedError) -> StateError:
    name = f"{error.code}Exception" if error.code in MODELLED else BASE_ERROR
    cause = (
        f"{error} (Service: AWSStepFunctions; Status Code: 400; Error Code: {error.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return StateError(f"StepFunctions.{name}", cause)
