"""How long `make test` takes is said, the slowest part first."""

import pytest

from tools.phases import run


def reported(capsys: pytest.CaptureFixture[str], budget_minutes: float, codes: dict[str, int]) -> tuple[int, list[str]]:
    """Exit code and lines, where the first target takes one minute, the second one two, and so on."""
    clock = iter(60.0 * at for n in range(len(codes)) for at in (0, n + 1))
    code = run(budget_minutes, list(codes), make=codes.__getitem__, now=lambda: next(clock))
    return code, capsys.readouterr().out.splitlines()


def test_the_slowest_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = reported(capsys, 3, {"check": 0, "unit": 0})
    assert code == 0
    assert lines == ["   2.0 min  unit", "   1.0 min  check", "took 3.0 of 3 minutes"]


def test_more_than_its_budget_is_said_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = reported(capsys, 2.5, {"check": 0, "unit": 0})
    assert code == 0
    assert lines[-1].startswith("WARNING: 0.5 minutes over its budget")


def test_nothing_comes_after_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = reported(capsys, 15, {"check": 2, "unit": 0})
    assert (code, lines) == (2, ["   1.0 min  check", "took 1.0 of 15 minutes"])
