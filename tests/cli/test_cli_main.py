"""The entry point: help, version, and the pieces of text that every command uses."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cli.documents import Attempt, Run
from cli.main import main
from cli.program import program, version
from cli.text import clean, compact, duration, moment, one_line
from verify.main import main as verify


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["local"],
        ["local", "up"],
        ["local", "status"],
        ["start"],
        ["show"],
        ["explain"],
        ["dead-letters"],
        ["replay"],
        ["demo"],
    ],
    ids=" ".join,
)
def test_every_command_has_help_with_an_example(runner: CliRunner, arguments: list[str]) -> None:
    result = runner.invoke(main, [*arguments, "--help"])

    assert result.exit_code == 0
    assert "runs " in result.stdout or "Exit codes" in result.stdout


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, by the words that lead to it."""
    yield path
    for name, command in group.commands.items():
        yield from commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]


@pytest.mark.parametrize("path", [*commands(main), None], ids=lambda path: "verify" if path is None else " ".join(path))
def test_no_line_of_help_is_wider_than_a_terminal(path: tuple[str, ...] | None, runner: CliRunner) -> None:
    command, words = (verify, ()) if path is None else (main, path)
    lines = runner.invoke(command, [*words, "--help"], env={"COLUMNS": "80"}).stdout.splitlines()

    assert [line for line in lines if len(line) > 80] == []


def test_version(runner: CliRunner) -> None:
    assert runner.invoke(main, ["--version"]).stdout == f"runs, version {version()}\n"


def test_an_unknown_command_is_a_usage_error(runner: CliRunner) -> None:
    assert runner.invoke(main, ["stop"]).exit_code == 2


@pytest.mark.parametrize(
    ("started_as", "found", "typed"),
    [
        ("/somewhere/bin/runs", "/somewhere/bin/runs", "runs"),
        (".venv/bin/runs", None, ".venv/bin/runs"),
        ("/usr/bin/pytest", None, "runs"),
    ],
)
def test_hints_can_be_copied(monkeypatch: pytest.MonkeyPatch, started_as: str, found: str | None, typed: str) -> None:
    monkeypatch.setattr("sys.argv", [started_as])
    monkeypatch.setattr("shutil.which", lambda _: found)

    assert program() == typed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0, "0.0 s"), (59.94, "59.9 s"), (62, "1 min 02 s"), (119.7, "2 min 00 s"), (7380, "2 h 03 min")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_texts() -> None:
    assert clean("a\x1b[1m\x07\u202eb\ud800\n") == "a�[1m��b�\n"
    assert one_line("a\n  b" + "c" * 20, 10) == "a bcccccc…"
    assert compact({"ä": [1, None]}) == '{"ä":[1,null]}'
    assert moment("not a time") is None
    assert moment("2025-01-31T09:30:00.1Z") is not None


def test_a_document_of_wrong_types_is_read_as_far_as_it_goes() -> None:
    odd = {"exitCode": True, "transient": "no", "error": 7, "durationSeconds": "1", "result": [], "input": "x"}
    read = Run.from_document({"runId": "r", "status": "FAILED", "attempts": [1, {"timeline": 3}], **odd})

    assert (read.exit_code, read.transient, read.error, read.duration_seconds, read.result) == (None,) * 5
    assert read.commands is None
    assert [type(one) for one in read.attempts] == [Attempt]
