"""The runs of `runs demo`, started by the API: all three patterns, well and badly; and what the record says of one."""

from __future__ import annotations

from datetime import datetime

from cli.api_client import run_of, started_of
from cli.demo_scenarios import SCENARIOS as DEMO
from cli.demo_scenarios import Scenario as Demonstrated
from cli.demo_scenarios import compared
from cli.documents import Run
from cli.errors import RunNotFoundError
from verify.facts import Fact, Scenario, Seen, scenario
from verify.place import Json, Place

#: Of DescribeTasks, the times that a record shows too.
TIMES = ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "executionStoppedAt", "stoppingAt", "stoppedAt")


def ended_run(place: Place, run_id: str) -> Json:
    """GET /runs/{id}, once the run has ended and its task is recorded."""

    def probe() -> Json | None:
        try:
            document = dict(place.api.get_run(run_id))
        except RunNotFoundError:
            return None
        run = run_of(document)
        whole = run.ended and run.attempts and all(attempt.status for attempt in run.attempts)
        return document if whole and run.execution and run.execution.status != "RUNNING" else None

    return place.patience.until(probe, "the end of a run")


def started(place: Place, pattern: str, commands: tuple[str, ...]) -> str:
    """POST /runs; gives the run id."""
    # Of the smallest size, whatever the stack's own is: that is what is said to be paid.
    request = {"pattern": pattern, "commands": list(commands), "cpu": "256", "memory": "512"}
    run = started_of(place.api.start_run(request))
    place.will_stop(run.execution_arn)
    return run.run_id


def _demonstrated(shown: Demonstrated) -> Scenario:
    key = f"run-{shown.pattern}-{shown.shows.replace(' ', '-')}"
    nothing = run_of({"runId": "", "status": ""})
    expected = {what: should for what, should, _ in compared(shown.expected, nothing)}
    fact = Fact(
        key, "", f"A run in the pattern {shown.pattern} that {_clause(shown.shows)} ends by its name.", expected
    )

    def observe(place: Place) -> Seen:
        run: Run = run_of(ended_run(place, started(place, shown.pattern, shown.commands)))
        yield key, {what: found for what, _, found in compared(shown.expected, run)}

    return Scenario(key, (fact,), observe, tasks=1)


def _clause(shows: str) -> str:
    return "has a command that does not exist" if shows == "command does not exist" else shows


SAYS_AND_FAILS = ("python", "-c", "print('first'); print('last'); raise SystemExit(4)")


@scenario(
    Fact("record-exit-code", "", "The record of a task has the exit code of its container.", 4),
    Fact("record-times", "B4", "The record of a task has the times of DescribeTasks.", dict.fromkeys(TIMES, True)),
    Fact(
        "record-stop",
        "B14",
        "The record of a task has ECS's stop code and reason.",
        ["EssentialContainerExited", "Essential container in task exited"],
    ),
    Fact("record-lines", "", "The record of a task that failed has its last log lines.", ["first", "last"]),
    Fact("record-attempts", "", "A run that was not retried has one attempt.", 1),
    tasks=1,
)
def the_record_of_a_run(place: Place) -> Seen:
    """Against what ECS itself says of its task."""
    document = ended_run(place, started(place, "callback", SAYS_AND_FAILS))
    attempts = document["attempts"]
    yield "record-attempts", len(attempts)
    attempt = attempts[0]
    task = place.task_in("STOPPED", attempt["taskArn"])
    yield "record-exit-code", attempt["exitCode"]
    yield "record-stop", [attempt["stopCode"], attempt["stoppedReason"]]
    yield "record-times", {name: _same(attempt["timeline"].get(name), task.get(name)) for name in TIMES}
    yield "record-lines", attempt["lastLogLines"]


def _same(recorded: str | None, described: datetime | None) -> bool:
    return recorded is not None and described is not None and datetime.fromisoformat(recorded) == described


SCENARIOS = (*map(_demonstrated, DEMO), the_record_of_a_run)
