"""The function behind the rule on "Step Functions Execution Status Change"."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
