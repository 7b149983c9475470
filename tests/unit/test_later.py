"""Things that are made when they are first used."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fargate_runs.later import later

FUNCTIONS = Path(__file__).parents[2] / "functions"


class Greeting:
    def __init__(self, made: list[str]) -> None:
        made.append("made")
        self.word = "hello"

    def __call__(self, name: str, *, loudly: bool) -> str:
        return f"{self.word} {name}{'!' * loudly}"


def test_it_is_made_when_an_attribute_is_asked_for_and_once() -> None:
    made: list[str] = []
    greeting = later(lambda: Greeting(made))
    assert made == []
    assert (greeting.word, greeting.word, made) == ("hello", "hello", ["made"])


def test_it_is_made_when_it_is_called_and_once() -> None:
    made: list[str] = []
    greeting: Callable[..., str] = later(lambda: Greeting(made))
    assert made == []
    assert (greeting("you", loudly=True), greeting("me", loudly=False), made) == ("hello you!", "hello me", ["made"])


def test_the_api_loads_no_use_case_that_it_does_not_call() -> None:
    program = (
        "import sys, api.handler; print(*(name for name in sys.modules if name.startswith('fargate_runs.usecases.')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS)}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.split() == []
