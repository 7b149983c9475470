"""`runs start --wait`, `rerun --wait`, `wait` and `logs -f`: the lines, the end, the exit code."""

import json

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.surroundings import Surroundings
from tests.cli.documents_for_tests import RUN_ID, attempt, failed, run, succeeded
from tests.cli.standin import STAGE, Control, Reply, Request, StandIn, Time, at, runtime_status, serving
from tests.cli.world import NOTHING_YET, OLDER, Step, World, ended_badly, ended_well, problem, running

COMMANDS = {
    "start": ["start", "--wait", "--", "true"],
    "rerun": ["rerun", OLDER, "--wait"],
    "wait": ["wait", RUN_ID],
    "logs": ["logs", "-f", RUN_ID],
}
WAITING = ["start", "rerun", "wait"]


def followed(runner: CliRunner, world: World, command: list[str], time: Time | None = None) -> tuple[Result, StandIn]:
    """What a command shows of the world."""
    with serving(world.answer) as server:
        result = runner.invoke(main, command, obj=at(server, time))
    return result, server


@pytest.mark.parametrize("command", COMMANDS)
def test_the_lines_come_on_stdout_and_all_else_on_stderr(runner: CliRunner, command: str) -> None:
    world = World(NOTHING_YET, running("one"), running("one", "two"), running(*"12345"), ended_well(*"123456"))
    world.steps[1:3] = [running("1"), running("1", "2")]

    result, _ = followed(runner, world, COMMANDS[command])

    assert (result.exit_code, result.stdout) == (0, "1\n2\n3\n4\n5\n6\n")
    last = result.stderr.splitlines()[-1]
    assert last == f"Run {RUN_ID} SUCCEEDED after 1.2 s."


@pytest.mark.parametrize("command", WAITING)
@pytest.mark.parametrize(
    ("end", "exit_code"),
    [
        ({"exitCode": 3}, 3),
        ({"exitCode": None}, 1),
        ({"error": "States.Timeout", "exitCode": 137}, 124),
        ({"status": "STOPPED", "error": "Task.StoppedByUser", "exitCode": None}, 1),
    ],
)
def test_the_exit_code_is_that_of_the_run(
    runner: CliRunner, command: str, end: dict[str, object], exit_code: int
) -> None:
    result, _ = followed(runner, World(running("x"), ended_badly("x", **end)), COMMANDS[command])

    assert (result.exit_code, result.stdout) == (exit_code, "x\n")


def test_logs_end_well_however_the_run_ended(runner: CliRunner) -> None:
    result, _ = followed(runner, World(running("x"), ended_badly("x")), COMMANDS["logs"])

    assert (result.exit_code, result.stdout) == (0, "x\n")


def test_the_end_is_one_line_that_says_why_and_how_to_learn_more(runner: CliRunner) -> None:
    usage = {"vcpuSeconds": 15.5, "gbSeconds": 31, "estimatedCostUsd": 0.000213, "spot": False}
    result, _ = followed(runner, World(ended_badly(usage=usage)), COMMANDS["wait"])

    assert result.stderr.splitlines() == [
        "FAILED",
        (
            f"Run {RUN_ID} FAILED after 1 min 02 s, about 0.000213 USD: Container.ExitedNonZero: "
            f"Container app exited with code 3.  More:  runs show {RUN_ID}"
        ),
    ]


def test_lines_of_every_attempt_come_in_order(runner: CliRunner) -> None:
    first = {**attempt("FAILED"), "attempt": 1}
    second = {**attempt(None, "RUNNING"), "attempt": 2}
    world = World(
        running("a"),
        # Before the next poll the first attempt prints more and ends, and the second one begins.
        Step(run("RUNNING", attempts=[first, second]), {1: ["a", "b", "c"], 2: ["d"]}),
        Step(succeeded(attempts=[first, {**second, "status": "SUCCEEDED"}]), {1: ["a", "b", "c"], 2: ["d", "e"]}),
    )

    result, _ = followed(runner, world, COMMANDS["start"])

    assert result.stdout.split() == list("abcde")
    assert "RUNNING, attempt 2" in result.stderr


@pytest.mark.parametrize(("command", "shown"), [("start", "abcd"), ("rerun", "abcd"), ("wait", "cd"), ("logs", "cd")])
def test_who_attaches_sees_the_newest_attempt_and_who_starts_all(runner: CliRunner, command: str, shown: str) -> None:
    tried = [{**attempt("FAILED"), "attempt": 1}, {**attempt("SUCCEEDED"), "attempt": 2}]
    world = World(Step(succeeded(attempts=tried), {1: ["a", "b"], 2: ["c", "d"]}))

    result, _ = followed(runner, world, COMMANDS[command])

    assert result.stdout.split() == list(shown)


def test_an_attempt_without_a_log_is_passed_over(runner: CliRunner) -> None:
    tried = [{**attempt("FAILED"), "attempt": 1}, {**attempt("SUCCEEDED"), "attempt": 2}]
    result, _ = followed(runner, World(Step(succeeded(attempts=tried), {2: ["c"]})), COMMANDS["start"])

    assert result.stdout == "c\n"


@pytest.mark.parametrize("command", ["start", "wait", "logs"])
def test_an_attempt_whose_log_is_gone_is_passed_over(runner: CliRunner, command: str) -> None:
    tried = [{**attempt("FAILED"), "attempt": 1}]
    later = [*tried, {**attempt("SUCCEEDED"), "attempt": 2}]
    world = World(Step(run("RUNNING", attempts=tried)), Step(succeeded(attempts=later), {2: ["c"]}))
    world.gone = {1}

    result, _ = followed(runner, world, COMMANDS[command])

    assert (result.exit_code, result.stdout) == (0, "c\n")
    assert "cannot be shown" not in result.stderr


def test_a_log_that_is_gone_is_told_at_the_end(runner: CliRunner) -> None:
    for command, exit_code, said in (
        ("wait", 3, "Its lines cannot be shown: It is gone."),
        ("logs", 1, "Error: It is"),
    ):
        world = World(running(), running(), Step(failed()))
        world.gone = {1}
        result, _ = followed(runner, world, COMMANDS[command])
        assert (result.exit_code, result.stdout, result.stderr.count(said)) == (exit_code, "", 1)


def test_a_task_without_a_number_is_the_newest_attempt(runner: CliRunner) -> None:
    result, server = followed(runner, World(running("a"), ended_well("a", "b")), COMMANDS["start"])

    assert result.stdout == "a\nb\n"
    assert not any("attempt=" in path for path in server.paths())


def test_one_attempt_alone_is_followed_to_its_own_end(runner: CliRunner) -> None:
    tried = [{**attempt("FAILED"), "attempt": 1}, {**attempt(None, "RUNNING"), "attempt": 2}]
    world = World(running("a"), Step(run("RUNNING", attempts=tried), {1: ["a", "b"], 2: ["c"]}))

    result, server = followed(runner, world, [*COMMANDS["logs"], "--attempt", "1"])

    assert (result.exit_code, result.stdout) == (0, "a\nb\n")
    assert not any("attempt=2" in path for path in server.paths())
    assert "Run" not in result.stderr.splitlines()[-1]


def test_quiet_shows_none_of_the_lines_and_asks_for_none(runner: CliRunner) -> None:
    result, server = followed(runner, World(running("a"), ended_badly("a", "b")), [*COMMANDS["wait"], "--quiet"])

    assert (result.exit_code, result.stdout) == (3, "")
    assert not any("/logs" in path for path in server.paths())
    assert "FAILED after" in result.stderr


@pytest.mark.parametrize("command", WAITING)
def test_json_is_the_run_at_its_end_alone(runner: CliRunner, command: str) -> None:
    words = [COMMANDS[command][0], "--json", *COMMANDS[command][1:]]
    result, _ = followed(runner, World(running("a"), ended_badly("a")), words)

    assert result.exit_code == 3
    assert json.loads(result.stdout) == failed()
    assert "a\n" in result.stderr


@pytest.mark.parametrize(
    "refusal",
    [
        problem(404, "Log.Elsewhere", "It logs with fluentd."),
        problem(502, "Log.NotAllowed", "No permission."),
        Reply(403, {"Message": "User: x is not authorized"}),
    ],
    ids=["elsewhere", "not allowed", "not for this caller"],
)
def test_a_log_that_cannot_be_read_is_told_once_and_the_run_waited_for(runner: CliRunner, refusal: Reply) -> None:
    world = World(running("a"), running("a"), running("a"), ended_well("a"))
    world.log_refusal = refusal

    result, server = followed(runner, world, COMMANDS["wait"])

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.count("Its lines cannot be shown") == 1
    assert world.asked == 4
    assert len({path for path in server.paths() if "/logs" in path}) == 1


def test_logs_of_what_cannot_be_read_are_an_error(runner: CliRunner) -> None:
    world = World(running("a"), ended_well("a"))
    world.log_refusal = problem(404, "Log.Elsewhere", "It logs with fluentd.")

    result, _ = followed(runner, world, COMMANDS["logs"])

    assert (result.exit_code, world.asked) == (1, 1)
    assert result.stderr.splitlines()[-1] == "Error: It logs with fluentd."


@pytest.mark.parametrize("options", [[], ["--attempt", "7"]])
def test_logs_of_a_run_that_ended_without_one_say_so(runner: CliRunner, options: list[str]) -> None:
    result, _ = followed(runner, World(NOTHING_YET, Step(failed())), [*COMMANDS["logs"], *options])

    assert result.exit_code == 1
    assert "has printed nothing yet" in result.stderr


def test_a_log_that_never_says_that_it_is_complete_is_asked_some_more_times(runner: CliRunner) -> None:
    world = World(running("a"), ended_well("a", "b"), say_complete=False)

    result, _ = followed(runner, world, COMMANDS["wait"])

    assert (result.exit_code, result.stdout) == (0, "a\nb\n")
    assert world.asked == 6


def test_lines_that_come_after_the_end_was_told_are_shown(runner: CliRunner) -> None:
    world = World(running("a"), ended_well("a"), ended_well("a", "b"), say_complete=False)

    result, _ = followed(runner, world, COMMANDS["wait"])

    assert result.stdout == "a\nb\n"


def test_lines_since_a_time(runner: CliRunner) -> None:
    words = [*COMMANDS["logs"], "--since", "2025-01-31T09:30:01"]
    result, _ = followed(runner, World(ended_well(*"abcd"), lines_a_page=3), words)

    assert result.stdout == "b\nc\n"  # the stand-in counts the seconds of each page from 0


def test_questions_come_less_often_until_a_line_comes(runner: CliRunner, time: Time) -> None:
    quiet = [running("a")] * 4
    world = World(NOTHING_YET, *quiet, *[running("a", "b")] * 3, ended_well("a", "b"))

    followed(runner, world, COMMANDS["wait"], time)

    assert time.pauses[:4] == pytest.approx([0.2, 0.2, 0.28, 0.392])  # the line came with the second question
    assert max(time.pauses) == 0.5
    assert time.pauses[13] == 0.2  # "b" came


def test_the_run_is_asked_for_less_often_than_its_log(runner: CliRunner) -> None:
    """A line waits for no question that it does not need; until there is a log, and behind it, the run tells all."""
    world = World(NOTHING_YET, NOTHING_YET, *[running("a")] * 3, ended_well("a"))

    _, server = followed(runner, world, COMMANDS["wait"])

    asked = "".join("L" if "/logs" in path else "R" for path in server.paths())
    assert asked == "RRRLLLLRLLLRLLLRL"  # after a page with lines comes another question for more


def test_an_api_that_comes_back_is_waited_for(runner: CliRunner, time: Time) -> None:
    world = World(running("a"), running("a", "b"), ended_well("a", "b"))
    down = iter([False, True, *[True] * 20, False])

    def answer(request: Request) -> Reply:
        is_run = request.path == f"{STAGE}/runs/{RUN_ID}"
        return Reply(503, {}) if is_run and next(down, False) else world.answer(request)

    with serving(answer) as server:
        result = runner.invoke(main, COMMANDS["wait"], obj=at(server, time))

    assert (result.exit_code, result.stdout) == (0, "a\nb\n")
    assert result.stderr.count("Asking again for 1 min 00 s.") == 1


def test_an_api_that_stays_away_ends_the_wait_and_not_the_run(runner: CliRunner, time: Time) -> None:
    world = World(running("a"))

    def answer(request: Request) -> Reply:
        return world.answer(request) if world.asked == 0 or "/logs" in request.path else Reply(503, {})

    with serving(answer) as server:
        result = runner.invoke(main, COMMANDS["wait"], obj=at(server, time))

    assert result.exit_code == 69
    assert 60 <= time.now < 80
    assert "HTTP 503" in result.stderr
    assert result.stderr.endswith(f"The run itself goes on. Attach again:  runs wait {RUN_ID}\n")


def test_a_runtime_that_has_ended_is_not_waited_for(runner: CliRunner, time: Time) -> None:
    world, control = World(running("a")), Control()
    with serving(world.answer) as server:
        control.found = runtime_status(server.url)

        def end_the_runtime(_seconds: float) -> None:
            control.found = None
            server.answer = lambda _request: Reply(502, "gone")

        around = Surroundings(control=lambda: control, sleep=end_the_runtime, clock=time.clock)
        result = runner.invoke(main, COMMANDS["wait"], obj=around)

    assert result.exit_code == 69
    assert result.stderr.endswith("The local runtime has ended, and the run with it: nothing of it is kept.\n")


@pytest.mark.parametrize("command", WAITING)
def test_that_nobody_answers_is_said_once_although_it_was_the_log_that_was_asked_for(
    runner: CliRunner, time: Time, command: str
) -> None:
    world, control = World(running("a")), Control()

    def answer(request: Request) -> Reply:
        if "/logs" in request.path:
            control.found = None
        return world.answer(request) if control.found else Reply(502, "gone")

    with serving(answer) as server:
        control.found = runtime_status(server.url)
        around = Surroundings(control=lambda: control, sleep=time.sleep, clock=time.clock)
        result = runner.invoke(main, COMMANDS[command], obj=around)

    assert result.exit_code == 69
    assert (result.stderr.count("HTTP 502"), result.stderr.count("cannot be shown")) == (1, 0)


def test_credentials_that_expire_are_not_asked_with_again(runner: CliRunner, time: Time) -> None:
    expired = Reply(403, {"message": "The security token included in the request is expired"})
    with serving(lambda _: expired) as server:
        result = runner.invoke(main, COMMANDS["wait"], obj=at(server, time))

    assert result.exit_code == 69
    assert len(server.requests) == 1
    assert "sign in again" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_leaves_the_run_alone(runner: CliRunner, command: str) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with serving(World(running("a")).answer) as server:
        around = Surroundings(control=lambda: Control(runtime_status(server.url)), sleep=interrupt)
        result = runner.invoke(main, COMMANDS[command], obj=around)

    assert (result.exit_code, result.stdout) == (130, "a\n")
    assert result.stderr.splitlines()[-2:] == [
        f"The run goes on. Stop it:  runs stop {RUN_ID}",
        f"Attach again:  runs wait {RUN_ID}",
    ]
    assert not any("/stop" in path for path in server.paths())


@pytest.mark.parametrize("command", ["wait", "logs"])
def test_a_run_that_is_not_there(runner: CliRunner, command: str) -> None:
    with serving(lambda _: problem(404, "Run.NotFound", "there is no such run")) as server:
        result = runner.invoke(main, COMMANDS[command], obj=at(server))

    assert (result.exit_code, result.stderr) == (2, f"Error: There is no run {RUN_ID} in the local runtime.\n")


def test_a_container_that_is_not_there_is_named(runner: CliRunner) -> None:
    world = World(running("a"))
    world.log_refusal = problem(404, "Container.NotFound", "There is no container proxy; there are app.")

    for options in (["-f"], []):
        result, _ = followed(runner, world, ["logs", *options, RUN_ID, "--container", "proxy"])
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (
            2,
            "Error: There is no container proxy; there are app.",
        )
