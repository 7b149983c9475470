"""Definitions of jobs for tests."""

from collections.abc import Mapping

from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.job import Job
from fargate_runs.jobs.rules import JobRules

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/report:1.4"
DEFINITION = "arn:aws:ecs:eu-central-1:123456789012:task-definition/report:3"
ROLE = "arn:aws:iam::123456789012:role/report"
PASSWORD = "arn:aws:ssm:eu-central-1:123456789012:parameter/report/password"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:report-AbCdEf"

#: The example of docs/jobs.md: every key.
WHOLE: Mapping[str, object] = {
    "project": "reports",
    "image": IMAGE,
    "entrypoint": ["/bin/run"],
    "command": ["python", "report.py"],
    "environment": {"STAGE": "prod"},
    "secrets": {"DB_PASSWORD": PASSWORD, "KEY": f"{SECRET}:key::"},
    "cpu": 512,
    "memory": 1024,
    "platform": "linux/arm64",
    "taskRole": ROLE,
    "capacity": "spot-first",
    "timeout": "1h",
    "totalTimeout": "3h",
    "retries": 3,
    "retryOn": {"exitCodes": [75]},
    "pattern": "sync",
    "schedules": [
        {
            "name": "weekdays",
            "cron": "0 6 ? * MON-FRI *",
            "timeZone": "Europe/Berlin",
            "enabled": False,
            "startingDeadline": "2h",
            "overrides": {
                "command": ["python", "other.py"],
                "environment": {"STAGE": "test"},
                "cpu": 1024,
                "memory": 2048,
                "capacity": "spot",
                "timeout": "90s",
                "totalTimeout": "2h",
                "retries": 0,
                "retryOn": {"any": True},
            },
        },
        {"name": "often", "rate": "15 minutes", "timeZone": "UTC"},
        {"name": "once", "at": "2026-12-24T18:00:00", "timeZone": "UTC"},
    ],
    "concurrency": {"limit": 1, "policy": "replace"},
    "alarm": {"noSuccessFor": "26h"},
}


def job(name: str = "nightly", **keys: object) -> Job:
    """A job with an image and what else is given, in the words of the file; `None` leaves a key out."""
    body = {"project": "reports", "image": IMAGE, **keys}
    return read_job(name, {key: value for key, value in body.items() if value is not None}, JobRules())
