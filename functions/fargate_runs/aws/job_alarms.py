"""Notifications about jobs, on the stack's topic."""

from typing import Any, Final, Protocol

from fargate_runs.aws.translate import Translation
from fargate_runs.ports import AlarmsUnavailableError
from fargate_runs.ports.jobs import JobAlarms

_TRANSLATED: Final = Translation("the notification was not sent:", AlarmsUnavailableError)


class SnsClient(Protocol):
    """What is used of botocore's client."""

    def publish(self, **request: Any) -> object:
        """See the API reference of Amazon SNS."""


class SnsJobAlarms(JobAlarms):
    """See JobAlarms."""

    def __init__(self, client: SnsClient, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def tell(self, subject: str, message: str) -> None:
        """See JobAlarms."""
        with _TRANSLATED:
            self._client.publish(TopicArn=self._topic_arn, Subject=subject, Message=message)
