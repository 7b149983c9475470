"""`runs dead-letters`: what it sends where, what it deletes and what stays, what it says, and its exit codes."""

import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.cli.dead_letters_command import counted, refused, run
from tests.cli.dead_letters_for_tests import (
    EVENT,
    EVENTS,
    FUNCTION,
    INPUT,
    MACHINE,
    NOW,
    SCHEDULES,
    STARTS,
    SWEEP,
    TIMERS,
    Cloud,
    Message,
    around,
    described,
    failed,
    function_arn,
    function_error,
    missed,
    not_started,
)
from tests.cli.standin import Control, Reply, serving, surroundings


@pytest.mark.parametrize("letter", [missed(), failed(), failed(function=FUNCTION)], ids=["rule", "lambda", "bare"])
def test_an_event_goes_to_its_function_again_and_is_deleted(runner: CliRunner, letter: Message) -> None:
    cloud = Cloud(letter)
    result = run(runner, cloud)

    assert result.exit_code == 0, result.output
    assert cloud.invoked == [(FUNCTION, EVENT)]
    assert cloud.queues[EVENTS] == []
    assert result.stdout.endswith("\n1 sent.\n")


@pytest.mark.parametrize("event", [None, 7, "text", [], {}])
def test_whatever_a_function_was_given_it_is_given_again(runner: CliRunner, event: object) -> None:
    cloud = Cloud(failed(event), missed(event))

    assert run(runner, cloud).exit_code == 0
    assert cloud.invoked == [(FUNCTION, event), (FUNCTION, event)]


def test_a_missed_start_is_made_under_a_name_of_its_own(runner: CliRunner) -> None:
    cloud = Cloud(schedules=(not_started(),))
    result = run(runner, cloud)

    (started,) = cloud.started
    assert result.exit_code == 0, result.output
    assert started["stateMachineArn"] == MACHINE
    assert started["name"] == "redrive-00000001-0000-4000-8000-000000000000"
    assert json.loads(str(started["input"])) == INPUT
    assert cloud.queues[SCHEDULES] == []
    assert result.stdout.endswith("\n1 started.\n")


def test_a_schedule_that_names_the_call_is_understood(runner: CliRunner) -> None:
    request = {"StateMachineArn": MACHINE, "Input": json.dumps(INPUT)}
    cloud = Cloud(schedules=(not_started(request, "arn:aws:scheduler:::aws-sdk:sfn:startExecution"),))

    assert run(runner, cloud).exit_code == 0
    assert json.loads(str(cloud.started[0]["input"])) == INPUT


@pytest.mark.parametrize("due", ["<aws.scheduler.scheduled-time>", "2026-11-25T10:00:00Z"])
def test_a_missed_start_of_a_job_is_made_for_its_time_and_counted_by_job(runner: CliRunner, due: str) -> None:
    cloud = Cloud()
    given = {"job": "nightly", "schedule": "weekdays", "scheduledTime": due}
    cloud.put(TIMERS, not_started(given, function_arn(STARTS)))
    looked = run(runner, cloud, "--dry-run")
    done = run(runner, cloud)

    assert f"{STARTS} for job nightly" in looked.stdout
    assert done.exit_code == 0, done.output
    assert cloud.invoked == [(STARTS, {**given, "scheduledTime": "2026-11-25T10:00:00Z"})]
    assert cloud.queues[TIMERS] == []


def test_a_start_of_a_job_that_failed_is_counted_by_job(runner: CliRunner) -> None:
    named = failed({"job": "nightly"}, function=f"{STARTS}:$LATEST")
    strange = failed({"job": "\x07 of nobody"}, function=f"{STARTS}:$LATEST")
    result = run(runner, Cloud(named, strange), "--dry-run")

    assert f"{STARTS} for job nightly" in result.stdout
    assert "of nobody" not in result.stdout


def test_a_missed_sweep_is_made(runner: CliRunner) -> None:
    cloud = Cloud(not_started({}, function_arn(SWEEP)))

    assert run(runner, cloud).exit_code == 0
    assert cloud.invoked == [(SWEEP, {})]


def test_a_start_that_was_made_before_counts_as_made(runner: CliRunner) -> None:
    cloud = Cloud(schedules=(not_started(),))
    cloud.answers["StartExecution"] = refused("ExecutionAlreadyExists")

    assert run(runner, cloud).exit_code == 0
    assert cloud.queues[SCHEDULES] == []


def test_the_same_letter_starts_the_same_execution_each_time(runner: CliRunner) -> None:
    cloud = Cloud(schedules=(not_started(),))
    cloud.answers["DeleteMessage"] = refused("AccessDenied")
    first = run(runner, cloud)
    del cloud.answers["DeleteMessage"]
    second = run(runner, cloud)

    assert (first.exit_code, second.exit_code) == (69, 0)
    assert "Cannot delete from the dead-letter queue" in first.stderr
    assert cloud.started[0] == cloud.started[1]


def test_what_fails_again_stays_with_its_reason_and_can_be_taken_at_once(runner: CliRunner) -> None:
    cloud = Cloud(missed(), failed())
    cloud.answers["Invoke"] = function_error
    result = run(runner, cloud)

    assert result.exit_code == 1
    assert len(cloud.left()) == 2
    assert cloud.calls.count("Invoke") == 2  # each once, though both would be there again
    assert "2 stays." in result.stdout
    assert "stays: PortError: it is throttled\n" in result.stdout


def test_a_function_that_dies_without_a_word_is_named_so(runner: CliRunner) -> None:
    cloud = Cloud(missed())
    cloud.answers["Invoke"] = lambda: Reply(200, "not json", {"X-Amz-Function-Error": "Unhandled"})

    assert "stays: Unhandled\n" in run(runner, cloud).stdout


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_function_that_cannot_be_called_leaves_its_events(runner: CliRunner, code: str) -> None:
    cloud = Cloud(missed(), schedules=(not_started(),))
    cloud.answers["Invoke"] = refused(code, "not today")
    result = run(runner, cloud)

    assert result.exit_code == 1
    assert f"stays: {code}: not today" in result.stdout
    assert len(cloud.left()) == 1
    assert len(cloud.started) == 1


TRUNCATED = not_started(IS_PAYLOAD_TRUNCATED="true")
UNREADABLE = {
    "the body is not JSON": Message("{", {"RULE_ARN": "rule", "TARGET_ARN": function_arn()}),
    "the body is not JSON at all": Message("[" * 100_000),
    "neither an event, nor a failed invocation": Message('{"detail-type": "ECS Task State Change"}'),
    "EventBridge Scheduler cut its input": TRUNCATED,
    "its function is not of this stack: none named": Message("{}", {"RULE_ARN": "rule"}),
    f"its function is not of this stack: {function_arn('other')}": missed(function="other"),
    f"its function is not of this stack: {function_arn('other')}:$LATEST": failed(function="other:$LATEST"),
    "its target is not of this stack: arn:aws:states:other": not_started(target="arn:aws:states:other"),
}


@pytest.mark.parametrize("why", UNREADABLE)
def test_what_is_no_letter_of_this_stack_stays_unreadable(runner: CliRunner, why: str) -> None:
    cloud = Cloud(UNREADABLE[why], missed())
    result = run(runner, cloud)

    assert result.exit_code == 1
    assert f"unreadable: {why.removesuffix(' at all')}" in result.stdout
    assert "1 sent, 1 unreadable." in result.stdout
    assert len(cloud.left()) == 1
    assert cloud.started == []


@pytest.mark.parametrize("kind", ["MalformedEventError", "ForeignEventError"])
def test_what_is_refused_stays_until_it_is_told_to_go(runner: CliRunner, kind: str) -> None:
    cloud = Cloud(failed(error=kind))
    cloud.answers["Invoke"] = lambda: function_error(kind, "event: detail is not a JSON object")

    kept = run(runner, cloud)
    assert (kept.exit_code, len(cloud.left())) == (1, 1)
    assert "dead-letters --discard-refused" in kept.stderr

    discarded = run(runner, cloud, "--discard-refused", "--json")
    assert (discarded.exit_code, cloud.queues[EVENTS]) == (0, [])
    assert counted(discarded) == {"discarded": 1}


def test_only_what_is_refused_now_is_discarded(runner: CliRunner) -> None:
    cloud = Cloud(failed(error="MalformedEventError"), missed(ERROR_CODE="ForeignEventError"))
    cloud.answers["Invoke"] = function_error

    assert counted(run(runner, cloud, "--discard-refused", "--json")) == {"stays": 2}
    assert len(cloud.left()) == 2


def test_a_dry_run_counts_and_changes_nothing(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    old, new = missed(), missed()
    old.sent, new.sent = NOW - timedelta(hours=2, minutes=3), NOW - timedelta(minutes=3, seconds=5)
    cloud = Cloud(old, new, failed(), Message("{"), schedules=(not_started(),))
    result = run(runner, cloud, "--dry-run", "--discard-refused")

    assert result.exit_code == 1
    rows = [re.split(r" {2,}", line.strip()) for line in result.stdout.splitlines()]
    assert rows[:5] == [
        ["count", "what", "kind", "target", "reason", "in the queue for"],
        ["1", "unreadable", "unreadable", "the body is not JSON", "0.0 s"],
        ["2", "found", "event", FUNCTION, "NO_PERMISSIONS", "3 min 05 s to 2 h 03 min"],
        ["1", "found", "event", FUNCTION, "PortError", "0.0 s"],
        ["1", "found", "schedule", "jobs-callback", "AWS.StepFunctions.AccessDeniedException", "0.0 s"],
    ]
    assert "1 unreadable, 4 found." in result.stdout
    assert len(cloud.left()) == 4
    assert len(cloud.left(SCHEDULES)) == 1
    assert {"Invoke", "StartExecution", "DeleteMessage"}.isdisjoint(cloud.calls)


def test_in_a_narrow_terminal_no_word_is_broken(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run(runner, Cloud(missed(), schedules=(not_started(),)), "--dry-run")

    lines = result.stdout.splitlines()
    assert lines[:5] == [
        "1 found",
        "    kind: event",
        f"    target: {FUNCTION}",
        "    reason: NO_PERMISSIONS",
        "    in the queue for: 0.0 s",
    ]
    assert max(map(len, lines)) <= 80


def test_the_counts_as_json(runner: CliRunner) -> None:
    cloud = Cloud(missed(), failed(), schedules=(not_started(),))
    cloud.queues[EVENTS][0].sent = NOW - timedelta(seconds=90)
    document = json.loads(run(runner, cloud, "--dry-run", "--json").stdout)

    assert document["found"] == 3
    assert document["groups"][0] == {
        "what": "found",
        "kind": "event",
        "target": FUNCTION,
        "reason": "NO_PERMISSIONS",
        "message": "not authorized to invoke",
        "count": 1,
        "oldestSeconds": 90.0,
        "newestSeconds": 90.0,
    }


def test_nothing_there_is_said(runner: CliRunner) -> None:
    result = run(runner, Cloud())

    assert (result.exit_code, result.stdout) == (0, "Nothing is in the dead-letter queues.\n")


def test_a_queue_that_cannot_be_looked_at_is_one_line(runner: CliRunner) -> None:
    cloud = Cloud(missed())
    cloud.answers["GetQueueAttributes"] = refused("AccessDenied", "User x may not")
    result = run(runner, cloud)

    assert (result.exit_code, result.stdout) == (69, "")
    assert result.stderr.startswith("Error: Cannot look at the dead-letter queue: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("without", "exit_code", "said"),
    [
        ("DeadLetterQueueUrl", 69, "has no output DeadLetterQueueUrl"),
        ("ScheduleDeadLetterQueueUrl", 0, ""),
        ("TimerDeadLetterQueueUrl", 0, ""),
    ],
)
def test_a_stack_without_a_queue(runner: CliRunner, without: str, exit_code: int, said: str) -> None:
    cloud = Cloud(missed())
    with serving(cloud.answer) as server:
        result = runner.invoke(main, ["dead-letters"], obj=around(server, without=(without,)))

    assert result.exit_code == exit_code
    assert said in result.stderr


def test_others_words_cannot_move_the_terminal(runner: CliRunner) -> None:
    result = run(runner, Cloud(missed(ERROR_CODE="\x07\u202e")), "--dry-run")

    assert "\x07" not in result.stdout
    assert "\u202e" not in result.stdout


def test_a_limit_of_nothing_is_refused(runner: CliRunner) -> None:
    assert run(runner, Cloud(), "--limit", "0").exit_code == 2


def test_a_stack_in_aws_is_asked_with_the_callers_credentials(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(missed(), schedules=(not_started(),))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with serving(cloud.answer) as services, serving(lambda _: described(services.url)) as cloudformation:
        monkeypatch.setenv("AWS_ENDPOINT_URL", services.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", cloudformation.url)
        arguments = ["dead-letters", "--stack", "jobs", "--region", "eu-west-1"]
        result = runner.invoke(main, arguments, obj=surroundings(Control()))

    assert result.exit_code == 0, result.output
    assert "1 sent, 1 started." in result.stdout
    signatures = {request.headers["Authorization"].split(",")[0] for request in services.requests}
    assert all("Credential=AKIDEXAMPLE/" in signature for signature in signatures)
    assert {signature.split("/")[3] for signature in signatures} == {"sqs", "lambda", "states"}


def test_the_old_name_does_the_same_and_names_the_new_one(runner: CliRunner) -> None:
    with serving(Cloud(missed()).answer) as server:
        result = runner.invoke(main, ["redrive", "--dry-run", "--json"], obj=around(server))

    assert result.exit_code == 1
    assert counted(result) == {"found": 1}
    assert result.stderr == "`runs redrive` is `runs dead-letters` now.\n"


def test_the_old_name_is_no_longer_shown(runner: CliRunner) -> None:
    commands = runner.invoke(main, ["--help"]).stdout

    assert "  dead-letters " in commands
    assert "  redrive " not in commands
