"""`runs replay`: which times it takes, what it asks EventBridge for, how it waits, and its exit codes."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.surroundings import Surroundings
from cli.target import Target
from tests.cli.dead_letters_for_tests import NOW, around, outputs
from tests.cli.standin import Control, Reply, Request, StandIn, Time, serving, surroundings

BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
SINCE = ["replay", "--from", "2026-11-25T10:00"]
LATE = "Events of the last 10 minutes may not be in the archive yet: repeat it later.\n"


def replaying(*states: dict[str, object], started: Reply | None = None) -> Callable[[Request], Reply]:
    """EventBridge with an archive of the default bus, whose replay goes through `states`."""
    left = list(states)

    def answer(request: Request) -> Reply:
        action = request.headers["X-Amz-Target"].removeprefix("AWSEvents.")
        if action == "DescribeReplay":
            return Reply(200, left.pop(0) if len(left) > 1 else left[0])
        given = {"DescribeArchive": Reply(200, {"EventSourceArn": BUS})}
        return given.get(action) or started or Reply(200, {"State": "STARTING"})

    return answer


def refused(code: str, message: str) -> Reply:
    """An error of EventBridge."""
    return Reply(400, {"__type": code, "message": message})


def asked(server: StandIn, action: str) -> list[dict[str, object]]:
    """The bodies of the calls of one action."""
    return [
        request.document() for request in server.requests if request.headers["X-Amz-Target"] == f"AWSEvents.{action}"
    ]


def name_in(result: Result) -> str:
    """The name of the replay that was started."""
    found = re.search(r"Started replay (\S+) of", result.stdout)
    assert found, result.output
    return found[1]


def test_the_stacks_rules_get_the_archived_events_again(runner: CliRunner) -> None:
    with serving(replaying()) as server:
        result = runner.invoke(main, [*SINCE, "--to", "2026-11-25T11:30"], obj=around(server))
    (started,) = asked(server, "StartReplay")
    found = outputs(server.url)

    assert result.exit_code == 0, result.output
    assert asked(server, "DescribeArchive") == [{"ArchiveName": "jobs-archive"}]
    assert started.pop("ReplayName") == name_in(result)
    assert started == {
        "EventSourceArn": found["EventArchiveArn"],
        "EventStartTime": NOW.timestamp() - 7200,
        "EventEndTime": NOW.timestamp() - 1800,
        "Destination": {
            "Arn": BUS,
            "FilterArns": [found["TaskStateChangeRuleArn"], found["ExecutionStateChangeRuleArn"]],
        },
    }
    assert "of the local runtime: events from 2026-11-25T10:00:00Z to 2026-11-25T11:30:00Z." in result.stdout
    assert result.stderr == ""


def test_each_replay_has_a_name_of_its_own_that_eventbridge_takes(runner: CliRunner) -> None:
    with serving(replaying()) as server:
        names = {name_in(runner.invoke(main, SINCE, obj=around(server))) for _ in range(5)}

    assert len(names) == 5
    assert all(re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", name) for name in names)


def test_without_an_end_it_is_until_now_and_what_may_be_missing_is_said(runner: CliRunner) -> None:
    with serving(replaying()) as server:
        result = runner.invoke(main, SINCE, obj=around(server))

    assert asked(server, "StartReplay")[0]["EventEndTime"] == NOW.timestamp()
    assert result.stderr == LATE


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-25T10:00", "2026-11-25T10:00:00Z"),
        ("2026-11-25T10:00:30Z", "2026-11-25T10:00:30Z"),
        ("2026-11-25T19:00+09:00", "2026-11-25T10:00:00Z"),
        ("2026-11-25 10:00", "2026-11-25T10:00:00Z"),
        ("2026-11-25", "2026-11-25T00:00:00Z"),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(runner: CliRunner, typed: str, meant: str) -> None:
    with serving(replaying()) as server:
        result = runner.invoke(main, ["replay", "--from", typed], obj=around(server))

    assert f"events from {meant} to 2026-11-25T12:00:00Z." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "yesterday"], "--from is no time: 'yesterday'. Give one such as 2026-11-25T10:00:00Z."),
        (["--from", "2026-13-01"], "--from is no time"),
        (["--from", "0001-01-01T00:00+14:00"], "--from is no time"),
        (["--from", ""], "--from is no time: ''"),
        (["--from", "2026-11-25T10:00", "--to", "noon"], "--to is no time: 'noon'"),
        (["--from", "2026-11-25T12:01"], "--from is in the future: 2026-11-25T12:01:00Z; it is 2026-11-25T12:00:00Z"),
        (["--from", "2026-11-25T10:00", "--to", "2026-11-25T12:01"], "--to is in the future"),
        (["--from", "2026-11-25T11:00", "--to", "2026-11-25T10:00"], "--from must be before --to"),
        (["--from", "2026-11-25T11:00", "--to", "2026-11-25T11:00"], "--from must be before --to"),
        (["--to", "2026-11-25T11:00"], "Missing option '--from'"),
    ],
)
def test_times_that_cannot_be_meant_are_refused_before_anything_is_asked(
    runner: CliRunner, arguments: list[str], said: str
) -> None:
    with serving(replaying()) as server:
        result = runner.invoke(main, ["replay", *arguments], obj=around(server))

    assert result.exit_code == 2
    assert said in result.stderr
    assert server.requests == []


def test_wait_follows_it_to_its_end(runner: CliRunner, time: Time) -> None:
    states: Iterator[dict[str, object]] = iter(
        [
            {"State": "STARTING"},
            {"State": "RUNNING", "EventLastReplayedTime": NOW.timestamp() - 3600},
            {"State": "RUNNING", "EventLastReplayedTime": NOW.timestamp() - 3600},
            {"State": "COMPLETED", "EventLastReplayedTime": NOW.timestamp() - 60},
        ]
    )
    with serving(replaying(*states)) as server:
        result = runner.invoke(main, [*SINCE, "--wait"], obj=around(server, time))

    name = name_in(result)
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"\nReplay {name}: COMPLETED\n")
    assert result.stderr.removeprefix(LATE).splitlines() == [
        "STARTING",
        "RUNNING  events up to 2026-11-25T11:00:00Z",
        "COMPLETED  events up to 2026-11-25T11:59:00Z",
    ]
    assert {one["ReplayName"] for one in asked(server, "DescribeReplay")} == {name}
    assert len(time.pauses) == 3


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_an_end_that_is_none_is_said_with_its_reason(runner: CliRunner, state: str) -> None:
    with serving(replaying({"State": "RUNNING"}, {"State": state, "StateReason": "out of\x1b order"})) as server:
        result = runner.invoke(main, [*SINCE, "--wait"], obj=around(server))

    assert result.exit_code == 1
    assert f": {state}: out of� order\n" in result.stdout


def test_without_wait_nobody_waits(runner: CliRunner) -> None:
    with serving(replaying({"State": "RUNNING"})) as server:
        assert runner.invoke(main, SINCE, obj=around(server)).exit_code == 0

    assert asked(server, "DescribeReplay") == []


def test_who_stops_waiting_stops_nothing(runner: CliRunner) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with serving(replaying({"State": "RUNNING"})) as server:
        given = around(server)
        impatient = Surroundings(control=given.control, sleep=interrupt, now=given.now)
        result = runner.invoke(main, [*SINCE, "--wait"], obj=impatient)

    assert result.exit_code == 130
    assert f"Stopped waiting, replay {name_in(result)} goes on." in result.stderr


def test_a_start_that_was_carried_out_without_an_answer_counts(runner: CliRunner) -> None:
    """The repetition of such a call finds the name taken: by itself (fault F08)."""
    with serving(replaying(started=refused("ResourceAlreadyExistsException", "exists"))) as server:
        result = runner.invoke(main, SINCE, obj=around(server))

    assert result.exit_code == 0
    assert name_in(result) == asked(server, "StartReplay")[0]["ReplayName"]


@pytest.mark.parametrize("code", ["LimitExceededException", "ResourceNotFoundException", "AccessDeniedException"])
def test_what_eventbridge_refuses_is_one_line(runner: CliRunner, code: str) -> None:
    with serving(replaying(started=refused(code, "not now"))) as server:
        result = runner.invoke(main, SINCE, obj=around(server))

    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(rf"Error: Cannot start the replay: .*{code}.*not now\n", result.stderr)


def test_an_end_that_cannot_be_asked_for_says_nothing_of_the_replay(runner: CliRunner) -> None:
    ask = replaying()

    def answer(request: Request) -> Reply:
        no = refused("AccessDeniedException", "not you")
        return no if request.headers["X-Amz-Target"].endswith("DescribeReplay") else ask(request)

    with serving(answer) as server:
        result = runner.invoke(main, [*SINCE, "--wait"], obj=around(server))

    assert result.exit_code == 69
    assert f"Error: Cannot ask for replay {name_in(result)}: " in result.stderr


def test_eventbridge_that_does_not_answer_is_told_from_a_refusal(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with serving(replaying()) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        elsewhere = Target.events
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setattr(Target, "events", lambda self: elsewhere(replace(self, endpoint=nowhere)))
        result = runner.invoke(main, SINCE, obj=around(server))

    assert result.exit_code == 69
    assert "Cannot start the replay: Could not connect" in result.stderr


@pytest.mark.parametrize("missing", ["EventArchiveArn", "TaskStateChangeRuleArn", "ExecutionStateChangeRuleArn"])
def test_a_stack_without_archive_or_rules_is_named(runner: CliRunner, missing: str) -> None:
    with serving(replaying()) as server:
        result = runner.invoke(main, SINCE, obj=around(server, without=(missing,)))

    assert result.exit_code == 69
    assert result.stderr == (f"Error: the local runtime has no output {missing}: deploy the present template to it.\n")
    assert server.requests == []


def test_without_a_local_runtime_the_way_out_is_named(runner: CliRunner) -> None:
    result = runner.invoke(main, ["replay", "--from", "2020-01-01"], obj=surroundings(Control()))

    assert result.exit_code == 69
    assert "local up" in result.stderr


def test_the_help_says_that_it_may_be_repeated(runner: CliRunner) -> None:
    assert "harmless to repeat" in " ".join(runner.invoke(main, ["replay", "--help"]).stdout.split())
