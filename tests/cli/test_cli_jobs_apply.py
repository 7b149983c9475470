"""`runs jobs diff` and `apply`: what is asked, what changes, and what is said of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli.jobs_api import Change, JobsApi
from cli.main import main
from fargate_runs.jobs.rules import JobRules
from tests.cli.jobs_for_tests import Jobs
from tests.cli.standin import STAGE, Reply, Request, StandIn, at, serving
from tests.cli.world import problem

FILE = """\
version: 1
project: reports
defaults: {timeZone: Europe/Berlin}
jobs:
  nightly:
    image: registry.example/report:1
    schedules: [{name: weekdays, cron: "0 6 ? * MON-FRI *"}]
  weekly:
    image: registry.example/week:1
"""
_DAYS = (("Tue", "01"), ("Wed", "02"), ("Thu", "03"), ("Fri", "04"), ("Mon", "07"))
FIRES = ", ".join(f"{day} 2026-12-{number} 06:00 CET" for day, number in _DAYS)
NEW = f"""\
+ nightly  new
    image: registry.example/report:1
    schedules.weekdays.cron: 0 6 ? * MON-FRI *
    schedules.weekdays.timeZone: Europe/Berlin
    + schedule weekdays
        next  {FIRES}
+ weekly  new
    image: registry.example/week:1
"""
Run = Callable[..., Result]


@pytest.fixture
def jobs() -> Jobs:
    """The stack."""
    return Jobs()


@pytest.fixture
def server(jobs: Jobs) -> Iterator[StandIn]:
    """Its API."""
    with serving(jobs.answer) as running:
        yield running


@pytest.fixture
def run(runner: CliRunner, server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command where jobs.yaml is, with `text` in it."""
    monkeypatch.chdir(tmp_path)

    def type_in(*words: str, text: str = FILE, **more: str) -> Result:
        Path("jobs.yaml").write_text(text)
        return runner.invoke(main, ["jobs", *words], obj=at(server), input=more.get("stdin"))

    return type_in


def test_a_diff_changes_nothing(run: Run, jobs: Jobs, server: StandIn) -> None:
    result = run("diff")

    assert (result.exit_code, result.stdout, result.stderr) == (1, NEW, "")
    assert jobs.jobs == {}
    assert server.paths() == [
        f"PUT {STAGE}/jobs/nightly?dryRun=true",
        f"PUT {STAGE}/jobs/weekly?dryRun=true",
        f"GET {STAGE}/jobs?project=reports",
    ]


def test_an_apply_brings_the_jobs_to_what_the_file_says(run: Run, jobs: Jobs, server: StandIn) -> None:
    result = run("apply", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{NEW}nightly  created\nweekly  created\n"
    assert server.paths()[-2:] == [f"PUT {STAGE}/jobs/nightly", f"PUT {STAGE}/jobs/weekly"]
    assert jobs.bodies["nightly"] == {
        "image": "registry.example/report:1",
        "schedules": [{"timeZone": "Europe/Berlin", "name": "weekdays", "cron": "0 6 ? * MON-FRI *"}],
        "project": "reports",
    }


def test_a_second_apply_changes_nothing(run: Run, server: StandIn) -> None:
    run("apply", "--yes")
    server.requests.clear()
    second, diff = run("apply"), run("diff")

    said = "  2 jobs are as the file says\nNo change: everything is as jobs.yaml says.\n"
    assert (second.exit_code, second.stdout, second.stderr) == (0, said, "")
    assert (diff.exit_code, diff.stdout) == (0, said)
    assert [path for path in server.paths() if path.startswith("PUT") and "dryRun" not in path] == []


def test_only_what_changed_is_shown_and_put(run: Run, server: StandIn) -> None:
    run("apply", "--yes")
    server.requests.clear()
    result = run("apply", "--yes", text=FILE.replace("report:1", "report:2"))

    assert result.stdout == (
        "~ nightly  changes\n"
        "    image: registry.example/report:1 → registry.example/report:2\n"
        "    = schedule weekdays\n"
        f"        next  {FIRES}\n"
        "  1 job is as the file says\n"
        "nightly  updated\n"
    )
    assert server.paths()[-1] == f"PUT {STAGE}/jobs/nightly"
    assert f"PUT {STAGE}/jobs/weekly" not in server.paths()


def test_a_dry_run_changes_nothing_and_is_no_failure(run: Run, jobs: Jobs) -> None:
    result = run("apply", "--dry-run")

    assert (result.exit_code, result.stdout, jobs.jobs) == (0, NEW, {})


def test_without_a_terminal_it_needs_a_yes(run: Run, jobs: Jobs) -> None:
    result = run("apply")

    assert (result.exit_code, result.stderr) == (2, "Error: There is no terminal to ask at: give --yes.\n")
    assert jobs.jobs == {}


@pytest.mark.parametrize(("answer", "exit_code", "applied"), [("y\n", 0, 2), ("n\n", 130, 0), ("", 130, 0)])
def test_at_a_terminal_it_asks(
    run: Run, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, answer: str, exit_code: int, applied: int
) -> None:
    monkeypatch.setattr("cli.commands.jobs.is_asked_at_a_terminal", lambda: True)
    result = run("apply", stdin=answer)

    assert (result.exit_code, len(jobs.jobs)) == (exit_code, applied)
    assert "Apply this? [y/N]:" in result.stderr


def test_a_file_on_stdin_is_never_asked_about(
    runner: CliRunner, server: StandIn, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.commands.jobs.is_asked_at_a_terminal", lambda: True)
    refused = runner.invoke(main, ["jobs", "apply", "-f", "-"], obj=at(server), input=FILE)
    applied = runner.invoke(main, ["jobs", "apply", "-f", "-", "--yes"], obj=at(server), input=FILE)

    assert (refused.exit_code, applied.exit_code, len(jobs.jobs)) == (2, 0, 2)


WRONG = """\
version: 1
project: reports
jobs:
  nightly:
    image: registry.example/report:1
    taskRole: arn:aws:iam::111122223333:role/other
    cpu: 7
  taken:
    image: registry.example/week:1
  weekly:
    image: UPPER
"""


@pytest.mark.parametrize("command", [["diff"], ["apply", "--yes"]])
def test_everything_that_is_wrong_is_said_with_its_line_before_anything_changes(
    run: Run, jobs: Jobs, server: StandIn, command: list[str]
) -> None:
    run("apply", "--yes", text="version: 1\nproject: others\njobs: {taken: {image: a}}\n")
    jobs.rules = JobRules(roles=("arn:aws:iam::111122223333:role/own",))
    server.requests.clear()
    result = run(*command, text=WRONG)

    lines = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (2, "")
    assert lines[0] == "Error: jobs.yaml has 4 problems; nothing was changed."
    assert [line.split(" ")[:2] for line in lines[1:]] == [
        ["jobs.yaml:6:5:", "jobs.nightly.taskRole:"],
        ["jobs.yaml:7:5:", "jobs.nightly.cpu:"],
        ["jobs.yaml:8:3:", "jobs.taken:"],
        ["jobs.yaml:11:5:", "jobs.weekly.image:"],
    ]
    assert all(path.endswith("?dryRun=true") for path in server.paths())
    assert [*jobs.jobs] == ["taken"]


def test_what_is_wrong_with_the_file_is_said_without_an_api(run: Run, jobs: Jobs) -> None:
    jobs.replies = {"PUT /jobs/nightly dry": Reply(403, {"message": "no"})}
    result = run("diff", text=WRONG)

    assert result.exit_code == 2
    assert "jobs.yaml:7:5: jobs.nightly.cpu: must be one of the numbers" in result.stderr


def test_a_right_file_without_an_api_is_no_fault_of_the_file(run: Run, jobs: Jobs) -> None:
    jobs.replies = {"PUT /jobs/nightly dry": Reply(403, {"message": "no"})}

    assert run("diff").exit_code == 69


def test_another_refusal_is_no_problem_of_the_file(run: Run, jobs: Jobs) -> None:
    jobs.replies = {"PUT /jobs/weekly dry": problem(409, "Job.Changed", "It was changed.")}
    result = run("diff")

    assert (result.exit_code, result.stderr) == (1, "Error: It was changed.\n")


OTHERS = FILE.replace("  weekly:", "  another:")


def test_what_the_file_does_not_have_stays_unless_it_is_pruned(run: Run, jobs: Jobs, server: StandIn) -> None:
    run("apply", "--yes")
    run("apply", "--yes", text="version: 1\nproject: others\njobs: {foreign: {image: a}}\n")
    kept = run("apply", "--yes", text=OTHERS)
    assert "  weekly  is not in the file; --prune removes it\n" in kept.stdout
    assert sorted(jobs.jobs) == ["another", "foreign", "nightly", "weekly"]

    shown = run("diff", "--prune", text=OTHERS)
    assert (shown.exit_code, shown.stdout) == (1, "- weekly  goes\n  2 jobs are as the file says\n")
    pruned = run("apply", "--prune", "--yes", text=OTHERS)
    assert (pruned.exit_code, pruned.stdout.splitlines()[-1]) == (0, "weekly  removed")
    assert sorted(jobs.jobs) == ["another", "foreign", "nightly"]
    assert server.paths()[-1] == f"DELETE {STAGE}/jobs/weekly"


@pytest.mark.parametrize("option", ["--stop-runs", "--keep-runs"])
def test_a_job_with_live_runs_goes_only_when_it_is_said_what_becomes_of_them(
    run: Run, jobs: Jobs, server: StandIn, option: str
) -> None:
    run("apply", "--yes")
    jobs.live = {"weekly"}
    refused = run("apply", "--prune", "--yes", text=OTHERS)
    assert (refused.exit_code, "weekly" in jobs.jobs) == (1, True)
    assert refused.stderr.splitlines()[-1] == "Say what becomes of them: --stop-runs or --keep-runs."

    assert run("apply", "--prune", "--yes", option, text=OTHERS).exit_code == 0
    assert server.paths()[-1] == f"DELETE {STAGE}/jobs/weekly?runs={option[2:6]}"


THREE = f"{FILE}  yearly:\n    image: registry.example/year:1\n"
CHANGED, DOWN, LATE = problem(409, "Job.Changed", "It was changed."), Reply(403, {}), Reply(504, {"message": "late"})
WHEN_PUT, WHEN_ASKED = f"{STAGE}/jobs/weekly", f"{STAGE}/jobs/weekly?dryRun=true"


@dataclass(frozen=True)
class Failure:
    """What the second of three jobs is answered, whether it is put all the same, and what is said then."""

    reply: Reply
    exit_code: int
    new: str = "nightly"
    unknown: str = "none"
    old: str = "weekly, yearly"
    is_put: bool = False
    asked: Reply | None = None
    is_pending: bool = False


FAILURES = {
    "refused": Failure(CHANGED, 1),
    "not allowed": Failure(DOWN, 69),
    "no answer": Failure(LATE, 69),
    "no answer, and done": Failure(LATE, 69, new="nightly, weekly", old="yearly", is_put=True),
    "no answer, and all but the schedules": Failure(
        LATE, 69, new="nightly, weekly", old="yearly", is_put=True, is_pending=True
    ),
    "no answer to anything": Failure(LATE, 69, unknown="weekly", old="yearly", asked=LATE),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_in_the_middle_says_which_jobs_are_new_and_which_old(
    run: Run, jobs: Jobs, server: StandIn, name: str
) -> None:
    failure = FAILURES[name]
    put: list[Request] = []

    def answer(request: Request) -> Reply:
        if request.path == WHEN_PUT:
            put.append(request)
            if failure.is_put:
                jobs.apply("weekly", request.document())
                jobs.change("weekly", are_schedules_pending=failure.is_pending)
            return failure.reply
        if request.path == WHEN_ASKED and put and failure.asked:
            return failure.asked
        return jobs.answer(request)

    server.answer = answer
    result = run("apply", "--yes", text=THREE)

    assert result.exit_code == failure.exit_code
    assert "yearly" not in jobs.jobs
    assert result.stderr.startswith("Not everything was applied: ")
    assert result.stderr.splitlines()[1:] == [
        f"  new: {failure.new}",
        "  removed: none",
        f"  not known, old or new: {failure.unknown}",
        f"  old: {failure.old}",
        *(["The schedules of weekly are not all in EventBridge Scheduler yet."] if failure.is_pending else []),
        "Each of them is whole. Apply the file again to finish.",
    ]


def test_ctrl_c_in_the_middle_says_where(
    run: Run, jobs: Jobs, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = JobsApi.put

    def put(self: JobsApi, name: str, body: Mapping[str, object], *, dry_run: bool) -> Change:
        if name == "weekly" and not dry_run:
            raise KeyboardInterrupt
        return real(self, name, body, dry_run=dry_run)

    monkeypatch.setattr(JobsApi, "put", put)
    result = run("apply", "--yes", text=THREE)

    assert (result.exit_code, [*jobs.jobs]) == (130, ["nightly"])
    assert result.stderr.splitlines()[:5] == [
        "Not everything was applied: stopped half-way",
        "  new: nightly",
        "  removed: none",
        "  not known, old or new: weekly",
        "  old: yearly",
    ]


def test_ctrl_c_between_two_jobs_leaves_none_unknown(run: Run, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = click.echo

    def echo(message: str, *, err: bool = False) -> None:
        real(message, err=err)
        if message == "weekly  created":
            raise KeyboardInterrupt

    monkeypatch.setattr("cli.commands.jobs.click.echo", echo)
    result = run("apply", "--yes", text=THREE)

    assert (result.exit_code, [*jobs.jobs]) == (130, ["nightly", "weekly"])
    assert result.stderr.splitlines()[1:5] == [
        "  new: nightly, weekly",
        "  removed: none",
        "  not known, old or new: none",
        "  old: yearly",
    ]


@pytest.mark.parametrize(
    ("is_removed", "asked", "lines"),
    [
        (False, None, ["  removed: none", "  not known, old or new: none", "  old: weekly"]),
        (True, None, ["  removed: weekly", "  not known, old or new: none", "  old: none"]),
        (True, LATE, ["  removed: none", "  not known, old or new: weekly", "  old: none"]),
        (False, CHANGED, ["  removed: none", "  not known, old or new: weekly", "  old: none"]),
    ],
)
def test_a_removal_without_an_answer_is_looked_at(
    run: Run, jobs: Jobs, server: StandIn, is_removed: bool, asked: Reply | None, lines: list[str]
) -> None:
    run("apply", "--yes")

    def answer(request: Request) -> Reply:
        if request.path == WHEN_PUT and request.method == "DELETE":
            if is_removed:
                jobs.store.jobs.pop("weekly", None)
            return LATE
        return asked if request.path == WHEN_PUT and asked else jobs.answer(request)

    server.answer = answer
    result = run("apply", "--prune", "--yes", text=OTHERS)

    assert (result.exit_code, result.stderr.splitlines()[1:5]) == (69, ["  new: another", *lines])


def test_a_project_without_jobs_is_applied_too(run: Run, jobs: Jobs) -> None:
    run("apply", "--yes", text=THREE)
    empty = "version: 1\nproject: reports\njobs: {}\n"

    assert run("apply", "--yes", "--prune", text=empty).exit_code == 0
    assert jobs.jobs == {}
