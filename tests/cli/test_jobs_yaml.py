"""What is written as YAML is read again as it was."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.jobs_yaml import jobs_yaml, scalar
from cli.yaml_text import read

TEXTS = st.text(max_size=150) | st.sampled_from(
    [
        "",
        "on",
        "yes",
        "NULL",
        "true",
        "12:30",
        "1_000",
        "8080",
        "-",
        "- a",
        "a: b",
        "a:b",
        "a #b",
        "#",
        "%",
        "@",
        "~",
        "\x07",
        "\x7f\x85\xa0",
        "\u2028\u2029",
        "\ufeff",
        "\uffff",
        "😀",
        "a\nb\n",
        "\t",
        "'",
        '"',
        "\\",
        "{}",
    ]
)
SCALARS = TEXTS | st.booleans() | st.integers(-(10**12), 10**12)
VALUES = st.recursive(
    SCALARS, lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXTS, inside, max_size=4), max_leaves=12
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_is_read_again_as_it_was(job: dict[str, object]) -> None:
    written = jobs_yaml("reports", {"nightly": job}, {"nightly": {"": ["above\nit"], "image": ["below it"]}})

    found = read(written.encode())
    assert found.flaws == ()
    assert found.data == {"version": 1, "project": "reports", "jobs": {"nightly": job}}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TEXTS)
def test_a_text_is_one_for_readers_of_other_versions_too(text: str) -> None:
    assert yaml.safe_load(scalar(text)) == text


def test_it_is_written_for_people() -> None:
    job: dict[str, object] = {
        "image": "registry.example/report:1.4",
        "command": ["python", "-c", "print(1)"],
        "environment": {"STAGE": "prod", "LONG": "x" * 100},
        "schedules": [
            {"name": "main", "cron": "0 6 * * ? *", "overrides": {"cpu": "256"}},
            {"name": "other", "rate": "1 hour", "overrides": {}},
        ],
        "retries": 0,
    }

    comments = {"nightly": {"": ["Of a manifest."], "retries": ["As it was."], "sidecars": ["None here."]}}
    assert (
        jobs_yaml("reports", {"nightly": job, "empty": {}}, comments)
        == f"""\
version: 1
project: reports
jobs:
  # Of a manifest.
  nightly:
    image: registry.example/report:1.4
    command: [python, "-c", "print(1)"]
    environment:
      STAGE: prod
      LONG: {"x" * 100}
    schedules:
      - name: main
        cron: "0 6 * * ? *"
        overrides: {{cpu: "256"}}
      - {{name: other, rate: "1 hour", overrides: {{}}}}
    # As it was.
    retries: 0
    # None here.
  empty: {{}}
"""
    )


def test_no_job_is_a_file_too() -> None:
    assert read(jobs_yaml("reports", {}).encode()).data == {"version": 1, "project": "reports", "jobs": {}}
