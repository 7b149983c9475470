"""Fargate's sizes, and what is said of half a size."""

import pytest

from fargate_runs.runs.fargate_sizes import MEMORY_FOR, go_together, memory_words, missing_half

OWN = ("256", "512")


@pytest.mark.parametrize(
    ("cpu", "least", "most", "number"),
    [
        ("256", 512, 2_048, 3),
        ("512", 1_024, 4_096, 4),
        ("1024", 2_048, 8_192, 7),
        ("2048", 4_096, 16_384, 13),
        ("4096", 8_192, 30_720, 23),
        ("8192", 16_384, 61_440, 12),
        ("16384", 32_768, 122_880, 12),
    ],
)
def test_the_sizes_of_the_developer_guide(cpu: str, least: int, most: int, number: int) -> None:
    sizes = MEMORY_FOR[cpu]
    assert (min(sizes), max(sizes), len(sizes)) == (least, most, number)
    assert sorted(sizes) == list(sizes)


@pytest.mark.parametrize(
    ("cpu", "memory", "together"),
    [
        ("256", "512", True),
        ("256", "4096", False),
        ("8192", "17408", False),
        ("8192", "20480", True),
        ("300", "512", False),
    ],
)
def test_what_goes_together(cpu: str, memory: str, together: bool) -> None:
    assert go_together(cpu, memory) is together


@pytest.mark.parametrize(
    ("cpu", "words"),
    [
        ("256", '"512", "1024", "2048"'),
        ("512", '"1024", "2048", "3072", "4096"'),
        ("1024", '"2048" to "8192" in steps of 1024'),
        ("16384", '"32768" to "122880" in steps of 8192'),
    ],
)
def test_the_sizes_in_words(cpu: str, words: str) -> None:
    assert memory_words(cpu) == words


@pytest.mark.parametrize(
    "given", [(None, None), ("4096", "8192"), ("256", None), (None, "512"), (None, "2048"), ("1", "1")]
)
def test_nothing_is_wrong_where_the_halves_fit_or_both_are_given(given: tuple[str | None, str | None]) -> None:
    assert missing_half(given, OWN) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ("4096", None),
            (
                'cpu: "4096" does not go with the memory "512" of the task definition on Fargate;'
                ' give a memory too: "8192" to "30720" in steps of 1024'
            ),
        ),
        (
            (None, "8192"),
            (
                'memory: "8192" does not go with the cpu "256" of the task definition on Fargate;'
                ' use "512", "1024", "2048", or give a cpu too'
            ),
        ),
    ],
)
def test_a_half_that_does_not_fit_is_named(given: tuple[str | None, str | None], said: str) -> None:
    assert missing_half(given, OWN) == said
