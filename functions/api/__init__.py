"""The function behind the REST API."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
