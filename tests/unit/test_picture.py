"""The picture in the README is what `make picture` draws, and it shows what the demo does today."""

import re
from html import unescape
from pathlib import Path

from cli.demo_scenarios import SCENARIOS
from tools import picture

ROOT = Path(__file__).parents[2]


def test_the_readme_s_picture_shows_every_run_of_the_demo() -> None:
    drawn = picture.PICTURE.read_text()
    text = unescape(re.sub(r"<[^>]+>", "\n", drawn)).replace("\N{NO-BREAK SPACE}", " ")

    for scenario in SCENARIOS:
        assert scenario.pattern in text
        assert scenario.expected.status in text
        assert (scenario.expected.error or "") in text
    assert f"All {len(SCENARIOS)} runs ended as they should." in text
    assert f"({picture.PICTURE.relative_to(ROOT)})" in (ROOT / "README.md").read_text()


def test_it_loads_nothing_from_anywhere() -> None:
    drawn = picture.picture([], "20250131T093000-1a2b3c4d", "a page")

    assert "a&#160;page" in drawn
    for svg in (drawn, picture.PICTURE.read_text()):
        assert not re.search(r"url\((?!#)|href|@font-face|src=", svg)
