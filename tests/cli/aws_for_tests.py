"""AWS as boto3 sees it: real clients, which check and write each request, and answers instead of a network."""

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from unittest.mock import Mock

import boto3
from botocore.exceptions import ClientError

Answer = Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Aws:
    """Answers each operation by name, and remembers which were asked."""

    def __init__(self, now: datetime, answers: Mapping[str, Answer]) -> None:
        self.date = now
        self.answers = dict(answers)
        self.asked: list[str] = []

    def session(self, region: str = "eu-west-1") -> boto3.Session:
        """A session whose clients ask this."""
        session = boto3.Session("AKIDEXAMPLE", "secret", region_name=region)
        events: Any = session.events  # its stubs know no handler that answers
        events.register("before-call", self._answer)
        return session

    def _answer(self, model: Any, params: Mapping[str, Any], **_: object) -> tuple[Mock, Mapping[str, Any]]:
        self.asked.append(model.name)
        answer = self.answers.get(model.name, denied(model.name))
        headers = {"HTTPHeaders": {"date": format_datetime(self.date, usegmt=True)}}
        if isinstance(answer, ClientError):
            return Mock(status_code=400), {**answer.response, "ResponseMetadata": headers}
        if isinstance(answer, Exception):
            raise answer
        found = answer(params) if callable(answer) else answer
        return Mock(status_code=200), {**found, "ResponseMetadata": headers}


def error(code: str, message: str = "no", operation: str = "Any") -> ClientError:
    """An error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def denied(operation: str) -> ClientError:
    """What AWS says to a caller without the permission."""
    return error("AccessDenied", f"not authorized to perform {operation}", operation)
