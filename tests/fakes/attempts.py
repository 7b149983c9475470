"""Attempts of one run: what they differ in from the first one, which is that of `tests.fakes.ecs`."""

from typing import Final

from tests.fakes.ecs import Detail, life, overrides, task_arn

SECOND_ID: Final = "f" * 32
SECOND_TOKEN: Final = "second-token"


def attempt(task_id: str, *, token: str, created_at: str) -> Detail:
    """The changes to make to a detail."""
    return {"taskArn": task_arn(task_id), "createdAt": created_at, "overrides": overrides(token=token)}


SECOND: Final = attempt(SECOND_ID, token=SECOND_TOKEN, created_at="2025-05-06T11:05:00Z")


def running(**changes: object) -> Detail:
    """A task that runs."""
    return {**life()[2], **changes}
