"""The JSON Schema of the file of jobs, for editors: made of the tables that read definitions. Pure."""

from typing import Final

from fargate_runs.jobs.keys import DEFAULTS, FILE_VERSION, JOB, MOST_JOBS, NAME
from fargate_runs.jobs.values import of_keys, properties

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def file_schema() -> dict[str, object]:
    """Returns the schema. It takes every file that can be applied, and names most of what is wrong in another one."""
    return {
        "$schema": _DIALECT,
        "title": "Jobs of Fargate Runs",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "project", "jobs"],
        "properties": {
            "version": {"const": FILE_VERSION, "description": "Version of the file's format."},
            "project": {
                **NAME.schema,
                "description": "The project that the jobs belong to: what `apply --prune` may remove.",
            },
            "defaults": {
                "type": "object",
                "additionalProperties": False,
                "properties": properties(DEFAULTS),
                "description": "What holds for each job that does not say otherwise.",
            },
            "jobs": {
                "type": "object",
                "propertyNames": NAME.schema,
                "additionalProperties": of_keys(JOB).schema,
                "maxProperties": MOST_JOBS,
                "description": "The jobs by name.",
            },
        },
    }
