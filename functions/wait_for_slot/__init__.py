"""The function that a run waits with for a slot of its job."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
