"""`runs show`, and how a command finds and reaches what it talks to."""

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cli.main import main
from local.errors import LocalRuntimeError
from tests.cli.documents_for_tests import (
    EXECUTION_ARN,
    RUN_ID,
    TASK_ID,
    attempt,
    execution,
    failed,
    run,
    succeeded,
    without_task,
)
from tests.cli.standin import (
    STAGE,
    Control,
    Reply,
    Time,
    at,
    runtime_status,
    scripted,
    serving,
    surroundings,
)

GET = f"GET {STAGE}/runs/{RUN_ID}"
SHOW = ["show", RUN_ID]


def test_the_page_of_a_run(runner: CliRunner) -> None:
    with serving(scripted({GET: [Reply(200, failed())]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"Run {RUN_ID} · callback · FAILED",
        "  error      Container.ExitedNonZero (a retry alone will not help)",
        "  summary    Container app exited with code 3.",
        "  advice     Read its last log lines.",
        "  exit code  3",
        "  duration   1 min 02 s",
        "  command    python -c 'print('\"'\"'hello'\"'\"')'",
        f"  execution  {EXECUTION_ARN}",
        "",
        f"Attempt 1 · task {TASK_ID} · FAILED",
        "  ran on     FARGATE, 256 CPU units, 512 MiB",
        "  container  app",
        "  stop code  EssentialContainerExited",
        "  reason     Essential container in task exited",
        "  answer     DELIVERED",
        f"  log        /fargate-runs/tasks runs/app/{TASK_ID}",
        "  last lines SystemExit: 3",
        "  timeline   2025-01-31T09:30:00.100+00:00  created",
        "             2025-01-31T09:30:20.600+00:00  started           +20.5 s",
        "             2025-01-31T09:31:02.100+00:00  stopped           +41.5 s",
    ]


def test_the_page_has_what_it_cost_and_where_to_look(runner: CliRunner) -> None:
    usage = {"billedSeconds": 64, "vcpuSeconds": 16.0, "gbSeconds": 32.0, "estimatedCostUsd": 0.000219, "spot": True}
    log = {"group": "/fargate-runs/tasks", "stream": "s", "url": "https://log.example/"}
    tried = {**attempt(), "usage": usage, "log": log, "taskUrl": "https://task.example/"}
    with serving(scripted({GET: [Reply(200, succeeded(usage={**usage, "spot": False}, attempts=[tried]))]})) as server:
        lines = runner.invoke(main, SHOW, obj=at(server)).stdout.splitlines()

    assert "  cost       about 0.000219 USD (16 vCPU-seconds, 32 GB-seconds)" in lines
    assert "  cost       about 0.000219 USD (16 vCPU-seconds, 32 GB-seconds, Spot)" in lines
    assert "             https://log.example/" in lines
    assert "  task       https://task.example/" in lines


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            {"at": "2025-01-31T09:31:00Z", "by": "arn:x", "reason": "no\nneed"},
            "asked for at 2025-01-31T09:31:00Z by arn:x: no need",
        ),
        ({"by": "arn:x"}, "asked for by arn:x"),
        ({"at": "2025-01-31T09:31:00Z"}, "asked for at 2025-01-31T09:31:00Z"),
        ({"reason": "late"}, "asked for: late"),
    ],
)
def test_the_page_says_who_stopped_it(runner: CliRunner, request_: dict[str, str], said: str) -> None:
    assert f"  stop       {said}" in page(runner, failed(stopRequest=request_))


def test_the_page_says_which_run_it_repeats(runner: CliRunner) -> None:
    lines = page(runner, succeeded(rerunOf="nightly"))

    assert "  rerun of   nightly" in lines
    assert not any("asked for" in line for line in lines)


def test_the_page_names_the_culprit_and_its_log(runner: CliRunner) -> None:
    log = {"group": "/jobs", "stream": "runs/proxy/1", "url": "https://log.example/"}
    tried = {**attempt("FAILED"), "culprit": "proxy", "culpritLog": log}
    lines = page(runner, failed(culprit="proxy", attempts=[tried]))
    assert lines.count("  culprit    proxy") == 2
    first = lines.index("  its log    /jobs runs/proxy/1")
    assert lines[first - 1 : first + 2] == [
        "  culprit    proxy",
        "  its log    /jobs runs/proxy/1",
        "             https://log.example/",
    ]


@pytest.mark.parametrize(
    ("left_out", "unreadable", "numbers", "headings", "said"),
    [
        (0, 0, [None, None], ["Attempt 1", "Attempt 2"], []),
        (0, 0, [1, 1, 4], ["Attempt 1", "Attempt 1", "Attempt 4"], []),
        (
            7,
            0,
            [None, 9],
            ["Attempt 8", "Attempt 9"],
            ["  attempts   7 older not shown: they have no room in one answer"],
        ),
        (0, 1, [None], ["Attempt 1"], ["  attempts   1 not shown: the stack's version cannot read their records"]),
        (
            7,
            2,
            [],
            [],
            [
                "  attempts   7 older not shown: they have no room in one answer",
                "             2 not shown: the stack's version cannot read their records",
            ],
        ),
    ],
)
def test_the_page_counts_attempts_and_those_that_it_does_not_show(
    runner: CliRunner,
    left_out: int,
    unreadable: int,
    numbers: list[int | None],
    headings: list[str],
    said: list[str],
) -> None:
    attempts = [{**attempt(), "attempt": number} for number in numbers]
    lines = page(runner, succeeded(attempts=attempts, attemptsLeftOut=left_out, unreadableAttempts=unreadable))
    assert [line.split(" · ")[0] for line in lines if line.startswith("Attempt ")] == headings
    assert [line for line in lines if "not shown" in line] == said


def test_last_lines_stay_in_their_column(runner: CliRunner) -> None:
    printed = ["Traceback (most recent call last):", "  File …", "", "SystemExit: 3"]
    document = failed(attempts=[{**attempt("FAILED"), "lastLogLines": printed}])
    with serving(scripted({GET: [Reply(200, document)]})) as server:
        lines = runner.invoke(main, SHOW, obj=at(server)).stdout.splitlines()
    first = lines.index("  last lines Traceback (most recent call last):")
    assert [line[13:] for line in lines[first : first + 4]] == printed


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"lastLogLines": [], "logNote": "the container never started"}, "none: the container never started"),
        ({"lastLogLines": ["\x1b[31mred"], "logNote": None}, "�[31mred"),
        ({"lastLogLines": [], "logNote": None}, None),
        ({}, None),
    ],
)
def test_the_last_lines_or_why_there_are_none(runner: CliRunner, told: dict[str, object], shown: str | None) -> None:
    with serving(scripted({GET: [Reply(200, failed(attempts=[{**attempt("FAILED"), **told}]))]})) as server:
        lines = runner.invoke(main, SHOW, obj=at(server)).stdout.splitlines()
    expected = [] if shown is None else [f"  last lines {shown}"]
    assert [line for line in lines if line.startswith("  last lines")] == expected


def test_the_page_of_a_result_and_of_a_run_without_task(runner: CliRunner) -> None:
    with serving(scripted({GET: [Reply(200, succeeded()), Reply(200, run(input=None))]})) as server:
        first, second = (runner.invoke(main, SHOW, obj=at(server)).stdout for _ in range(2))

    assert '  result     {"answer":42}\n' in first
    assert second == f"Run {RUN_ID} · callback · PENDING\n  execution  {EXECUTION_ARN}\n"


def page(runner: CliRunner, document: dict[str, object]) -> list[str]:
    """The lines of `runs show` for this run."""
    with serving(scripted({GET: [Reply(200, document)]})) as server:
        return runner.invoke(main, SHOW, obj=at(server), env={"COLUMNS": "500"}).stdout.splitlines()


@pytest.mark.parametrize("width", [40, 80])
def test_a_line_is_broken_between_words_and_never_in_one(runner: CliRunner, width: int) -> None:
    advice = "Look at what the container wrote last, and at exit-codes of its own: " * 4
    document = failed(advice=advice, attempts=[{**attempt(), "lastLogLines": ["a line of the container's own " * 9]}])
    with serving(scripted({GET: [Reply(200, document)]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server), env={"COLUMNS": str(width)})

    lines = result.stdout.splitlines()
    (first,) = [index for index, line in enumerate(lines) if line.startswith("  advice ")]
    said = [line for line in lines[first : first + 12] if line.startswith(("  advice ", " " * 13))]
    assert [line for line in said if len(line) > width] == []
    assert " ".join(" ".join(said).split()[1:]).startswith(advice.strip()[:200])
    assert "a line of the container's own " * 9 in result.stdout


@pytest.mark.parametrize(("status", "colour"), [("RUNNING", 36), ("SUCCEEDED", 32), ("FAILED", 31), ("STOPPED", 33)])
def test_a_terminal_gets_states_in_colour(runner: CliRunner, status: str, colour: int) -> None:
    with serving(scripted({GET: [Reply(200, run(status, attempts=[attempt(status=status)]))]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server), color=True)

    assert result.stdout.count(f"\x1b[{colour}m{status}\x1b[0m") == 2


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (run("RUNNING", createdAt="2026-03-02T09:00:07+00:00"), "  elapsed    1 min 05 s"),
        (run("PENDING", createdAt="2026-03-02T09:01:13+00:00"), "  elapsed    0.0 s"),
        (run("RUNNING"), None),
        (succeeded(createdAt="2026-03-02T09:00:07+00:00"), None),
    ],
)
def test_a_run_that_has_not_ended_shows_for_how_long_it_is_there(
    runner: CliRunner, document: dict[str, object], said: str | None
) -> None:
    now = datetime(2026, 3, 2, 9, 1, 12, tzinfo=UTC)
    with serving(scripted({GET: [Reply(200, document)]})) as server:
        around = replace(at(server), now=lambda: now)
        lines = runner.invoke(main, SHOW, obj=around).stdout.splitlines()

    assert [line for line in lines if line.startswith("  elapsed")] == ([said] if said else [])


TIMED_OUT = execution("TIMED_OUT", "States.Timeout")
ABORTED = execution("ABORTED", "By.Hand", "not wanted\nany more \x1b[31m")
JUDGED = execution("FAILED", "Task.SidecarFailed", "Container side exited with code 2.")
SAME = execution("FAILED", "Container.ExitedNonZero", "in other words")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (run("FAILED", error="States.Timeout", execution=TIMED_OUT), "TIMED_OUT"),
        (run("FAILED", error="States.Timeout", execution=execution("FAILED", "States.Timeout")), None),
        (run("STOPPED", execution=ABORTED), "ABORTED By.Hand: not wanted any more �[31m"),
        (run("RUNNING", execution=ABORTED), "ABORTED By.Hand: not wanted any more �[31m"),
        (run("STOPPED", execution=execution("ABORTED")), "ABORTED"),
        (run("STOPPED", execution=execution("ABORTED", cause="x" * 500)), f"ABORTED: {'x' * 299}…"),
        (succeeded(execution=JUDGED), "FAILED Task.SidecarFailed: Container side exited with code 2."),
        (failed(execution=TIMED_OUT), "TIMED_OUT States.Timeout"),
        (failed(pattern="sync", execution=execution()), "SUCCEEDED"),
        (failed(pattern="request-response", execution=execution()), None),
        (failed(execution=SAME), None),
        (failed(), None),
        (succeeded(), None),
        (run("RUNNING", execution=execution("RUNNING")), None),
        (run("RUNNING", execution=execution()), None),
        (run("RUNNING", execution={"error": "of another version"}), None),
        (without_task("Run.InvalidInput", "cpu: not a number"), None),
        (without_task("States.Timeout", "too late", "TIMED_OUT"), "TIMED_OUT"),
    ],
)
def test_the_execution_is_told_of_where_it_ended_otherwise(
    runner: CliRunner, document: dict[str, object], said: str | None
) -> None:
    lines = page(runner, document)
    arn = lines.index(f"  execution  {EXECUTION_ARN}")
    beside = [line.strip() for line in lines[arn + 1 :] if line.startswith(" " * 13) and "+00:00" not in line]

    assert beside == ([said] if said else [])


def test_redrives_are_counted(runner: CliRunner) -> None:
    assert "  redrives   2" in page(runner, succeeded(execution=execution(redrives=2)))
    assert not any("redrives" in line for line in page(runner, succeeded()))


def test_a_run_that_ended_without_a_task_says_so(runner: CliRunner) -> None:
    assert page(runner, without_task("Run.InvalidInput", "cpu: not a number"))[:4] == [
        f"Run {RUN_ID} · callback · FAILED",
        "  error      Run.InvalidInput",
        "  summary    cpu: not a number",
        "  task       none was seen",
    ]


def test_json_is_the_document_as_it_came(runner: CliRunner) -> None:
    document = {**succeeded(), "of a later version": ["ä", 1.5]}
    with serving(scripted({GET: [Reply(200, document)]})) as server:
        result = runner.invoke(main, [*SHOW, "--json"], obj=at(server))

    assert json.loads(result.stdout) == document


def test_an_unknown_run_is_one_line(runner: CliRunner) -> None:
    with serving(scripted({GET: [Reply(404, {"error": "Run.NotFound", "detail": "no"})]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == 2
    assert result.stderr == f"Error: There is no run {RUN_ID} in the local runtime.\n"


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "a b", "a?b", "x" * 200, "\x1b[31m", "\udcff"])
def test_what_cannot_be_a_run_id_is_never_asked_for(runner: CliRunner, run_id: str) -> None:
    with serving(scripted({})) as server:
        result = runner.invoke(main, ["show", run_id], obj=at(server))

    assert result.exit_code == 2
    assert "is not a run id" in result.stderr
    assert "\x1b" not in result.stderr
    assert server.requests == []


def test_an_item_of_a_fan_out_is_one_path_segment(runner: CliRunner) -> None:
    nothing_else = f"GET {STAGE}/runs?idPrefix=nightly%3A7&limit=11"
    item = f"GET {STAGE}/runs/nightly%3A7"
    replies = {nothing_else: [Reply(200, {"runs": []})], item: [Reply(200, run(runId="nightly:7"))]}
    with serving(scripted(replies)) as server:
        assert runner.invoke(main, ["show", "nightly:7"], obj=at(server)).exit_code == 0


def test_the_call_is_signed(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-nobody")  # local work needs none
    with serving(scripted({GET: [Reply(200, run())]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    (request,) = server.requests
    assert result.exit_code == 0
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")
    assert "/eu-west-1/execute-api/aws4_request" in request.headers["Authorization"]
    assert request.headers["X-Amz-Date"]


REFUSALS = {
    "no permission": (403, {"Message": "User: x is not authorized"}, "execute-api:Invoke", 69),
    "no authentication": (403, {"message": "Missing Authentication Token"}, "no such route", 69),
    "no route": (403, {"error": "Call.NotSigned", "detail": "sign the call"}, "no such route", 69),
    "expired": (403, {"error": "Call.Expired", "detail": "the session token has expired"}, "token has expired", 69),
    "a bad request": (400, {"detail": "the id is too long"}, "  - the id is too long", 2),
    "not its fault": (418, "teapot", "HTTP 418: no message", 69),
    "another API": (200, "<html>", "not a run", 69),
    "another document": (200, {"hello": "world"}, "has no 'runId'", 69),
    "a redirect": (301, "", "HTTP 301", 69),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_api_refuses_is_explained(runner: CliRunner, name: str) -> None:
    status, document, said, exit_code = REFUSALS[name]
    with serving(scripted({GET: [Reply(status, document)]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == exit_code
    assert said in result.stderr
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_api_that_has_no_time_is_asked_again(runner: CliRunner, status: int, time: Time) -> None:
    with serving(scripted({GET: [Reply(status, {}), Reply(status, {}), Reply(200, run())]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server, time))

    assert result.exit_code == 0
    assert time.pauses == [0.2, 0.5]


def test_but_not_for_ever(runner: CliRunner) -> None:
    with serving(scripted({GET: [Reply(503, {"message": "Service Unavailable"})]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == 69
    assert "HTTP 503: Service Unavailable" in result.stderr
    assert len(server.requests) == 4


def test_nothing_that_answers_is_explained(runner: CliRunner) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = runner.invoke(main, SHOW, obj=surroundings(Control(runtime_status(endpoint))))

    assert result.exit_code == 69
    assert "Nothing answers at 127.0.0.1" in result.stderr
    assert "runs local status" in result.stderr


@pytest.mark.parametrize("arguments", [SHOW, ["start", "--", "true"], ["demo"]])
def test_without_a_local_runtime_the_way_out_is_named(runner: CliRunner, arguments: list[str]) -> None:
    result = runner.invoke(main, arguments, obj=surroundings(Control()))

    assert result.exit_code == 69
    assert "local up" in result.stderr
    assert "--stack" in result.stderr


def test_an_error_of_the_runtime_is_readable(runner: CliRunner) -> None:
    result = runner.invoke(main, SHOW, obj=surroundings(Control(error=LocalRuntimeError("it is stuck"))))

    assert (result.exit_code, result.stderr) == (69, "Error: it is stuck\n")


def test_a_runtime_without_a_stack_is_named(runner: CliRunner) -> None:
    found = runtime_status("http://127.0.0.1:1")
    empty = type(found)(found.endpoint, found.region, found.stack, {}, found.pid, found.secret_access_key)

    result = runner.invoke(main, SHOW, obj=surroundings(Control(empty)))

    assert result.exit_code == 69
    assert "nothing is deployed" in result.stderr
