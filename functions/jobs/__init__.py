"""The function that shows and changes jobs. Its role may do what the function that starts runs may not."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
