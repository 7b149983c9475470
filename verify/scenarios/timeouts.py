"""Time-outs and heartbeats of states and of executions (facts B27, B40): no task is needed."""

from __future__ import annotations

from verify.facts import Fact, Seen, scenario
from verify.machines import WAITING, catching, details, end, output, types
from verify.place import Place
from verify.scenarios.tokens import asking

SOON_SECONDS = 2
LATE_SECONDS = 600
SHOWN = {"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken", "error": "States.Timeout"}
UNCAUGHT = {"status": "FAILED", "error": "States.Timeout"}


@scenario(
    Fact(
        "timeout-caught", "B27", "A time-out is caught with an empty cause.", {"Error": "States.Timeout", "Cause": ""}
    ),
    Fact("timeout-uncaught", "B27", "A time-out that nothing catches has no cause.", UNCAUGHT),
    Fact("timeout-history", "B27", "TaskTimedOut of a time-out says States.Timeout.", SHOWN),
    Fact("timeout-not-task-failed", "B27", "States.TaskFailed does not match a time-out.", UNCAUGHT),
)
def a_state_that_times_out(place: Place) -> Seen:
    """Caught by its name, not caught, and by a name that does not match."""
    machine = asking(place, place.own_queue(), TimeoutSeconds=SOON_SECONDS)
    caught, uncaught, wrong = (
        place.start(one)
        for one in (catching(machine, "States.Timeout"), machine, catching(machine, "States.TaskFailed"))
    )
    yield "timeout-caught", output(place.ended(caught))
    yield "timeout-uncaught", end(place.ended(uncaught))
    yield "timeout-history", details(place.history(uncaught), "TaskTimedOut")
    yield "timeout-not-task-failed", end(place.ended(wrong))


@scenario(
    Fact("heartbeat-uncaught", "B27", "A missed heartbeat that nothing catches is States.Timeout.", UNCAUGHT),
    Fact("heartbeat-history", "B27", "TaskTimedOut of a missed heartbeat says States.Timeout too.", SHOWN),
    Fact(
        "heartbeat-caught",
        "B27",
        "States.HeartbeatTimeout, States.Timeout and States.ALL catch a missed heartbeat, under the first name.",
        [{"Error": "States.HeartbeatTimeout", "Cause": ""}] * 3,
    ),
)
def a_missed_heartbeat(place: Place) -> Seen:
    """Not caught, and caught under each name that matches."""
    machine = asking(place, place.own_queue(), HeartbeatSeconds=SOON_SECONDS, TimeoutSeconds=LATE_SECONDS)
    names = ("States.HeartbeatTimeout", "States.Timeout", "States.ALL")
    caught = [place.start(catching(machine, name)) for name in names]
    uncaught = place.start(machine)
    yield "heartbeat-caught", [output(place.ended(one)) for one in caught]
    yield "heartbeat-uncaught", end(place.ended(uncaught))
    yield "heartbeat-history", details(place.history(uncaught), "TaskTimedOut")


@scenario(
    Fact("timed-out-keys", "B40", "An execution that timed out has neither error nor cause.", {"status": "TIMED_OUT"}),
    Fact(
        "timed-out-output", "B40", "An execution that timed out has neither output nor outputDetails.", [False, False]
    ),
    Fact(
        "timed-out-history",
        "B40",
        "The last event of an execution that timed out is ExecutionTimedOut.",
        "ExecutionTimedOut",
    ),
)
def an_execution_that_times_out(place: Place) -> Seen:
    """By the TimeoutSeconds of its machine."""
    execution = place.execute({**WAITING, "TimeoutSeconds": SOON_SECONDS})
    yield "timed-out-keys", end(execution)
    yield "timed-out-output", [key in execution for key in ("output", "outputDetails")]
    yield "timed-out-history", types(place.history(execution))[-1]


SCENARIOS = (a_state_that_times_out, a_missed_heartbeat, an_execution_that_times_out)
