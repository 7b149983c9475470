"""`runs demo`: what it starts, what it shows, and that nothing but the right ends is a success."""

import pytest
from click.testing import CliRunner

from cli.demo_scenarios import SCENARIOS, Expected, Scenario
from cli.main import main
from cli.surroundings import Surroundings
from tests.cli.documents_for_tests import attempt, execution, run
from tests.cli.standin import STAGE, Control, Reply, Request, Time, at, runtime_status, serving

Document = dict[str, object]


class World:
    """An API in which every run ends as its scenario says; `spoil` and `executions` (of runs) change that."""

    def __init__(self, spoil: dict[int, Document] | None = None, executions: dict[int, Document] | None = None) -> None:
        self.spoil = spoil or {}
        self.executions = executions or {}
        self.started: list[Document] = []
        self._asked: dict[int, int] = {}

    def answer(self, request: Request) -> Reply:
        """What the stand-in answers."""
        if request.path == f"{STAGE}/runs":
            return self._start(request.document())
        return Reply(200, self._run(_number(request.path)))

    def _start(self, body: Document) -> Reply:
        self.started.append(body)
        run_id = f"run-{len(self.started) - 1}"
        return Reply(202, {"runId": run_id, "pattern": body["pattern"], "executionArn": f"arn:{run_id}"})

    def _run(self, index: int) -> Document:
        asked = self._asked[index] = self._asked.get(index, 0) + 1
        if asked == 1:
            return run("RUNNING", runId=f"run-{index}")
        expected = SCENARIOS[index].expected
        end: Document = {
            "status": expected.status,
            "error": expected.error,
            "exitCode": expected.exit_code,
            "result": expected.result,
            "durationSeconds": 1.5,
            "execution": self._execution(index),
            "attempts": [attempt(expected.status)],
            **self.spoil.get(index, {}),
        }
        return run(**{"runId": f"run-{index}", **end})  # type: ignore[arg-type]

    def _execution(self, index: int) -> Document:
        expected = SCENARIOS[index].expected
        found = execution(expected.execution_status, expected.execution_error)
        return {**found, **self.executions.get(index, {})}


def _number(text: str) -> int:
    return int(text.rpartition("-")[2])


def _index(pattern: str, shows: str) -> int:
    return next(i for i, one in enumerate(SCENARIOS) if (one.pattern, one.shows) == (pattern, shows))


def test_all_that_ends_as_it_should_is_a_success(runner: CliRunner) -> None:
    world = World()
    with serving(world.answer) as server:
        result = runner.invoke(main, ["demo"], obj=at(server))

    assert result.exit_code == 0, result.stderr
    assert len(world.started) == len(SCENARIOS)
    assert f"All {len(SCENARIOS)} runs ended as they should." in result.stdout
    assert "What to type next:" in result.stdout
    assert "local down" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_line_for_each_change_and_one_for_each_end(runner: CliRunner) -> None:
    with serving(World().answer) as server:
        result = runner.invoke(main, ["demo"], obj=at(server), env={"COLUMNS": "300"})

    lines = [line.split() for line in result.stdout.splitlines() if line.startswith("run-0 ")]
    assert [next(word for word in line if word.isupper()) for line in lines] == [
        "PENDING",
        "RUNNING",
        "SUCCEEDED",
        "SUCCEEDED",
    ]
    assert lines[-1][-1] == '{"answer":42,"unit":"runs"}'


@pytest.mark.parametrize(("width", "shows_all"), [("160", True), ("80", False)])
def test_a_terminal_gets_a_table_that_fits(runner: CliRunner, width: str, shows_all: bool) -> None:
    with serving(World().answer) as server:
        result = runner.invoke(main, ["demo"], obj=at(server), env={"TTY_COMPATIBLE": "1", "COLUMNS": width})

    assert result.exit_code == 0
    for whole in ("run id", "status", "error", "request-response", "Container.ExitedNonZero"):
        assert whole in result.stdout
    assert ("what it shows" in result.stdout) is shows_all
    assert ("duration" in result.stdout) is shows_all
    told = result.stdout.partition("What to type next")[0]
    assert "…" not in told
    assert max(len(line) for line in told.rpartition("\x1b")[2].splitlines()) <= int(width)


@pytest.mark.parametrize(
    ("index", "change", "said"),
    [
        (0, {"status": "FAILED", "error": "Task.Unknown"}, "status is FAILED, expected SUCCEEDED"),
        (0, {"result": None}, "result is none, expected {"),
        (0, {"result": {"answer": 41, "unit": "runs"}}, 'result is {"answer":41'),
        (1, {"exitCode": 4}, "exit code is 4, expected 3"),
        (1, {"exitCode": None}, "exit code is none, expected 3"),
        (2, {"error": "Container.OutOfMemory"}, "error is Container.OutOfMemory, expected Container.ExitedNonZero"),
        (3, {"error": None}, "error is none, expected Task.FailedToStart"),
    ],
)
def test_a_run_that_ends_otherwise_is_named(runner: CliRunner, index: int, change: Document, said: str) -> None:
    with serving(World({index: change}).answer) as server:
        result = runner.invoke(main, ["demo"], obj=at(server))

    assert result.exit_code == 1
    assert f"1 of {len(SCENARIOS)} runs did not end as they should" in result.stderr
    assert f"run-{index} ({SCENARIOS[index].pattern}, {SCENARIOS[index].shows})" in result.stderr
    assert said in result.stderr
    assert f"show run-{index}" in result.stderr


@pytest.mark.parametrize(
    ("index", "change", "said"),
    [
        (0, {"status": "FAILED", "error": "States.Timeout"}, "execution status is FAILED, expected SUCCEEDED"),
        (1, {"error": "States.TaskFailed"}, "execution error is States.TaskFailed, expected Container.ExitedNonZero"),
        (_index("sync", "exits with code 3"), {"status": "SUCCEEDED", "error": None}, "expected FAILED"),
    ],
)
def test_an_execution_that_ends_otherwise_is_named(runner: CliRunner, index: int, change: Document, said: str) -> None:
    with serving(World(executions={index: change}).answer) as server:
        result = runner.invoke(main, ["demo"], obj=at(server))

    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (World({0: {"status": "RUNNING", "attempts": []}}), "still RUNNING"),
        (
            World({0: {"status": "RUNNING"}}, {0: {"status": "RUNNING"}}),
            "its task ended (SUCCEEDED), its execution is RUNNING",
        ),
        (
            World({0: {"status": "RUNNING", "execution": None}}),
            "its task ended (SUCCEEDED), its execution is not recorded",
        ),
        (World({3: {"attempts": []}}), "its execution ended (FAILED), its task is not recorded"),
    ],
)
def test_it_gives_up_when_the_time_is_over(runner: CliRunner, time: Time, world: World, said: str) -> None:
    with serving(world.answer) as server:
        result = runner.invoke(main, ["demo", "--deadline", "10"], obj=at(server, time))

    assert result.exit_code == 1
    assert "gave up after 10 s" in result.stderr
    assert said in result.stderr
    assert 10 <= time.now < 11


def test_a_run_whose_execution_nobody_recorded_is_named(runner: CliRunner) -> None:
    with serving(World({0: {"execution": None}}).answer) as server:
        result = runner.invoke(main, ["demo"], obj=at(server))

    assert result.exit_code == 1
    assert "execution status is none, expected SUCCEEDED" in result.stderr


def test_nothing_but_the_api_is_asked(runner: CliRunner) -> None:
    with serving(World().answer) as server:
        runner.invoke(main, ["demo"], obj=at(server))

    assert all(path.split()[1].startswith(f"{STAGE}/runs") for path in server.paths())


def test_an_api_that_fails_ends_the_demo(runner: CliRunner) -> None:
    with serving(lambda _: Reply(500, {"message": "broken"})) as server:
        result = runner.invoke(main, ["demo"], obj=at(server))

    assert result.exit_code == 69
    assert "broken" in result.stderr


def test_ctrl_c_ends_it(runner: CliRunner) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with serving(World().answer) as server:
        around = Surroundings(control=lambda: Control(runtime_status(server.url)), sleep=interrupt)
        result = runner.invoke(main, ["demo"], obj=around)

    assert result.exit_code == 130
    assert "go on" in result.stderr


def test_the_scenarios_cover_every_pattern_with_success_and_failure() -> None:
    ends = {(one.pattern, one.expected.status) for one in SCENARIOS}

    assert ends == {(p, s) for p in ("callback", "sync", "request-response") for s in ("SUCCEEDED", "FAILED")}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: f"{one.pattern} {one.shows}")
def test_a_scenario_needs_nothing_but_python(scenario: Scenario) -> None:
    """The default image is python's own; locally it is the interpreter that runs all this."""
    assert scenario.commands[:2] == ("python", "-c") or scenario.commands == ("no-such-command",)
    assert isinstance(scenario.expected, Expected)
