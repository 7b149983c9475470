"""Task tokens, by way of a queue: no task is needed (facts B28, B29, B30, B40)."""

from __future__ import annotations

import json

from verify.facts import Fact, Seen, scenario
from verify.machines import HISTORY_OF_WAITING, catching, end, output, state, types
from verify.place import Json, Place
from verify.refusals import TAKEN, refusal, refusal_code

#: In bytes; the quotation marks of a JSON text are two more.
LONGEST_OUTPUT = 262_144
CLOSED = "Task Timed Out: 'Provided task does not exist anymore'"


def asking(place: Place, queue: str, **more: object) -> Json:
    """A machine that sends its token to a queue and waits for the answer."""
    parameters = {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"}
    return state(place.resource("sqs:sendMessage.waitForTaskToken"), parameters, **more)


def token_from(place: Place, queue: str) -> str:
    """The next token in a queue."""

    def probe() -> str | None:
        found = place.messages(queue)
        return found[0] if found else None

    return place.patience.until(probe, "a task token")


def answer_to(place: Place, token: str) -> str:
    """What a heartbeat is answered: `open`, or the name of the error."""
    code = refusal_code(place.sfn.send_task_heartbeat, taskToken=token)
    return "open" if code == TAKEN else code


@scenario(
    Fact("token-answer", "", "The answer to a token is the output of its state.", {"answer": 42}),
    Fact(
        "token-long-output",
        "B30",
        "An answer of more than 262,144 bytes is refused, and the token stays open.",
        ["ValidationException", "open"],
    ),
    Fact(
        "token-history",
        "B20",
        "A state that waits for its token has the events of `.sync`.",
        HISTORY_OF_WAITING,
    ),
    Fact("token-answered", "B29", "An answered token is closed.", ["TaskTimedOut", CLOSED]),
    Fact("token-of-nobody", "B29", "What is no token is InvalidToken.", "InvalidToken"),
    Fact(
        "token-bad-output",
        "B29",
        "An answer that is no JSON is InvalidOutput, and the token stays open.",
        ["InvalidOutput", "open"],
    ),
)
def a_token_that_is_answered(place: Place) -> Seen:
    """Well."""
    queue = place.own_queue()
    execution = place.start(asking(place, queue))
    token = token_from(place, queue)
    answer = place.sfn.send_task_success
    yield "token-bad-output", [refusal_code(answer, taskToken=token, output="{"), answer_to(place, token)]
    too_long = json.dumps("x" * LONGEST_OUTPUT)
    yield "token-long-output", [refusal_code(answer, taskToken=token, output=too_long), answer_to(place, token)]
    answer(taskToken=token, output='{"answer": 42}')
    yield "token-answer", output(place.ended(execution))
    yield "token-history", types(place.history(execution))
    yield "token-answered", list(refusal(answer, taskToken=token, output="{}"))
    yield "token-of-nobody", answer_to(place, "nobodys")


@scenario(
    Fact("token-retry", "B28", "Every attempt has a token of its own.", True),
    Fact(
        "token-of-an-attempt",
        "B28",
        "The token of an attempt that failed is closed, that of the next one open.",
        ["TaskTimedOut", "open"],
    ),
    Fact("token-after-stop", "B29", "StopExecution closes the token.", "TaskTimedOut"),
)
def a_token_of_each_attempt(place: Place) -> Seen:
    """The state is retried after a failure."""
    queue = place.own_queue()
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    execution = place.start(asking(place, queue, Retry=retry))
    first = token_from(place, queue)
    place.sfn.send_task_failure(taskToken=first, error="Again", cause="")
    second = token_from(place, queue)
    yield "token-retry", first != second
    yield "token-of-an-attempt", [answer_to(place, first), answer_to(place, second)]
    place.sfn.stop_execution(executionArn=execution)
    place.ended(execution)
    yield "token-after-stop", answer_to(place, second)


@scenario(
    Fact(
        "token-failure",
        "",
        "SendTaskFailure ends the state with its error and cause.",
        {"status": "FAILED", "error": "Mine", "cause": "because"},
    ),
    Fact(
        "token-failure-longest",
        "B30",
        "An error of SendTaskFailure has up to 256 characters, a cause up to 32,768.",
        [256, 32768],
    ),
    Fact(
        "token-failure-too-long",
        "B30",
        "A longer error or cause of SendTaskFailure is refused, and the token stays open.",
        ["ValidationException", "ValidationException", "open"],
    ),
    Fact(
        "token-failure-unnamed",
        "B40",
        "SendTaskFailure without error and cause is caught as nulls.",
        {"Error": None, "Cause": None},
    ),
)
def a_token_that_fails(place: Place) -> Seen:
    """With error and cause, with the longest ones, and with neither."""
    queue = place.own_queue()
    execution = place.start(asking(place, queue))
    place.sfn.send_task_failure(taskToken=token_from(place, queue), error="Mine", cause="because")
    yield "token-failure", end(place.ended(execution))
    execution = place.start(asking(place, queue))
    token = token_from(place, queue)
    too_long = ({"error": "x" * 257}, {"cause": "x" * 32_769})
    codes = [refusal_code(place.sfn.send_task_failure, taskToken=token, **each) for each in too_long]
    yield "token-failure-too-long", [*codes, answer_to(place, token)]
    place.sfn.send_task_failure(taskToken=token, error="x" * 256, cause="y" * 32_768)
    ended = place.ended(execution)
    yield "token-failure-longest", [len(ended["error"]), len(ended["cause"])]
    execution = place.start(catching(asking(place, queue), "States.ALL"))
    place.sfn.send_task_failure(taskToken=token_from(place, queue))
    yield "token-failure-unnamed", json.loads(place.ended(execution)["output"])


SCENARIOS = (a_token_that_is_answered, a_token_of_each_attempt, a_token_that_fails)
