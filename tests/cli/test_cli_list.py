"""`runs list`: filters, pages, the table, and which run an id means."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.run_list import Row, age_text, brief, cost_text, table
from cli.surroundings import Surroundings
from cli.text import fitted, width_of
from tests.cli.documents_for_tests import RUN_ID, run
from tests.cli.standin import STAGE, Answer, Control, Reply, Request, at, runtime_status, scripted, serving
from tests.cli.terminals import STACK, plain, stack, terminal
from tests.cli.world import problem

NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)
Document = dict[str, object]


def row(run_id: str = RUN_ID, status: str = "SUCCEEDED", **changes: object) -> Document:
    """An element of a list as the API gives it."""
    times = {"createdAt": "2025-01-31T09:30:00.000Z", "startedAt": "2025-01-31T09:30:20Z"}
    return {"runId": run_id, "status": status, "pattern": "callback", **times, **changes}


ROWS = [
    row("20250131T115900-000000aa", "PENDING", createdAt="2025-01-31T11:59:30Z", startedAt=None),
    row("20250131T115000-000000bb", "RUNNING", createdAt="2025-01-31T11:50:00Z", startedAt="2025-01-31T11:51:00Z"),
    row("20250131T093000-1a2b3c4d", durationSeconds=62.0, estimatedCostUsd=0.00021, summary="It exited with code 0."),
    row(
        "20250129T093000-000000cc",
        "FAILED",
        createdAt="2025-01-29T09:30:00Z",
        durationSeconds=7380,
        estimatedCostUsd=1.5,
        error="Container.ExitedNonZero",
        summary="Container app exited with code 3: the job of the night found 12 rows and not 11 as the day before.",
    ),
    row("20250128T093000-000000dd", "STOPPED", createdAt="2025-01-28T09:30:00Z", error="Task.StoppedByUser"),
]


def listing(rows: Sequence[Document]) -> Answer:
    """Answers GET /runs with pages of these, whatever the filters."""

    def answer(request: Request) -> Reply:
        url = urlsplit(request.path)
        assert url.path == f"{STAGE}/runs"
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        end = start + min(limit, 3)  # a page may be shorter than asked for
        return Reply(200, {"runs": rows[start:end], "cursor": str(end) if end < len(rows) else None})

    return answer


def invoked(runner: CliRunner, answer: Answer, *words: str) -> tuple[int, str, str, list[str]]:
    """Exit code, stdout, stderr and the paths that were asked for; it is noon."""
    with serving(answer) as server:
        around = Surroundings(control=lambda: Control(runtime_status(server.url)), now=lambda: NOW)
        result = runner.invoke(main, list(words), obj=around)
    return result.exit_code, result.stdout, result.stderr, server.paths()


def test_the_table_in_a_pipe_is_whole(runner: CliRunner) -> None:
    code, stdout, stderr, _ = invoked(runner, listing(ROWS), "list")

    assert (code, stderr) == (0, "")
    assert stdout.splitlines() == [
        "run id                    status    age  took    cost  reason",
        "20250131T115900-000000aa  PENDING   30s",
        "20250131T115000-000000bb  RUNNING   10m 9m00s",
        "20250131T093000-1a2b3c4d  SUCCEEDED  2h 1m02s $0.0002",
        (
            "20250129T093000-000000cc  FAILED     2d 2h03m   $1.50  Container.ExitedNonZero: Container app exited with"
            " code 3: the job of the night found 12 rows and not 11 as the day before."
        ),
        "20250128T093000-000000dd  STOPPED    3d                Task.StoppedByUser",
    ]


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_fits_a_terminal(width: int) -> None:
    with (
        stack(listing(ROWS)) as (_, environment),
        terminal("list", *STACK, width=width, environment=environment) as screen,
    ):
        code, written = screen.end()

    _target, *lines = plain(written)
    assert code == 0
    assert [line.split()[0] for line in lines[1:]] == [one["runId"] for one in ROWS]
    assert max(map(len, lines)) == width
    assert lines[4].endswith("…")
    assert "Container.ExitedN" in lines[4]
    for coloured in ("\x1b[32mSUCCEEDED", "\x1b[31mFAILED", "\x1b[33mSTOPPED", "\x1b[36mRUNNING"):
        assert coloured in written


def test_no_colour_where_none_is_wanted() -> None:
    with (
        stack(listing(ROWS)) as (_, environment),
        terminal("list", *STACK, environment={**environment, "NO_COLOR": "1"}) as screen,
    ):
        assert "\x1b" not in screen.end()[1]


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 6])
def test_pages_are_followed_up_to_the_limit(runner: CliRunner, limit: int) -> None:
    code, stdout, stderr, paths = invoked(runner, listing(ROWS), "list", "--json", "--limit", str(limit))

    assert code == 0
    assert json.loads(stdout) == {"runs": ROWS[:limit]}
    assert len(paths) == (1 if limit <= 3 else 2)
    assert ("There are more" in stderr) == (limit < len(ROWS))


def test_what_is_given_is_asked_for(runner: CliRunner) -> None:
    words = ["--status", "failed", "--pattern", "sync", "--since", "2h", "--until", "2025-01-31T13:00+02:00"]
    _, _, _, (path,) = invoked(runner, listing([]), "list", *words, "--limit", "500")

    assert parse_qs(urlsplit(path).query) == {
        "status": ["FAILED"],
        "pattern": ["sync"],
        "since": ["2025-01-31T10:00:00Z"],
        "until": ["2025-01-31T11:00:00Z"],
        "limit": ["100"],
    }


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("90s", "11:58:30Z"),
        ("30m", "11:30:00Z"),
        ("2h", "10:00:00Z"),
        ("2025-01-31T11:22", "11:22:00Z"),
        ("2025-01-31T11:22Z", "11:22:00Z"),
    ],
)
def test_times(runner: CliRunner, text: str, when: str) -> None:
    _, _, _, (path,) = invoked(runner, listing([]), "list", "--since", text)

    assert parse_qs(urlsplit(path).query)["since"] == [f"2025-01-31T{when}"]


@pytest.mark.parametrize(("text", "when"), [("7d", "2025-01-24T12:00:00Z"), ("2w", "2025-01-17T12:00:00Z")])
def test_days(runner: CliRunner, text: str, when: str) -> None:
    _, _, _, (path,) = invoked(runner, listing([]), "list", "--since", text)

    assert parse_qs(urlsplit(path).query)["since"] == [when]


@pytest.mark.parametrize("text", ["yesterday", "2x", "h", "", "999999w"])
def test_what_is_no_time_is_refused_before_a_call(runner: CliRunner, text: str) -> None:
    code, _, stderr, paths = invoked(runner, listing([]), "list", "--since", text)

    assert (code, paths) == (2, [])
    assert stderr == f"Error: --since is no time: {text!r}. Give one such as 2h or 2025-01-31T12:00.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "There is no run in the local runtime yet. Start one:  runs start -- echo"),
        (["--status", "FAILED"], "No run"),
    ],
)
def test_an_empty_list_says_what_to_do(runner: CliRunner, words: list[str], said: str) -> None:
    code, stdout, stderr, _ = invoked(runner, listing([]), "list", *words)

    assert (code, stdout) == (0, "")
    assert said in stderr


def test_what_the_api_refuses_is_named(runner: CliRunner) -> None:
    refusal = Reply(400, {"error": "Request.Invalid", "problems": [{"field": "since", "detail": "is too long ago"}]})
    code, _, stderr, _ = invoked(runner, lambda _: refusal, "list")

    assert (code, stderr) == (2, "Error: The request is wrong:\n  - since: is too long ago\n")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (age_text(None), ""),
        (age_text(-3), "0s"),
        (age_text(59.9), "59s"),
        (age_text(60), "1m"),
        (age_text(86_399), "23h"),
        (age_text(86_400), "1d"),
        (brief(None), ""),
        (brief(0.44), "0.4s"),
        (brief(59.94), "59.9s"),
        (brief(59.96), "1m00s"),
        (brief(3_600), "1h00m"),
        (cost_text(None), ""),
        (cost_text(0), "$0.0000"),
        (cost_text(0.00001), "<$0.0001"),
        (cost_text(0.99), "$0.9900"),
        (cost_text(1), "$1.00"),
        (fitted("abcdef", 6), "abcdef"),
        (fitted("abcdef", 5), "abcd…"),
        (fitted("日本語", 6), "日本語"),
        (fitted("日本語", 5), "日本…"),
        (fitted("日本語", 4), "日…"),
        (str(width_of("e\u0301日")), "3"),
    ],
)
def test_pieces(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_terminal_that_is_too_narrow_still_has_whole_ids() -> None:
    lines = table([Row.from_document(each) for each in ROWS], NOW, 40).splitlines()

    assert [line.split()[0] for line in lines[1:]] == [one["runId"] for one in ROWS]


class TestIds:
    """Which run is meant."""

    GET = f"GET {STAGE}/runs/{RUN_ID}"
    PREFIX = f"GET {STAGE}/runs?idPrefix=2025&limit=11"

    def test_a_whole_id_is_asked_for_at_once(self, runner: CliRunner) -> None:
        with serving(scripted({self.GET: [Reply(200, run())]})) as server:
            assert runner.invoke(main, ["show", RUN_ID], obj=at(server)).exit_code == 0
        assert server.paths() == [self.GET]

    @pytest.mark.parametrize("typed", ["2025", RUN_ID[:-1]])
    def test_the_beginning_of_one_run_is_that_run(self, runner: CliRunner, typed: str) -> None:
        prefix = self.PREFIX.replace("=2025", f"={typed}")
        script = {prefix: [Reply(200, {"runs": [row()], "cursor": None})], self.GET: [Reply(200, run())]}
        with serving(scripted(script)) as server:
            result = runner.invoke(main, ["show", typed], obj=at(server))
        assert result.stdout.startswith(f"Run {RUN_ID}"), result.stderr

    @pytest.mark.parametrize(("count", "named", "more"), [(2, 2, False), (10, 10, False), (11, 10, True)])
    def test_the_beginning_of_several_names_them(self, runner: CliRunner, count: int, named: int, more: bool) -> None:
        ids = [f"2025-{number:02d}" for number in range(count)]
        not_found = problem(404, "Run.NotFound", "no")
        script = {
            self.PREFIX: [Reply(200, {"runs": [row(each) for each in ids]})],
            f"GET {STAGE}/runs/2025": [not_found],
        }
        with serving(scripted(script)) as server:
            result = runner.invoke(main, ["show", "2025"], obj=at(server))
        assert result.exit_code == 2
        lines = ["Error: Several runs begin with 2025:", *(f"  {each}" for each in ids[:named]), *["  …"] * more]
        assert result.stderr.splitlines() == lines

    def test_a_short_page_with_a_cursor_is_not_the_only_run(self, runner: CliRunner) -> None:
        page = {"runs": [row()], "cursor": "more"}
        script = {self.PREFIX: [Reply(200, page)], f"GET {STAGE}/runs/2025": [problem(404, "Run.NotFound", "no")]}
        with serving(scripted(script)) as server:
            result = runner.invoke(main, ["show", "2025"], obj=at(server))
        assert (result.exit_code, RUN_ID in result.stderr) == (2, True)

    @pytest.mark.parametrize("page", [["2025", "2025-a"], ["2025-a", "2025-b"], []])
    def test_a_name_that_others_begin_with_is_itself(self, runner: CliRunner, page: list[str]) -> None:
        script = {
            self.PREFIX: [Reply(200, {"runs": [row(each) for each in page]})],
            f"GET {STAGE}/runs/2025": [Reply(200, run(runId="2025"))],
        }
        with serving(scripted(script)) as server:
            result = runner.invoke(main, ["show", "2025"], obj=at(server))
        assert result.stdout.startswith("Run 2025 "), result.stderr

    def test_last_is_the_newest(self, runner: CliRunner) -> None:
        script = {f"GET {STAGE}/runs?limit=1": [Reply(200, {"runs": [row()]})], self.GET: [Reply(200, run())]}
        with serving(scripted(script)) as server:
            assert runner.invoke(main, ["show", "@last"], obj=at(server)).stdout.startswith(f"Run {RUN_ID}")

    def test_without_runs_there_is_no_last_one(self, runner: CliRunner) -> None:
        with serving(scripted({f"GET {STAGE}/runs?limit=1": [Reply(200, {"runs": []})]})) as server:
            result = runner.invoke(main, ["show", "@last"], obj=at(server))
        assert (result.exit_code, result.stderr) == (2, "Error: There is no run yet, and so no last one.\n")

    @pytest.mark.parametrize("typed", ["a b", ".", "", "x" * 121])
    def test_what_can_be_no_id_is_refused_before_a_call(self, runner: CliRunner, typed: str) -> None:
        with serving(scripted({})) as server:
            result = runner.invoke(main, ["show", typed], obj=at(server))
        assert (result.exit_code, server.paths()) == (2, [])


def test_a_list_of_a_job_has_its_runs_and_what_they_wait_for(runner: CliRunner) -> None:
    rows = [
        row("queued", "QUEUED", job="nightly", startedAt=None),
        row("queued-elsewhere", "QUEUED", startedAt=None),
        row("skipped", "SKIPPED", job="nightly", error="Run.Skipped", summary="Run other holds the only slot."),
        row("missed", "MISSED", job="nightly", error="Run.Missed", summary="It would be 3 h late."),
    ]
    code, stdout, _, paths = invoked(runner, listing(rows), "list", "--job", "nightly")

    assert (code, paths[0]) == (0, f"GET {STAGE}/runs?job=nightly&limit=20")
    assert [line.split(None, 3)[::3] for line in stdout.splitlines()[1:]] == [
        ["queued", "waits for a slot of nightly"],
        ["queued-elsewhere", "waits for a slot of its job"],
        ["skipped", "Run.Skipped: Run other holds the only slot."],
        ["missed", "Run.Missed: It would be 3 h late."],
    ]
