"""JSONata's `$string` writes texts as they are (docs.jsonata.org: as JSON.stringify does)."""

from __future__ import annotations

import json

import pytest

from local.emulator.language import EmulatorLanguage

TEXTS = ["ä", "안녕", "😀", "\u2028", 'quote " and \\', "line\nbreak\ttab", "\u0001"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "expression", ["$string({'a': $given})", "$string([$given])", "'' & {'a': $given}", "$string({'a': $given}, true)"]
)
def test_no_letter_is_escaped(text: str, expression: str) -> None:
    written = EmulatorLanguage().jsonata(expression, {"given": text})
    assert json.loads(str(written)) in ({"a": text}, [text])
    if text not in TEXTS[4:]:
        assert text in str(written)


def test_what_json_must_escape_still_is() -> None:
    assert EmulatorLanguage().jsonata("$string([$given])", {"given": '"\\\n'}) == '["\\"\\\\\\n"]'


def test_a_text_by_itself_is_left_alone() -> None:
    assert EmulatorLanguage().jsonata("$string($given)", {"given": "안녕"}) == "안녕"


def test_the_length_is_that_of_what_is_sent() -> None:
    given = {"Command": ["echo", "안녕 " * 100]}
    length = EmulatorLanguage().jsonata("$length($string($given))", {"given": given})
    assert length == len(json.dumps(given, separators=(",", ":"), ensure_ascii=False))
