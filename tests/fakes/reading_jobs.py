"""Definitions of jobs, read by the rules of a stack."""

from collections.abc import Mapping

from fargate_runs.errors import InvalidJobError
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.job import Job
from fargate_runs.jobs.rules import JobRules
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from tests.fakes.jobs import DEFINITION, IMAGE, PASSWORD, ROLE, SECRET

RULES = JobRules(
    task_definitions=AllowedDefinitions("arn:aws:ecs:eu-central-1:123456789012:task-definition/stack:1", (DEFINITION,)),
    roles=("arn:aws:iam::123456789012:role/stack-task", ROLE),
    secrets=(PASSWORD, SECRET[:-6] + "*"),
    own_size=(256, 512),
    token_variables=("MY_TOKEN",),
)


def read(**keys: object) -> Job:
    return read_job("nightly", {"project": "reports", "image": IMAGE, **keys}, RULES)


def of_definition(**keys: object) -> Job:
    return read_job("nightly", {"project": "reports", "taskDefinition": DEFINITION, **keys}, RULES)


def schedule(**keys: object) -> dict[str, object]:
    return {"schedules": [{"name": "daily", "cron": "0 6 * * ? *", **keys}]}


def problems(more: Mapping[str, object], rules: JobRules = RULES, name: str = "nightly") -> list[tuple[str, str]]:
    body = {"project": "reports", "image": IMAGE, **more}
    try:
        read_job(name, {key: value for key, value in body.items() if value != "absent"}, rules)
    except InvalidJobError as error:
        return [(each.place, each.detail) for each in error.problems]
    return []
