"""The function that compares the records with ECS and Step Functions, on a schedule."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
