"""Logger and metrics: static messages with keyword fields, never a token, an environment value or a whole event."""

import os
from typing import Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

# The stack's name, so that two stacks of one account have metrics and alarms of their own.
SERVICE: Final = os.environ.get("POWERTOOLS_SERVICE_NAME", "fargate-runs")

logger: Final = Logger(service=SERVICE)


def count(name: str, value: int = 1, **dimensions: str) -> None:
    """Count things, as a metric of its own dimensions beside `service` (one line of EMF)."""
    with single_metric(
        name=name, unit=MetricUnit.Count, value=value, default_dimensions={"service": SERVICE}
    ) as metric:
        for dimension, given in dimensions.items():
            metric.add_dimension(name=dimension, value=given)
