"""The function that each execution begins with: reads its input and records the run."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
