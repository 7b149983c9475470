"""The function behind the rule on "ECS Task State Change"."""

from fargate_runs import first_event  # noqa: F401 - before all that the handler imports
