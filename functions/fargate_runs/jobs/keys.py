"""The keys of a definition, as tables: what the file may say. `schema.py` makes the JSON Schema of them. Pure.

docs/jobs.md shows them; a test compares.
"""

from typing import Final

from fargate_runs.jobs.cron import parse_cron
from fargate_runs.jobs.expressions import is_zone, parse_at, parse_rate
from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.values import (
    Key,
    Keys,
    Kind,
    boolean,
    checked_text,
    choice,
    duration,
    list_of,
    of_keys,
    one_number,
    sendable,
    text,
    variables,
    whole,
)
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.fargate_sizes import MEMORY_FOR
from fargate_runs.runs.request import (
    LARGEST_EXIT_CODE,
    LONGEST_TIMEOUT,
    MOST_COMMANDS,
    MOST_RETRIES,
    MOST_VARIABLES,
    Capacity,
)

LONGEST_NAME: Final = 38
LONGEST_SCHEDULE_NAME: Final = 20  # so that a run id has room for the number of a backfill
MOST_SCHEDULES: Final = 20
MOST_JOBS: Final = 500
LARGEST_LIMIT: Final = 1_000
LONGEST_CRON: Final = 250  # characters; Scheduler takes 256 with the word and the parentheses
SHORTEST_DEADLINE: Final = 60  # seconds: Scheduler itself may be that late
PLATFORMS: Final = ("linux/amd64", "linux/arm64")
FILE_VERSION: Final = 1

_NAME: Final = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_IMAGE: Final = (
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_TASK_DEFINITION: Final = (
    r"(?:arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/)?[A-Za-z0-9_-]{1,255}(?::[0-9]{1,9})?"
)
_ROLE: Final = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}"
_SSM_OR_MANAGER_ARN: Final = (
    r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]{1,1011}"
    r"|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}(?::[^:\s]*:[^:\s]*:[^:\s]*)?"
)


def _name(longest: int) -> Kind:
    return text(
        _NAME,
        f"must have 1 to {longest} small letters, digits and single dashes, a letter first and no dash last",
        "a name",
        longest,
    )


NAME: Final = _name(LONGEST_NAME)


def _check_zone(zone: str) -> None:
    if not is_zone(zone):
        raise ValueError("must be a time zone of the IANA database, such as Europe/Berlin or UTC")


_TIME_ZONE: Final = Key(
    checked_text(_check_zone, "a time zone", 50), "Time zone of cron and at, of the IANA database.", "`UTC`"
)
_STARTING_DEADLINE: Final = Key(
    duration(SHORTEST_DEADLINE, LONGEST_TIMEOUT),
    "A run that would start later than this after its scheduled time is not started, but recorded as MISSED.",
    "no limit",
)
_ENVIRONMENT: Final = variables(sendable(), MOST_VARIABLES, "names and texts")
RETRY_ON: Final[Keys] = {
    "exitCodes": Key(
        list_of(whole(1, LARGEST_EXIT_CODE), LARGEST_EXIT_CODE, "exit codes"), "Exit codes to retry after."
    ),
    "any": Key(boolean(), "Retry after every failure of the container.", "`false`"),
}

#: What a schedule may change of its job.
OVERRIDES: Final[Keys] = {
    "command": Key(
        list_of(sendable(), MOST_COMMANDS, "texts"),
        "Command of the main container.",
        "that of the image, or of the task definition",
    ),
    "environment": Key(_ENVIRONMENT, "Environment variables and their values."),
    "cpu": Key(one_number([int(each) for each in MEMORY_FOR]), "CPU units; 1024 are one vCPU.", "the stack's TaskCpu"),
    "memory": Key(whole(512, 122_880), "Memory in MiB that Fargate has for this cpu.", "the stack's TaskMemory"),
    "capacity": Key(choice(Capacity), "Where the tasks run.", "`on-demand`"),
    "timeout": Key(duration(1, LONGEST_TIMEOUT), "Time limit of each attempt.", "the stack's DefaultTimeoutSeconds"),
    "totalTimeout": Key(
        duration(1, LONGEST_TIMEOUT), "Time limit of the whole run, with waiting for a slot and all attempts.", "none"
    ),
    "retries": Key(whole(0, MOST_RETRIES), "Retries after a transient failure.", "the stack's DefaultRetries"),
    "retryOn": Key(of_keys(RETRY_ON, "an object"), "Which failures of the container itself are retried too.", "none"),
}
SCHEDULE: Final[Keys] = {
    "name": Key(_name(LONGEST_SCHEDULE_NAME), "Name of the schedule, once in its job.", is_required=True),
    "cron": Key(
        checked_text(parse_cron, "six fields", LONGEST_CRON),
        "Six fields: minutes, hours, day of month, month, day of week, year, without the word cron.",
    ),
    "rate": Key(checked_text(parse_rate, "a span", 20), "A span, such as `15 minutes`, `1 hour`, `2 days`."),
    "at": Key(checked_text(parse_at, "a time", 19), "One time on the clocks of timeZone."),
    "timeZone": _TIME_ZONE,
    "enabled": Key(boolean(), "Whether it starts runs.", "`true`"),
    "startingDeadline": _STARTING_DEADLINE,
    "overrides": Key(of_keys(OVERRIDES), "Keys of the job that differ in the runs of this schedule.", "none"),
}
CONCURRENCY: Final[Keys] = {
    "limit": Key(whole(1, LARGEST_LIMIT), "How many runs of the job go on at a time.", is_required=True),
    "policy": Key(choice(Policy), "What becomes of a start beyond the limit.", "`queue`"),
}
ALARM: Final[Keys] = {
    "noSuccessFor": Key(duration(60, LONGEST_TIMEOUT), "Longest time without a run that succeeded.", is_required=True),
}
#: The keys of a job.
JOB: Final[Keys] = {
    "image": Key(
        text(
            _IMAGE,
            "must be an image, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/report:1.4",
            "an image",
            255,
        ),
        "Image of the main container. The job gets a task definition of its own. Either this or taskDefinition.",
    ),
    "taskDefinition": Key(
        text(
            _TASK_DEFINITION, "must be a task definition: its ARN, family or family:revision", "a task definition", 400
        ),
        "Task definition of the job: the stack's own, or one of its AllowedTaskDefinitions.",
    ),
    "entrypoint": Key(
        list_of(sendable(), MOST_COMMANDS, "texts"), "Entry point of the main container.", "that of the image"
    ),
    "command": OVERRIDES["command"],
    "environment": OVERRIDES["environment"],
    "secrets": Key(
        variables(
            text(
                _SSM_OR_MANAGER_ARN,
                "must be the ARN of an SSM parameter or of a secret of Secrets Manager",
                "an ARN",
                2_048,
            ),
            MOST_VARIABLES,
            "names and ARNs",
        ),
        "Variables whose values are secrets: ARNs that the parameter AllowedSecrets of the stack allows.",
        "none",
    ),
    "cpu": OVERRIDES["cpu"],
    "memory": OVERRIDES["memory"],
    "platform": Key(choice(PLATFORMS), "Platform of the image.", "the stack's TaskArchitecture"),
    "taskRole": Key(
        text(_ROLE, "must be the ARN of a role", "an ARN", 700),
        "Role of the container's code: the stack's own, or one of its AllowedTaskRoles.",
        "the stack's own, which may do nothing",
    ),
    "capacity": OVERRIDES["capacity"],
    "timeout": OVERRIDES["timeout"],
    "totalTimeout": OVERRIDES["totalTimeout"],
    "retries": OVERRIDES["retries"],
    "retryOn": OVERRIDES["retryOn"],
    "pattern": Key(choice(Pattern), "How Step Functions runs the task.", "`callback`"),
    "concurrency": Key(of_keys(CONCURRENCY), "How many runs of the job go on at a time.", "no limit"),
    "alarm": Key(of_keys(ALARM), "When to tell that the job has not succeeded.", "never"),
    "schedules": Key(
        list_of(of_keys(SCHEDULE), MOST_SCHEDULES, "schedules"), "When runs start by themselves.", "never"
    ),
}
#: The body of PUT /jobs/{name}.
BODY: Final[Keys] = {
    "project": Key(
        NAME, "The project that the job belongs to. No other project may change or delete it.", is_required=True
    ),
    **JOB,
}
DEFAULTS: Final[Keys] = {"timeZone": SCHEDULE["timeZone"], **JOB}
