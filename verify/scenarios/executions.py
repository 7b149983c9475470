"""Executions: their names, ends, redrives and status events; and JSONata (facts B10, B27, B32, B40)."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from verify.facts import Fact, Like, Seen, scenario
from verify.machines import FAILING, HISTORY_OF_WAITING, PASS, PASSING, WAITING, end, jsonata, output, types
from verify.place import Json, Place
from verify.refusals import refusal, refusal_code
from verify.scenarios.maps import a_map
from verify.scenarios.tokens import asking, token_from


@scenario(
    Fact("same-name", "B32", "The name and input of an execution that runs give the same execution.", True),
    Fact(
        "same-name-other-input",
        "B32",
        "Another input under the name of an execution that runs is refused.",
        "ExecutionAlreadyExists",
    ),
    Fact("same-name-closed", "B32", "The name of an execution that has ended is refused.", "ExecutionAlreadyExists"),
    Fact("long-name", "B30", "The name of an execution has at most 80 characters.", "InvalidName"),
    Fact("bad-input", "", "The input of an execution must be JSON.", "InvalidExecutionInput"),
    Fact(
        "no-such-execution",
        "",
        "Calls about an execution that does not exist, and about what is no ARN, are refused by name.",
        [["ExecutionDoesNotExist"] * 3, ["InvalidArn"] * 3],
    ),
    Fact("stop-twice", "", "A second StopExecution changes nothing.", ["ABORTED", "Why", "not", True]),
)
def names_of_executions(place: Place) -> Seen:
    """Of a machine that waits."""
    machine = place.machine(WAITING)
    first = place.sfn.start_execution(stateMachineArn=machine, name="once", input="{}")["executionArn"]
    place.will_stop(first)
    again = place.sfn.start_execution(stateMachineArn=machine, name="once", input="{}")["executionArn"]
    yield "same-name", again == first
    yield "same-name-other-input", _refused_start(place, machine, "once", '{"other": 1}')
    stopped = place.sfn.stop_execution(executionArn=first, error="Why", cause="not")["stopDate"]
    ended = place.ended(first)
    yield "same-name-closed", _refused_start(place, machine, "once", "{}")
    twice = place.sfn.stop_execution(executionArn=first, error="Other", cause="reason")["stopDate"]
    after = place.ended(first)
    yield "stop-twice", [ended["status"], after.get("error"), after.get("cause"), twice == stopped]
    yield "no-such-execution", [_refused_calls(place, f"{first}-none"), _refused_calls(place, "none")]
    yield "long-name", _refused_start(place, machine, "x" * 81, "{}")
    yield "bad-input", _refused_start(place, machine, "other", "{")


def _refused_calls(place: Place, execution_arn: str) -> list[str]:
    calls: list[Callable[..., object]] = [
        place.sfn.describe_execution,
        place.sfn.stop_execution,
        place.sfn.redrive_execution,
    ]
    return [refusal_code(call, executionArn=execution_arn) for call in calls]


def _refused_start(place: Place, machine: str, name: str, data: str) -> str:
    try:
        started = place.sfn.start_execution(stateMachineArn=machine, name=name, input=data)
    except ClientError as error:
        return error.response["Error"]["Code"]
    place.will_stop(started["executionArn"])
    return "started"


REDRIVABLE = {"redriveCount": 0, "redriveStatus": "REDRIVABLE"}
NOT_REDRIVABLE = {"redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"}
ALWAYS_NULL = {"redriveDate": None, "stateMachineVersionArn": None, "stateMachineAliasArn": None}


@scenario(
    Fact("statuses", "B10", "Each status of an execution is an event.", ["FAILED", "RUNNING"]),
    Fact(
        "status-failed",
        "",
        "The status event of a failed execution has its input, error and cause.",
        {
            **REDRIVABLE,
            **ALWAYS_NULL,
            "status": "FAILED",
            "error": "Own.Error",
            "cause": "because",
            "input": '{"some": "input"}',
            "inputDetails": {"included": True},
            "output": None,
            "outputDetails": None,
            "redriveStatusReason": None,
        },
    ),
    Fact(
        "status-times",
        "",
        "The times of a status event are those of DescribeExecution, in milliseconds.",
        {"startDate": True, "stopDate": True},
    ),
)
def status_events(place: Place) -> Seen:
    """Of an execution that fails."""
    execution = place.start(FAILING, {"some": "input"})
    ended = place.ended(execution)

    def probe() -> dict[str, Json] | None:
        found = {event["detail"]["status"]: event["detail"] for event in place.events_of(execution)}
        return found if {"RUNNING", "FAILED"} <= found.keys() else None

    details = place.patience.until(probe, "the status events of an execution")
    yield "statuses", set(details)
    last = dict(details["FAILED"])
    yield (
        "status-times",
        {name: last.pop(name) == round(ended[name].timestamp() * 1000) for name in ("startDate", "stopDate")},
    )
    for name in ("executionArn", "stateMachineArn", "name"):
        del last[name]
    yield "status-failed", last


@scenario(
    Fact(
        "fail-without-error",
        "B40",
        "A Fail state without Error gives an execution without error.",
        {"status": "FAILED"},
    ),
    Fact(
        "fail-with-error",
        "",
        "A Fail state gives an execution its error and cause.",
        {"status": "FAILED", "error": "Own.Error", "cause": "because"},
    ),
)
def fail_states(place: Place) -> Seen:
    """With error and cause, and with neither."""
    yield "fail-without-error", end(place.execute({"StartAt": "Fail", "States": {"Fail": {"Type": "Fail"}}}))
    yield "fail-with-error", end(place.execute(FAILING))


@scenario(
    Fact("redrive-end", "B32", "A redriven execution goes on to its end.", ["SUCCEEDED", 1, {"answer": 42}]),
    Fact("redrive-kept", "B32", "A redrive keeps the history so far.", True),
    Fact(
        "redrive-history",
        "B32",
        "A redrive goes on from the state that failed, with these events.",
        ["ExecutionRedriven", *HISTORY_OF_WAITING[2:]],
    ),
    Fact("redrive-token", "B28", "A state that is redriven has a new token.", True),
    Fact("redrive-succeeded", "B32", "An execution that has succeeded cannot be redriven.", "ExecutionNotRedrivable"),
)
def a_redrive(place: Place) -> Seen:
    """Of an execution whose Task state failed."""
    queue = place.own_queue()
    machine = asking(place, queue)
    machine["StartAt"] = "First"
    machine["States"]["First"] = {"Type": "Pass", "Next": "Run"}
    execution = place.start(machine)
    first = token_from(place, queue)
    place.sfn.send_task_failure(taskToken=first, error="Mine", cause="because")
    place.ended(execution)
    before = place.history(execution)
    place.sfn.redrive_execution(executionArn=execution)
    second = token_from(place, queue)
    yield "redrive-token", first != second
    place.sfn.send_task_success(taskToken=second, output='{"answer": 42}')
    ended = place.ended(execution)
    yield "redrive-end", [ended["status"], ended["redriveCount"], output(ended)]
    history = place.history(execution)
    yield "redrive-kept", history[: len(before)] == before
    yield "redrive-history", types(history[len(before) :])
    yield "redrive-succeeded", refusal_code(place.sfn.redrive_execution, executionArn=execution)


@scenario(
    Fact(
        "string-of-text",
        "",
        "JSONata's $string does not escape what is not ASCII.",
        '{"a":"\u00e9\u20ac\ud55c\U0001f600"}',
    ),
    Fact("length-of-text", "", "JSONata's $length counts characters, not code units.", 1),
    Fact(
        "no-value",
        "",
        "An expression without a value is States.QueryEvaluationError.",
        ["FAILED", "States.QueryEvaluationError"],
    ),
    Fact(
        "too-much-data",
        "B27",
        "States.ALL does not catch States.DataLimitExceeded.",
        ["FAILED", "States.DataLimitExceeded"],
    ),
)
def what_jsonata_gives(place: Place) -> Seen:
    """Of texts, of nothing, and of too much."""
    yield "string-of-text", output(place.execute(jsonata("$string({'a': '\u00e9\u20ac\ud55c\U0001f600'})")))
    yield "length-of-text", output(place.execute(jsonata("$length('\U0001f600')")))
    nothing = place.execute(jsonata("$states.input.none"))
    yield "no-value", [nothing["status"], nothing.get("error")]
    much = place.execute(_too_much_caught())
    yield "too-much-data", [much["status"], much.get("error")]


def _too_much_caught() -> Json:
    """A Map state, which unlike Pass can catch."""
    inner = jsonata("$pad('', 262145, 'x')")["States"]["Pass"]
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}
    machine = a_map({"StartAt": "Pass", "States": {"Pass": inner}}, Items=[1], **caught)
    return {"QueryLanguage": "JSONata", **machine, "States": {**machine["States"], "Caught": PASS}}


@scenario(
    Fact(
        "bad-definition",
        "",
        "A definition whose first state is not there is refused.",
        ["InvalidDefinition", Like(".*MISSING_TRANSITION_TARGET.*StartAt.*")],
    ),
)
def a_definition_that_cannot_run(place: Place) -> Seen:
    """CreateStateMachine checks it."""
    yield "bad-definition", list(refusal(place.machine, {**PASSING, "StartAt": "Nowhere"}))


SCENARIOS = (
    names_of_executions,
    status_events,
    fail_states,
    a_redrive,
    what_jsonata_gives,
    a_definition_that_cannot_run,
)
