"""How long a handler of one event goes on with what a sweep would do as well."""

from collections.abc import Callable
from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.usecases.stop_abandoned import EnoughForNowError

# Of a function's 30 seconds, kept for what comes after the tasks that are stopped: the run, the answer, its mark. One
# call that AWS does not answer takes up to 21 of them.
KEPT_SECONDS: Final = 20.0


def while_time_is_left(context: LambdaContext) -> Callable[[], None]:
    """A `go_on` that raises EnoughForNowError where so little of the function's time is left."""

    def go_on() -> None:
        if context.get_remaining_time_in_millis() < KEPT_SECONDS * 1_000:
            raise EnoughForNowError

    return go_on
