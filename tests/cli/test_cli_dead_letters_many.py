"""`runs dead-letters` with many letters: limits, letters that come twice, and an end half-way."""

import socket
from dataclasses import replace

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.target import Target
from tests.cli.dead_letters_command import counted, refused, run
from tests.cli.dead_letters_for_tests import (
    EVENT,
    EVENTS,
    FUNCTION,
    SCHEDULES,
    Cloud,
    Message,
    around,
    function_error,
    missed,
    not_started,
)
from tests.cli.standin import Reply, serving


def test_a_limit_is_for_both_queues(runner: CliRunner) -> None:
    cloud = Cloud(*(missed() for _ in range(12)), schedules=(not_started(), not_started()))

    first = run(runner, cloud, "--limit", "11")
    assert first.exit_code == 1
    assert "11 sent." in first.stdout
    assert "there is more in the queues" in first.stderr
    assert (len(cloud.left()), len(cloud.left(SCHEDULES))) == (1, 2)

    second = run(runner, cloud, "--limit", "3")
    assert second.exit_code == 0
    assert "1 sent, 2 started." in second.stdout
    assert second.stderr == ""


def test_what_stays_is_not_more_than_the_limit(runner: CliRunner) -> None:
    cloud = Cloud(missed())
    cloud.answers["Invoke"] = function_error

    assert counted(run(runner, cloud, "--limit", "1", "--json")) == {"stays": 1}


def test_many_are_taken_in_many_steps_and_told_of(runner: CliRunner) -> None:
    cloud = Cloud(*(missed() for _ in range(120)))
    result = run(runner, cloud)

    assert result.exit_code == 0
    assert len(cloud.invoked) == 120
    assert result.stderr == "100 of about 120 dead letters …\n"


def test_a_message_that_comes_twice_is_sent_once_and_gone(runner: CliRunner) -> None:
    """SQS may deliver twice, and even what was deleted."""
    again = missed()
    cloud = Cloud(again)

    def invoke() -> Reply:
        cloud.invoked.append((FUNCTION, EVENT))
        del cloud.answers["Invoke"]
        cloud.put(EVENTS, Message(again.body, again.attributes, id=again.id))
        return Reply(200, {})

    cloud.answers["Invoke"] = invoke

    assert run(runner, cloud).exit_code == 0
    assert len(cloud.invoked) == 1
    assert cloud.queues[EVENTS] == []


def test_a_message_that_stays_and_comes_twice_is_tried_once(runner: CliRunner) -> None:
    """A run of more than 15 minutes meets again what it has left."""
    cloud = Cloud(missed(), missed())

    def invoke() -> Reply:
        for message in cloud.queues[EVENTS] if cloud.calls.count("Invoke") == 2 else ():
            message.hidden = False
        return function_error()

    cloud.answers["Invoke"] = invoke

    assert counted(run(runner, cloud, "--json")) == {"stays": 2}
    assert cloud.calls.count("Invoke") == 2
    assert len(cloud.left()) == 2


def test_however_many_stay_all_can_be_taken_again(runner: CliRunner) -> None:
    cloud = Cloud(*(missed() for _ in range(25)))

    assert counted(run(runner, cloud, "--dry-run", "--json")) == {"found": 25}
    assert len(cloud.left()) == 25


def test_a_function_that_cannot_be_reached_leaves_its_events(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(missed())
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as closed, serving(cloud.answer) as server:
        closed.bind(("127.0.0.1", 0))
        elsewhere = Target.functions
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setattr(Target, "functions", lambda self: elsewhere(replace(self, endpoint=nowhere)))
        result = runner.invoke(main, ["dead-letters"], obj=around(server))

    assert result.exit_code == 1
    assert "stays: EndpointConnectionError: Could not connect" in result.stdout
    assert len(cloud.left()) == 1


def test_stopped_half_way_nothing_is_lost_and_all_can_be_taken_again(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(*(missed() for _ in range(5)))

    def interrupt(number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("cli.dead_letters_view.lines_of_progress", lambda *_: interrupt)
    result = run(runner, cloud)

    assert result.exit_code == 130
    assert "2 sent." in result.stdout
    assert "to go on: runs dead-letters" in result.stderr
    assert len(cloud.left()) == 3


def test_a_queue_that_fails_half_way_says_what_was_done(runner: CliRunner) -> None:
    cloud = Cloud(missed(), missed())

    def invoke() -> Reply:
        cloud.answers["ReceiveMessage"] = refused("AccessDenied")
        return function_error()

    cloud.answers["Invoke"] = invoke
    result = run(runner, cloud)

    assert result.exit_code == 69
    assert "2 stays." in result.stdout
    assert "Cannot read the dead-letter queue" in result.stderr
    assert len(cloud.left()) == 2


def test_what_another_one_holds_is_not_nothing(runner: CliRunner) -> None:
    held = missed()
    held.hidden = True
    result = run(runner, Cloud(held, missed()))

    assert result.exit_code == 1
    assert "1 sent." in result.stdout
    assert "About 1 more" in result.stderr
