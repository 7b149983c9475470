"""`runs jobs list`, `show`, `pause`, `resume`, `delete` and `backfill`."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.surroundings import Surroundings
from tests.cli.jobs_for_tests import NOW, Jobs
from tests.cli.standin import STAGE, Control, Reply, StandIn, runtime_status, serving
from tests.cli.world import problem

YESTERDAY = datetime(2026, 11, 29, tzinfo=UTC)
ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/stack-nightly:1"
Run = Callable[..., Result]
NIGHTLY: Mapping[str, object] = {
    "project": "reports",
    "image": "registry.example/report:1",
    "environment": {"STAGE": "prod", "LEVEL": "info"},
    "concurrency": {"limit": 3},
    "schedules": [
        {"name": "weekdays", "cron": "0 6 ? * MON-FRI *", "timeZone": "Europe/Berlin"},
        {"name": "off", "rate": "1 hour", "enabled": False, "startingDeadline": "2h", "overrides": {"cpu": 512}},
    ],
}


@pytest.fixture
def jobs() -> Jobs:
    """Three jobs of two projects."""
    found = Jobs()
    for name, body in (
        ("nightly", NIGHTLY),
        ("other", {"project": "others", "taskDefinition": "family"}),
        ("weekly", {"project": "reports", "image": "a"}),
    ):
        found.apply(name, body)
    return found


@pytest.fixture
def server(jobs: Jobs) -> Iterator[StandIn]:
    """Their API."""
    with serving(jobs.answer) as running:
        yield running


@pytest.fixture
def run(runner: CliRunner, server: StandIn) -> Run:
    """Type a command at NOW."""
    control = Control(runtime_status(server.url))
    around = Surroundings(control=lambda: control, sleep=lambda _: None, clock=lambda: 0.0, now=lambda: NOW)
    return lambda *words: runner.invoke(main, ["jobs", *words], obj=around)


def of(status: str, created: str) -> dict[str, object]:
    """A run in a list."""
    return {"runId": f"{status}-{created}", "status": status, "createdAt": created}


def test_a_list_has_a_line_for_each_job(run: Run, jobs: Jobs) -> None:
    jobs.change("nightly", late_since=YESTERDAY, are_schedules_pending=True)
    jobs.change("weekly", paused_at=YESTERDAY)
    jobs.runs = {"nightly": [of("RUNNING", "2026-11-30T11:00:00Z"), of("SUCCEEDED", "2026-11-30T09:00:00Z")]}
    result = run("list")

    assert (result.exit_code, result.stderr) == (0, "")
    table = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in result.stdout.splitlines()]
    assert table == [
        ["job", "state", "schedules", "next fire", "limit", "running", "queued", "last success"],
        ["nightly", "late, schedules pending", "weekdays, off", "Tue 2026-12-01 06:00 CET", "3", "1", "0", "3h ago"],
        ["other", "0", "0"],
        ["weekly", "paused", "0", "0"],
    ]


def test_a_paused_job_fires_never(run: Run, jobs: Jobs) -> None:
    jobs.change("nightly", paused_at=YESTERDAY)

    assert "2026-12-01" not in run("list").stdout


def test_a_list_of_a_project_has_its_jobs(run: Run, server: StandIn) -> None:
    result = run("list", "--project", "reports", "--json")

    assert [job["name"] for job in json.loads(result.stdout)["jobs"]] == ["nightly", "weekly"]
    assert server.paths() == [f"GET {STAGE}/jobs?project=reports"]


@pytest.mark.parametrize(("options", "of_project"), [([], ""), (["--project", "none"], " of project none")])
def test_no_job_has_a_hint(run: Run, jobs: Jobs, options: list[str], of_project: str) -> None:
    jobs.store.jobs.clear()
    result = run("list", *options)

    said = f"There is no job{of_project} in the local runtime. Apply a file:  runs jobs apply\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", said)


def test_the_last_success_may_be_older_than_the_newest_runs(run: Run, jobs: Jobs) -> None:
    jobs.runs = {
        "nightly": [
            of("QUEUED", "2026-11-30T11:00:00Z"),
            of("PENDING", "2026-11-30T10:00:00Z"),
            of("FAILED", "2026-11-30T09:00:00Z"),
            of("SUCCEEDED", "2026-11-28T12:00:00Z"),
        ]
    }
    shown = run("show", "nightly").stdout.splitlines()

    assert shown[1:3] == ["  runs             1 running, 1 queued", "  last success     2d ago"]


def test_a_job_is_shown_in_the_words_of_its_file(run: Run, jobs: Jobs) -> None:
    jobs.change("nightly", late_since=YESTERDAY, created_at=YESTERDAY)
    result = run("show", "nightly")

    fires = [f"                   next {day} 06:00 CET" for day in DAYS]
    assert result.stdout.splitlines() == [
        "Job nightly · project reports · late",
        "  runs             0 running, 0 queued",
        "  last success     none",
        "  created          2026-11-29T00:00:00.000Z (1d ago)",
        "  updated          2026-11-30T12:00:00.000Z (0s ago)",
        "  late since       2026-11-29T00:00:00.000Z (1d ago)",
        "  schedule         weekdays: cron(0 6 ? * MON-FRI *) Europe/Berlin",
        *fires,
        "  schedule         off: rate(1 hour) UTC, not enabled",
        "                   startingDeadline 2h",
        '                   overrides {"cpu":512}',
        "  image            registry.example/report:1",
        '  environmentNames ["LEVEL","STAGE"]',
        '  concurrency      {"limit":3}',
        f"  revision         {ARN}",
    ]


DAYS = ("Tue 2026-12-01", "Wed 2026-12-02", "Thu 2026-12-03", "Fri 2026-12-04", "Mon 2026-12-07")


def test_json_is_the_job_as_the_api_has_it(run: Run, jobs: Jobs) -> None:
    assert json.loads(run("show", "nightly", "--json").stdout) == jobs.show("nightly")


def test_a_job_is_paused_and_resumed(run: Run, jobs: Jobs, server: StandIn) -> None:
    paused, resumed = run("pause", "nightly"), run("resume", "nightly")

    hint = "Resume it:  runs jobs resume nightly"
    assert (paused.exit_code, paused.stderr) == (0, f"Job nightly is paused: its schedules start nothing. {hint}\n")
    assert (resumed.exit_code, resumed.stderr) == (0, "Job nightly is not paused: its schedules start runs.\n")
    assert server.paths() == [f"POST {STAGE}/jobs/nightly/pause", f"POST {STAGE}/jobs/nightly/resume"]


@pytest.mark.parametrize(
    "words",
    [["show"], ["pause"], ["resume"], ["delete"], ["backfill", "--from", "2d", "--to", "1d"]],
    ids=lambda words: words[0],
)
def test_a_job_that_is_not_there_is_wrong_input(run: Run, words: list[str]) -> None:
    result = run(*words, "unknown")

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "Error: there is no job 'unknown'\n")


def test_a_job_is_deleted(run: Run, jobs: Jobs) -> None:
    result = run("delete", "nightly")

    assert (result.exit_code, result.stderr) == (0, "Job nightly is deleted.\n")
    assert "nightly" not in jobs.jobs


def test_a_job_with_live_runs_stays_and_it_is_said_how(run: Run, jobs: Jobs) -> None:
    jobs.live = {"nightly"}
    result = run("delete", "nightly")

    assert (result.exit_code, "nightly" in jobs.jobs) == (1, True)
    assert result.stderr.splitlines() == [
        "Error: job 'nightly' has 1 runs that have not ended: a-run",
        "Stop them:       runs jobs delete nightly --stop-runs",
        "Let them go on:  runs jobs delete nightly --keep-runs",
    ]


@pytest.mark.parametrize(
    ("option", "more"), [("--stop-runs", ""), ("--keep-runs", "Goes on:  a-run\n")], ids=["stop", "keep"]
)
def test_a_job_with_live_runs_goes_where_that_is_said(
    run: Run, jobs: Jobs, server: StandIn, option: str, more: str
) -> None:
    jobs.live = {"nightly"}
    result = run("delete", "nightly", option)

    assert (result.exit_code, result.stderr) == (0, f"Job nightly is deleted.\n{more}")
    assert server.paths() == [f"DELETE {STAGE}/jobs/nightly?runs={option[2:6]}"]


def test_more_runs_than_a_call_can_stop_are_asked_for_again(run: Run, jobs: Jobs, server: StandIn) -> None:
    jobs.replies = {"DELETE /jobs/nightly": Reply(200, {"liveRuns": ["a-run"], "isComplete": False})}
    result = run("delete", "nightly", "--stop-runs")

    assert (result.exit_code, result.stderr) == (0, "Job nightly is deleted.\n")
    assert server.paths() == [f"DELETE {STAGE}/jobs/nightly?runs=stop"] * 2


def test_another_refusal_of_a_deletion_is_said(run: Run, jobs: Jobs) -> None:
    jobs.replies = {"DELETE /jobs/nightly": problem(409, "Job.Changed", "It was changed.")}

    assert run("delete", "nightly").stderr == "Error: It was changed.\n"


SLOTS: list[dict[str, object]] = [
    {"schedule": "weekdays", "scheduledTime": "2026-11-29T05:00:00Z", "runId": "run-1", "after": None},
    {"schedule": "weekdays", "scheduledTime": "2026-11-30T05:00:00Z", "runId": "run-2", "after": "FAILED"},
]


@pytest.mark.parametrize(("options", "said"), [([], "2 started."), (["--dry-run"], "2 would be started.")])
def test_a_backfill_says_what_it_starts_and_why(
    run: Run, jobs: Jobs, server: StandIn, options: list[str], said: str
) -> None:
    jobs.slots = SLOTS
    result = run("backfill", "nightly", "--from", "2d", "--to", "2026-11-30T12:00+01:00", *options)

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "2026-11-29T05:00:00Z  weekdays  run-1  never started",
            "2026-11-30T05:00:00Z  weekdays  run-2  was FAILED",
            said,
        ],
    )
    assert result.stderr == "Schedule often has a rate: its times are not known, and nothing of it is started.\n"
    asked = {"from": "2026-11-28T12:00:00Z", "to": "2026-11-30T11:00:00Z", "dryRun": bool(options)}
    assert server.requests[0].document() == asked


def test_a_backfill_in_json_is_the_apis_answer(run: Run, jobs: Jobs) -> None:
    result = run("backfill", "nightly", "--from", "2d", "--to", "1d", "--json")

    assert json.loads(result.stdout) == {"job": "nightly", "slots": [], "started": [], "unknown": ["often"]}


def test_a_wrong_time_is_wrong_input(run: Run, server: StandIn) -> None:
    result = run("backfill", "nightly", "--from", "soon", "--to", "1d")

    assert (result.exit_code, server.paths()) == (2, [])
    assert "--from is no time" in result.stderr
