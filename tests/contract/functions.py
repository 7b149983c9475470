"""Lambda functions of contract tests."""

from __future__ import annotations

import io
import sys
import uuid
import zipfile
from typing import Any, cast

import boto3

from tests.contract.conftest import Aws, make_role
from tests.runtimes import client_settings

TIMEOUT_SECONDS = 60
#: How long what a function does may take: each of three attempts (fact B11) as long as its time-out.
LIMIT_SECONDS = 3 * TIMEOUT_SECONDS


def create_function(aws: Aws, code: str, **environment: str) -> tuple[str, str]:
    """A function whose handler is `handler` of the code, and that may do anything: name and ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", code)
    name = f"function-{uuid.uuid4().hex[:8]}"
    arn = boto3.client("lambda", **client_settings(aws.endpoint)).create_function(
        FunctionName=name,
        Runtime=cast(Any, f"python{sys.version_info.major}.{sys.version_info.minor}"),
        Role=make_role(aws.endpoint, f"role-of-{name}", "*"),
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=TIMEOUT_SECONDS,
        Environment={"Variables": environment},
    )["FunctionArn"]
    return name, arn
