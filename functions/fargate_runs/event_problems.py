"""Log lines and metrics of an event that was not handled."""

from collections.abc import Iterator
from contextlib import contextmanager

from fargate_runs.errors import EventError, FargateRunsError
from fargate_runs.observability import count, logger


@contextmanager
def report_event_problems() -> Iterator[None]:
    """Say why an event was not handled, and raise the error: Lambda tries again. Then the event is a dead letter."""
    try:
        yield
    except EventError as error:
        logger.error("event cannot be handled", reason=str(error))
        count("EventsRefused")
        raise
    except FargateRunsError as error:
        logger.error("event was not settled, to be tried again", reason=str(error))
        raise
