"""Things that are made when they are first used."""

from collections.abc import Callable

from fargate_runs.later import later


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
