"""The function that names why a `.sync` state failed."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
