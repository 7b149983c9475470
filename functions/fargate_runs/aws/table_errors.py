"""Errors of the runs table, for each adapter that calls it."""

from typing import Final

from botocore.exceptions import ClientError

from fargate_runs.aws.translate import Translation, code_of
from fargate_runs.ports import StoreUnavailableError

TABLE_ERRORS: Final = Translation("the runs table did not answer:", StoreUnavailableError)
JOBS_TABLE_ERRORS: Final = Translation("the jobs table did not answer:", StoreUnavailableError)


def is_refused(error: ClientError) -> bool:
    """Returns whether the condition of a write did not hold."""
    return code_of(error) == "ConditionalCheckFailedException"
