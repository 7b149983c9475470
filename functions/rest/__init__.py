"""What the functions behind the REST API have in common: parameters, bodies, problems, and how a route is answered."""

from fargate_runs import first_event  # noqa: F401 - before all that the handlers import
