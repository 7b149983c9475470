"""The pictures in the README are what `make picture` draws, and they show what the program writes today."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from click import unstyle

from cli.demo_scenarios import SCENARIOS
from cli.documents import Run
from cli.explain import verdict
from cli.render import end_line, run_page
from cli.run_list import table
from tests.cli.documents_for_tests import detail, failed
from tools import picture

ROOT = Path(__file__).parents[2]
SUMMARY = f"Container main exited with code {picture.EXIT_CODE}."
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def _drawn(name: str) -> str:
    return (picture.PICTURES / f"{name}.svg").read_text()


def _lines(svg: str) -> list[str]:
    """The lines of a screen: the texts that have the same height."""
    found: dict[float, str] = {}
    for height, text in re.findall(r'<text class="[^"]+" x="[^"]+" y="([^"]+)"[^>]*>([^<]*)', svg):
        found[float(height)] = found.get(float(height), "") + unescape(text).replace("\N{NO-BREAK SPACE}", " ")
    return [found[height].rstrip() for height in sorted(found)]


def _labels(page: str) -> set[str]:
    """The words at the left of a run's page."""
    return set(re.findall(r"^  (\w+(?: \w+)?)(?:  |$)", unstyle(page), re.MULTILINE))


def test_the_demo_shows_every_run_of_it() -> None:
    text = "\n".join(_lines(_drawn("demo")))

    for scenario in SCENARIOS:
        assert scenario.pattern in text
        assert scenario.expected.status in text
        assert (scenario.expected.error or "") in text
    assert f"All {len(SCENARIOS)} runs ended as they should." in text


def test_a_follow_shows_the_container_s_lines_its_end_and_its_exit_code() -> None:
    lines = _lines(_drawn("follow"))
    run = Run.from_document(failed(exitCode=picture.EXIT_CODE, summary=SUMMARY, durationSeconds=0.5))
    said = unstyle(end_line(run, f"runs show {run.run_id}"))
    screen = "".join(lines)

    assert screen.startswith(f'$ runs start --wait -- python -c "{picture.JOB}"'.replace("raise ", "raise"))
    first = lines.index(picture.LINES[0])
    assert lines[first - 1].startswith("Started run 2")
    assert lines[first : first + len(picture.LINES)] == [*picture.LINES]
    assert lines[-2:] == ["$ echo $?", str(picture.EXIT_CODE)]
    took, _, why = said.removesuffix(run.run_id).partition("0.5 s: ")
    assert took.removeprefix(f"Run {run.run_id}") in screen
    assert why in screen


def test_a_list_has_the_headings_and_a_run_of_each_kind() -> None:
    lines = _lines(_drawn("list"))

    assert lines[0] == f"$ runs list --limit {picture.LISTED}"
    assert lines[1].split() == unstyle(table([], NOW, None)).split()
    assert {line.split()[1] for line in lines[2 : 2 + picture.LISTED]} == {"SUCCEEDED", "FAILED", "STOPPED", "RUNNING"}


def test_a_page_of_a_failed_run_says_why_and_what_to_do() -> None:
    lines = _lines(_drawn("show"))
    text = "\n".join(lines)
    judged = verdict(
        detail(containers=[{"name": "main", "exitCode": picture.EXIT_CODE, "lastStatus": "STOPPED"}]), "main"
    )

    assert lines[0] == "$ runs show @last"
    assert _labels(run_page(Run.from_document(failed()), NOW)) <= _labels(text)
    for words in (judged["error"], judged["summary"], judged["advice"]):
        assert str(words) in " ".join(text.split())


def test_a_line_that_is_too_long_is_broken_as_a_terminal_does() -> None:
    assert _lines(picture.screen("type", f"{'a' * picture.WIDTH}b\n\nc")) == [
        "$ type",
        "a" * picture.WIDTH,
        "b",
        "",
        "c",
    ]


@pytest.mark.parametrize("name", picture.NAMES)
def test_the_readme_shows_it(name: str) -> None:
    path = (picture.PICTURES / f"{name}.svg").relative_to(ROOT)

    assert f"({path})" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("svg", [picture.screen("type", "a page"), *map(_drawn, picture.NAMES)])
def test_it_loads_nothing_from_anywhere_and_tells_nothing_of_a_machine(svg: str) -> None:
    assert not re.search(r"url\((?!#)|href|@font-face|src=", svg)
    assert not re.search(r"localhost|127\.0|/(?:home|root|tmp)/|\.venv", svg)
