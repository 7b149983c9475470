"""Errors of the ECS API, with ECS's own names (fact B24 says what a state machine sees of them).

EcsApiError
├── AccessDeniedError       AccessDeniedException
├── ClusterNotFoundError    ClusterNotFoundException
├── InvalidParameterError   InvalidParameterException
├── ClientError             ClientException
├── ServerError             ServerException
└── ThrottlingError         ThrottlingException
"""

from __future__ import annotations

from typing import ClassVar


class EcsApiError(Exception):
    """Base: `code` is the API's error name, `status` the HTTP status that carries it."""

    code: ClassVar[str] = "ServerException"
    status: ClassVar[int] = 400


class AccessDeniedError(EcsApiError):
    """The caller's policies do not allow the call."""

    code = "AccessDeniedException"


class ClusterNotFoundError(EcsApiError):
    """The cluster does not exist."""

    code = "ClusterNotFoundException"

    def __init__(self) -> None:
        super().__init__("Cluster not found.")


class InvalidParameterError(EcsApiError):
    """A parameter is missing, malformed or excludes another."""

    code = "InvalidParameterException"


class ClientError(EcsApiError):
    """The call cannot be carried out as asked: an unknown task definition, no capacity."""

    code = "ClientException"


class ServerError(EcsApiError):
    """A failure on the service's side."""

    code = "ServerException"
    status = 500


class ThrottlingError(EcsApiError):
    """Too many calls (fact B34)."""

    code = "ThrottlingException"

    def __init__(self, message: str = "Rate exceeded") -> None:
        super().__init__(message)
