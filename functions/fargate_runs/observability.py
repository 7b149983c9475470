"""Logger and metrics: static messages with keyword fields, never a token, an environment value or a whole event."""

from typing import Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

SERVICE: Final = "fargate-runs"

logger: Final = Logger(service=SERVICE)


def count(name: str, **dimensions: str) -> None:
    """Count one thing, as a metric of its own dimensions beside `service` (one line of EMF)."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1, default_dimensions={"service": SERVICE}) as metric:
        for dimension, value in dimensions.items():
            metric.add_dimension(name=dimension, value=value)
