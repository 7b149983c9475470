"""docs/local-runtime.md says what the tests show, no more and no less."""

from __future__ import annotations

import pytest

from tests.contract.facts import facts, rows


def test_every_fact_that_a_test_names_is_in_the_document_and_the_other_way_round() -> None:
    assert {number: sorted(files) for number, files in rows().items()} == {
        number: sorted(files) for number, files in facts().items()
    }


@pytest.mark.parametrize("number", [1, 9, 20, 28])
def test_names_of_tests_are_read(number: int) -> None:
    assert number in facts()
