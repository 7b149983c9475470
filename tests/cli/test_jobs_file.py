"""jobs.yaml: what it becomes, and what is wrong with it where."""

import re
from pathlib import Path

import pytest

from cli.errors import BadInputError
from cli.jobs_file import DEFAULT_FILE, load, parse, path_of, raise_for
from fargate_runs.jobs.keys import MOST_JOBS

PROJECT = Path(__file__).parents[2]
FILE = """\
version: 1
project: reports
defaults: {timeZone: Europe/Berlin, memory: 1024}
jobs:
  nightly:
    image: registry/report:1.4
    environment: {PORT: 8080, ON: on}
    schedules:
      - {name: weekdays, cron: "0 6 ? * MON-FRI *"}
      - name: utc
        rate: 1 hour
        timeZone: UTC
  weekly:
    image: registry/week:2
    memory: 512
"""


def parsed(text: str) -> list[str]:
    """The lines for what is wrong with a file."""
    return [problem.line("jobs.yaml") for problem in parse(text.encode(), "jobs.yaml").problems]


def test_defaults_are_merged_into_what_the_jobs_do_not_say() -> None:
    file = parse(FILE.encode(), "jobs.yaml")

    assert (file.problems, file.project) == ((), "reports")
    assert dict(file.bodies) == {
        "nightly": {
            "project": "reports",
            "image": "registry/report:1.4",
            "memory": 1024,
            "environment": {"PORT": "8080", "ON": "on"},
            "schedules": [
                {"name": "weekdays", "cron": "0 6 ? * MON-FRI *", "timeZone": "Europe/Berlin"},
                {"name": "utc", "rate": "1 hour", "timeZone": "UTC"},
            ],
        },
        "weekly": {"project": "reports", "image": "registry/week:2", "memory": 512},
    }


def test_without_a_default_a_schedule_stays_without_a_zone() -> None:
    file = parse(FILE.replace("timeZone: Europe/Berlin, ", "").encode(), "jobs.yaml")

    assert file.bodies["nightly"]["schedules"] == [
        {"name": "weekdays", "cron": "0 6 ? * MON-FRI *"},
        {"name": "utc", "rate": "1 hour", "timeZone": "UTC"},
    ]


#: Where the server says something is wrong, and where in the file that is.
PLACES = {
    "schedules[0].cron": "9:26: jobs.nightly.schedules[0].cron",
    "schedules[0].timeZone": "3:12: defaults.timeZone",
    "schedules[1].timeZone": "12:9: jobs.nightly.schedules[1].timeZone",
    "schedules[1].startingDeadline": "10:9: jobs.nightly.schedules[1].startingDeadline",
    "schedules[7].cron": "8:5: jobs.nightly.schedules[7].cron",
    "memory": "3:37: defaults.memory",
    "image": "6:5: jobs.nightly.image",
    "environment.PORT": "7:19: jobs.nightly.environment.PORT",
    "taskRole": "5:3: jobs.nightly.taskRole",
    "project": "2:1: project",
    "": "5:3: jobs.nightly",
}


@pytest.mark.parametrize("field", PLACES)
def test_a_field_has_a_line(field: str) -> None:
    found = parse(FILE.encode(), "jobs.yaml").problem("nightly", field, "is\nwrong")

    assert found.line("jobs.yaml") == f"jobs.yaml:{PLACES[field]}: is wrong"


def test_a_path_has_a_line_too() -> None:
    file = parse(FILE.encode(), "jobs.yaml")

    assert file.problem("nightly", ("schedules", 1, "rate"), "is wrong").place == (11, 9)
    assert file.problem("weekly", ("memory",), "is wrong").place == (15, 5)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b", ("a.b",)),
        ("a.b.c", ("a.b", "c")),
        ("a.d", ("a", "d")),
        ("a[0]", ("a[0]",)),
        ("e[1][0].f", ("e", 1, 0, "f")),
        ("e.f", ("e",)),
        ("unknown.g", ("unknown",)),
        ("..", ()),
    ],
)
def test_a_key_may_hold_what_separates_keys(text: str, path: tuple[str | int, ...]) -> None:
    assert path_of(text, {"a": {"d": 1}, "a.b": {"c": 2}, "a[0]": 3, "e": [4, [{"f": 5}]]}) == path


FRAMES = {
    "no mapping": ("- 1\n", ["1:1: must be a mapping with the keys version, project, defaults, jobs"]),
    "no YAML": ("a: [\n", ["2:1: is no YAML"]),
    "no keys": (
        "{}",
        [
            "1:1: jobs: must be a mapping of names to jobs; {} for none",
            "1:1: project: is missing; `apply --prune` removes only jobs of the same project",
            "1:1: version: is missing; 1 is the only one",
        ],
    ),
    "another version": ("version: 2\nproject: a\njobs: {}\n", ["1:1: version: must be another; 1 is the only one"]),
    "a version that is true": (
        "version: true\nproject: a\njobs: {}\n",
        ["1:1: version: must be another; 1 is the only one"],
    ),
    "an unknown key": (
        "version: 1\nproject: a\njobs: {}\njob: {}\n",
        ["4:1: job: is no key of a jobs file; it has version, project, defaults, jobs"],
    ),
    "a project's name": ("version: 1\nproject: A B\njobs: {}\n", ["2:1: project: must have 1 to 38 small letters"]),
    "a project that is a number": ("version: 1\nproject: 7\njobs: {}\n", ["2:1: project: must have"]),
    "jobs that are none": ("version: 1\nproject: a\njobs:\n", ["3:1: jobs: must be a mapping of names to jobs"]),
    "defaults that are a list": (
        "version: 1\nproject: a\ndefaults: []\njobs: {}\n",
        ["3:1: defaults: must be a mapping"],
    ),
    "jobs' names": (
        "version: 1\nproject: a\njobs:\n  Upper: {image: a}\n  a--b: {image: a}\n",
        [
            "4:3: jobs.Upper: the name of the job must have",
            "5:3: jobs.a--b: the name of the job must have",
        ],
    ),
    "a default that no job has": (
        "version: 1\nproject: a\ndefaults: {timezone: UTC}\njobs: {a: {image: a}}\n",
        ["3:12: defaults.timezone: is no key of a job"],
    ),
    "a job of another project": (
        "version: 1\nproject: a\njobs: {a: {image: a, project: b}}\n",
        ["3:22: jobs.a.project: is no key of a job; all jobs of a file have its project"],
    ),
    "too many jobs": (
        "version: 1\nproject: a\njobs:\n" + "".join(f"  a{n}: {{image: a}}\n" for n in range(MOST_JOBS + 1)),
        ["3:1: jobs: has 501 jobs, and 500 is the most"],
    ),
    "a job that is none": ("version: 1\nproject: a\njobs:\n  a:\n", ["4:3: jobs.a: must be a mapping: what to run"]),
    "a job twice": (
        "version: 1\nproject: a\njobs:\n  a: {image: a}\n  a: {}\n",
        ["5:3: jobs.a: is there twice, first in line 4"],
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_everything_that_is_wrong_with_the_frame_is_said_at_once(name: str) -> None:
    text, expected = FRAMES[name]
    found = parsed(text)

    assert len(found) == len(expected), found
    for line, words in zip(found, expected, strict=True):
        assert line.startswith(f"jobs.yaml:{words}")


def test_what_can_be_read_is_read_beside_what_is_wrong() -> None:
    file = parse(b"project: 7\ndefaults: 3\njobs:\n  a: {cpu: 256}\n  b: 2\n", "jobs.yaml")

    assert file.bodies == {"a": {"project": 7, "cpu": 256}}


WRONG = """\
version: 1
project: 7
defaults: {timeZone: Europe/Atlantis, memory: 100}
jobs:
  nightly:
    image: UPPER
    cpu: 300
    timeout: 1 hour
    schedules:
      - {name: a, cron: 0 6 * * *}
      - {name: a, rate: 5}
      - name: b
    concurrency: {limit: 0}
    nothing: 1
  empty: {}
"""


def test_everything_that_is_wrong_with_the_jobs_is_said_too() -> None:
    found = [line.removeprefix("jobs.yaml:").split(": ")[:2] for line in parsed(WRONG)]

    assert found == [
        ["2:1", "project"],
        ["3:12", "defaults.timeZone"],
        ["3:39", "defaults.memory"],
        ["6:5", "jobs.nightly.image"],
        ["7:5", "jobs.nightly.cpu"],
        ["8:5", "jobs.nightly.timeout"],
        ["10:10", "jobs.nightly.schedules[0].name"],
        ["10:19", "jobs.nightly.schedules[0].cron"],
        ["11:10", "jobs.nightly.schedules[1].name"],
        ["11:19", "jobs.nightly.schedules[1].rate"],
        ["12:9", "jobs.nightly.schedules[2]"],
        ["13:19", "jobs.nightly.concurrency.limit"],
        ["14:5", "jobs.nightly.nothing"],
        ["15:3", "jobs.empty"],
    ]


def test_problems_are_said_once_and_in_their_order() -> None:
    file = parse(FILE.encode(), "jobs.yaml")
    wrong = [file.problem("nightly", "memory", "too much"), file.problem("weekly", "image", "no"), *file.problems]

    with pytest.raises(BadInputError) as caught:
        raise_for(file, [*wrong[::-1], wrong[0]])
    assert caught.value.message.split("\n") == [
        "jobs.yaml has 2 problems; nothing was changed.",
        "jobs.yaml:3:37: defaults.memory: too much",
        "jobs.yaml:14:5: jobs.weekly.image: no",
    ]
    with pytest.raises(BadInputError, match=r"^jobs.yaml has a problem; nothing was changed.\n"):
        raise_for(file, wrong[:1])
    raise_for(file, [])


def test_a_file_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BadInputError, match=r"^Cannot read jobs.yaml: No such file or directory. Name another with -f"):
        load(DEFAULT_FILE)
    with pytest.raises(BadInputError, match=r"^Cannot read .*: Is a directory.$"):
        load(str(tmp_path))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(FILE)

    assert (load(str(path)).name, load(str(path)).project) == (str(path), "reports")


def test_the_file_of_the_readme_can_be_applied() -> None:
    (text,) = re.findall(r"```yaml\n(version: 1\n.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    file = parse(text.encode(), "README.md")

    assert (file.problems, [*file.bodies]) == ((), ["nightly"])
    assert len(text.splitlines()) == 10
