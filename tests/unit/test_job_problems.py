"""What is said of a wrong definition of a job: every problem at once, each with its place."""

import pytest

from fargate_runs.errors import InvalidJobError, Problem
from fargate_runs.jobs.definition import LARGEST_DEFINITION, read_job
from fargate_runs.jobs.rules import JobRules
from tests.fakes.jobs import DEFINITION, PASSWORD, ROLE
from tests.fakes.reading_jobs import RULES, problems, schedule

ODD = {"taskDefinition": DEFINITION, "image": "absent"}


@pytest.mark.parametrize(
    ("more", "place", "detail"),
    [
        ({"project": "absent"}, "", "has no project"),
        ({"project": "Reports"}, "project", "must have 1 to 38 small letters, digits and single dashes"),
        ({"project": "a" * 39}, "project", "must have 1 to 38 small letters"),
        ({"imgae": "x"}, "imgae", "is not known; the keys are project, image, taskDefinition"),
        ({"image": "absent"}, "", "has neither image nor taskDefinition"),
        ({"taskDefinition": DEFINITION}, "taskDefinition", "does not go with image"),
        ({"image": "no image"}, "image", "must be an image"),
        ({"image": "x" * 256}, "image", "must be an image"),
        ({"image": None}, "image", "is empty; give a value, or leave out the key"),
        ({"image": 5}, "image", "must be an image"),
        ({**ODD, "taskDefinition": "x y"}, "taskDefinition", "must be a task definition"),
        ({**ODD, "taskDefinition": "other:1"}, "taskDefinition", "other:1 is not allowed here; allowed are stack:1"),
        ({**ODD, "entrypoint": ["x"]}, "entrypoint", "does not go with taskDefinition"),
        ({**ODD, "secrets": {"A": PASSWORD}}, "secrets", "does not go with taskDefinition"),
        ({**ODD, "platform": "linux/arm64"}, "platform", "does not go with taskDefinition"),
        ({**ODD, "taskRole": ROLE}, "taskRole", "does not go with taskDefinition"),
        ({"entrypoint": "x"}, "entrypoint", "must be a list of texts"),
        ({"command": [1]}, "command[0]", "must be a text; write numbers"),
        ({"command": ["a", "b\0"]}, "command[1]", "must be Unicode text without the character NUL"),
        ({"command": ["\ud800"]}, "command[0]", "must be Unicode text"),
        ({"command": [None]}, "command[0]", "is empty"),
        ({"command": ["x"] * 1_001}, "command", "has 1001 parts, and 1000 is the most"),
        ({"environment": ["x"]}, "environment", "must be an object of names and texts"),
        ({"environment": {"1A": "x"}}, "environment.1A", "is no name for a variable"),
        ({"environment": {1: "x"}}, "environment.1", "is no name for a variable"),
        ({"environment": {"A": 1}}, "environment.A", "must be a text; write numbers, true and false in quotes"),
        ({"environment": {f"A{n}": "" for n in range(301)}}, "environment", "has 301 variables, and 300 is the most"),
        ({"environment": {"RUN_ID": "x"}}, "environment.RUN_ID", "is set by the application itself"),
        ({"environment": {"RUN_JOB": "x"}}, "environment.RUN_JOB", "is set by the application itself"),
        ({"environment": {"MY_TOKEN": "x"}}, "environment.MY_TOKEN", "may hold a task token"),
        ({"secrets": {"RUN_SCHEDULED_TIME": PASSWORD}}, "secrets.RUN_SCHEDULED_TIME", "is set by the application"),
        ({"secrets": {"A": "password"}}, "secrets.A", "must be the ARN of an SSM parameter or of a secret"),
        ({"secrets": {"A": f"{PASSWORD}2"}}, "secrets.A", f"is not allowed: {PASSWORD}2; add it to the stack's"),
        ({"secrets": {"A": PASSWORD}, "environment": {"A": "x"}}, "secrets.A", "is in environment too"),
        ({"cpu": 300}, "cpu", "must be one of the numbers 256, 512, 1024"),
        ({"cpu": "256"}, "cpu", "must be one of the numbers"),
        ({"cpu": True}, "cpu", "must be one of the numbers"),
        ({"memory": 100}, "memory", "must be a whole number from 512 to 122880"),
        (
            {"cpu": 512, "memory": 512},
            "memory",
            "cpu 512 and memory 512 do not go together on Fargate; with cpu 512 memory may be 1024, 2048, 3072, 4096",
        ),
        (
            {"cpu": 4096},
            "cpu",
            (
                "cpu 4096 and memory 512 do not go together on Fargate; with cpu 4096 memory may be"
                " 8192 to 30720 in steps of 1024"
            ),
        ),
        ({"memory": 4096}, "memory", "cpu 256 and memory 4096 do not go together"),
        (schedule(overrides={"memory": 4096}), "schedules[0].overrides.memory", "cpu 256 and memory 4096"),
        (
            {"cpu": 512, "memory": 1024, **schedule(overrides={"cpu": 256, "memory": 4096})},
            "schedules[0].overrides.memory",
            "cpu 256 and memory 4096",
        ),
        (
            {"cpu": 512, "memory": 4096, **schedule(overrides={"cpu": 256})},
            "schedules[0].overrides.cpu",
            "cpu 256 and memory 4096",
        ),
        ({"platform": "windows/amd64"}, "platform", 'must be one of "linux/amd64", "linux/arm64"'),
        ({"taskRole": "report"}, "taskRole", "must be the ARN of a role"),
        ({"taskRole": f"{ROLE}2"}, "taskRole", "is not allowed; allowed are arn:aws:iam::123456789012:role/stack-task"),
        ({"capacity": "cheap"}, "capacity", 'must be one of "on-demand", "spot", "spot-first"'),
        ({"timeout": "1w"}, "timeout", "must be a duration such as 90s, 15m, 1h or 2d, from 1 to 99999999 seconds"),
        ({"timeout": 0}, "timeout", "must be a duration"),
        ({"timeout": "0s"}, "timeout", "must be a duration"),
        ({"timeout": 100_000_000}, "timeout", "must be a duration"),
        ({"timeout": True}, "timeout", "must be a duration"),
        ({"timeout": "60"}, "timeout", "must be a duration"),
        ({"totalTimeout": "9999d"}, "totalTimeout", "must be a duration"),
        ({"retries": 11}, "retries", "must be a whole number from 0 to 10"),
        ({"retries": True}, "retries", "must be a whole number from 0 to 10"),
        ({"retryOn": [75]}, "retryOn", "must be an object with the keys exitCodes, any"),
        ({"retryOn": {"exitCodes": [0]}}, "retryOn.exitCodes[0]", "must be a whole number from 1 to 255"),
        ({"retryOn": {"any": "yes"}}, "retryOn.any", "must be true or false"),
        ({"retryOn": {"any": True, "exitCodes": [1]}}, "retryOn", "has both any and exitCodes"),
        ({"pattern": "lambda"}, "pattern", 'must be one of "request-response", "sync", "callback"'),
        ({"concurrency": 1}, "concurrency", "must be an object with the keys limit, policy"),
        ({"concurrency": {}}, "concurrency", "has no limit"),
        ({"concurrency": {"limit": 0}}, "concurrency.limit", "must be a whole number from 1 to 1000"),
        ({"concurrency": {"limit": 1001}}, "concurrency.limit", "must be a whole number from 1 to 1000"),
        ({"concurrency": {"limit": 1, "policy": "wait"}}, "concurrency.policy", 'must be one of "queue", "skip"'),
        ({"alarm": {}}, "alarm", "has no noSuccessFor"),
        ({"alarm": {"noSuccessFor": "59s"}}, "alarm.noSuccessFor", "must be a duration"),
        ({"schedules": {}}, "schedules", "must be a list of schedules"),
        ({"schedules": ["daily"]}, "schedules[0]", "must be an object with the keys name, cron"),
        (
            {"schedules": [{"name": f"s{n}", "rate": "1 day"} for n in range(21)]},
            "schedules",
            "has 21 parts, and 20 is",
        ),
        ({"schedules": [{"cron": "0 6 * * ? *"}]}, "schedules[0]", "has no name"),
        (schedule(name="Daily"), "schedules[0].name", "must have 1 to 20 small letters"),
        (schedule(name="a--b"), "schedules[0].name", "must have 1 to 20 small letters"),
        (schedule(name="a-"), "schedules[0].name", "must have 1 to 20 small letters"),
        (schedule(name="a" * 21), "schedules[0].name", "must have 1 to 20 small letters"),
        ({"schedules": [{"name": "daily"}]}, "schedules[0]", "has no time; give one of cron, rate and at"),
        (schedule(rate="1 day"), "schedules[0].rate", "does not go with cron"),
        (schedule(cron="0 6 * * *"), "schedules[0].cron", "has 5 fields, and needs 6"),
        (schedule(cron="cron(0 6 * * ? *)"), "schedules[0].cron", "its minutes has 'CRON(0', and takes 0 to 59"),
        (schedule(cron=5), "schedules[0].cron", "must be a text: six fields; put it in quotes"),
        (schedule(cron="0," * 130 + "0 6 * * ? *"), "schedules[0].cron", "has 271 characters, and 250 is the most"),
        ({"schedules": [{"name": "a", "rate": "often"}]}, "schedules[0].rate", "must be a whole number from 1 on"),
        ({"schedules": [{"name": "a", "at": "soon"}]}, "schedules[0].at", "must be a time on the clocks of timeZone"),
        (
            {"schedules": [{"name": "a", "at": "2027-03-28T02:30:00", "timeZone": "Europe/Berlin"}]},
            "schedules[0].at",
            "is a time that the clocks of Europe/Berlin skip",
        ),
        (schedule(timeZone="Berlin"), "schedules[0].timeZone", "must be a time zone of the IANA database"),
        (schedule(timeZone=1), "schedules[0].timeZone", "must be a text: a time zone; put it in quotes"),
        (schedule(enabled="no"), "schedules[0].enabled", "must be true or false"),
        (schedule(startingDeadline="30s"), "schedules[0].startingDeadline", "must be a duration"),
        (
            schedule(overrides={"image": "x"}),
            "schedules[0].overrides.image",
            "is not known; the keys are command, envir",
        ),
        (
            schedule(overrides={"environment": {"RUN_ID": "x"}}),
            "schedules[0].overrides.environment.RUN_ID",
            "is set by",
        ),
        (
            {"secrets": {"A": PASSWORD}, **schedule(overrides={"environment": {"A": "x"}})},
            "schedules[0].overrides.environment.A",
            "is in secrets of the job too",
        ),
        (
            schedule(overrides={"retryOn": {"any": True, "exitCodes": [1]}}),
            "schedules[0].overrides.retryOn",
            "has both",
        ),
        (
            {"schedules": [{"name": "a", "rate": "1 day"}] * 2},
            "schedules[0].name",
            "another schedule of the job is call",
        ),
        (
            {"schedules": [{"name": "a", "rate": "1 day"}] * 2},
            "schedules[1].name",
            "another schedule of the job is call",
        ),
        (schedule(overrides={"command": ["x" * 9_000]}), "schedules[0].overrides", "command and environment together"),
        ({**ODD, "command": ["x" * 9_000]}, "", "command and environment together make overrides of about"),
        (
            {**ODD, "command": ["x" * 4_000], **schedule(overrides={"environment": {"A": "x" * 4_000}})},
            "schedules[0].overrides",
            "command and environment together make overrides of about",
        ),
        ({"command": ["x" * LARGEST_DEFINITION]}, "", f"and {LARGEST_DEFINITION} is the most"),
    ],
)
def test_a_wrong_key_is_named_with_its_place(more: dict[str, object], place: str, detail: str) -> None:
    found = problems(more)

    assert [(each, said) for each, said in found if each == place and detail in said], found


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_no_object(body: object) -> None:
    with pytest.raises(InvalidJobError) as raised:
        read_job("nightly", body, RULES)

    assert raised.value.problems[0].detail.startswith("must be an object with the keys project, image")


def test_all_problems_are_found_at_once() -> None:
    found = problems(
        {
            "cpu": 1,
            "taskRole": f"{ROLE}2",
            "secrets": {"A": f"{PASSWORD}2", "B": "x"},
            "memory": 4096,
            "retryOn": {"any": True, "exitCodes": [1]},
            "timeout": "x",
            "schedules": [{"name": "a", "cron": "x"}, {"name": "a", "rate": "1 day", "timeZone": "x"}, {"name": "b"}],
            "concurrency": {"limit": 0},
            "wrong": 1,
        },
        name="Wrong",
    )

    assert {place for place, _ in found} == {
        "",
        "wrong",
        "cpu",
        "taskRole",
        "secrets.A",
        "secrets.B",
        "memory",
        "retryOn",
        "timeout",
        "schedules[0].cron",
        "schedules[1].timeZone",
        "schedules[0].name",
        "schedules[1].name",
        "schedules[2]",
        "concurrency.limit",
    }


def test_many_unknown_keys_are_counted() -> None:
    found = problems({f"key{n}": 1 for n in range(30)})

    assert len(found) == 21
    assert ("", "has 10 more keys that are not known") in found


def test_without_rules_everything_well_formed_is_allowed() -> None:
    anything = {"taskRole": f"{ROLE}2", "secrets": {"A": f"{PASSWORD}2"}, "memory": 4096}

    assert problems(anything, JobRules()) == []
    assert len(problems(anything)) == 3


def test_a_problem_of_a_variable_never_shows_its_value() -> None:
    found = problems({"environment": {"A": "hidden\0", "B": ["hidden"]}, "command": ["hidden\0"]})

    assert len(found) == 3
    assert "hidden" not in str(found)


def test_a_problem_as_a_text() -> None:
    assert str(Problem(("schedules", 0, "cron"), "is wrong")) == "schedules[0].cron: is wrong"
    assert str(Problem((), "is wrong")) == "is wrong"
    assert str(InvalidJobError([Problem(("cpu",), "a"), Problem((), "b")])) == "cpu: a; b"
