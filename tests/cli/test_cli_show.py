"""`runs show`: the page of a run, and its document."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cli.main import main
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
from tests.cli.standin import STAGE, Reply, at, scripted, serving

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


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({"job": "nightly"}, ["  job        nightly"]),
        (
            {"job": "nightly", "schedule": "weekdays", "scheduledTime": "2025-01-31T06:00:00Z"},
            ["  job        nightly, schedule weekdays at 2025-01-31T06:00:00Z"],
        ),
        (
            {"queuedAt": "2025-01-31T06:00:00Z", "queue": {"since": "2025-01-31T06:00:00Z", "place": 2}},
            ["  slot       waits since 2025-01-31T06:00:00Z, number 2 of those that wait"],
        ),
        (
            {"queuedAt": "2025-01-31T06:00:00Z", "admittedAt": "2025-01-31T06:01:00Z", "forced": True},
            [
                "  slot       waited from 2025-01-31T06:00:00Z",
                "             admitted 2025-01-31T06:01:00Z",
                "             above the limit, as asked for",
            ],
        ),
        ({"blockedBy": "another-run"}, ["  slot       blocked by another-run"]),
        ({}, []),
    ],
)
def test_the_job_and_the_slot_of_a_run(runner: CliRunner, told: dict[str, object], lines: list[str]) -> None:
    with serving(scripted({GET: [Reply(200, run("QUEUED", **told))]})) as server:
        shown = runner.invoke(main, SHOW, obj=at(server)).stdout.splitlines()

    before = ("  command ", "  execution ", "  elapsed ")
    assert [line for line in shown[1:] if not line.startswith(before)] == lines


@pytest.mark.parametrize("status", ["SKIPPED", "MISSED"])
def test_a_run_that_was_turned_away_lacks_no_task_and_ended_as_its_execution_did(
    runner: CliRunner, status: str
) -> None:
    with serving(scripted({GET: [Reply(200, run(status, execution=execution()))]})) as server:
        shown = runner.invoke(main, SHOW, obj=at(server)).stdout

    assert shown.splitlines() == [
        f"Run {RUN_ID} · callback · {status}",
        "  command    python -c 'print('\"'\"'hello'\"'\"')'",
        f"  execution  {EXECUTION_ARN}",
    ]
