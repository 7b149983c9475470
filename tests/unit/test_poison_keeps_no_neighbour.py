"""What one task or one record has in it never keeps the others from being settled (I8)."""

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.aws.items import task_item
from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.runs.log import DEEPEST_RESULT, LogTail, result_of
from fargate_runs.runs.record import Delivery, TaskRecord
from tests.fakes.clock import NOON
from tests.fakes.ecs import TOKEN, detail, life, overrides, task, task_arn
from tests.fakes.settling import World

SECOND = {"taskArn": task_arn("f" * 32), "overrides": overrides(run_id="second", token="second")}


def nested(depth: int) -> str:
    """An object of so many levels, the object itself included."""
    return '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


def test_a_result_of_any_depth_is_answered() -> None:
    """Between two depths it could be read and not be written: the token was never answered, and no sweep ended."""
    for depth in range(1, 1_100):
        world = World()
        world.logs.everywhere = (nested(depth),)
        world.settle(detail())
        assert isinstance(world.callbacks.answers[TOKEN], Success)
        assert world.stored().delivery is Delivery.DELIVERED


def test_the_deepest_result() -> None:
    assert result_of(LogTail((nested(DEEPEST_RESULT),))).json == nested(DEEPEST_RESULT)
    refused = result_of(LogTail((nested(DEEPEST_RESULT + 1),)))
    assert (refused.json, refused.note) == (None, "the last log line is nested too deep to be delivered as a result")


def test_an_error_that_nobody_foresaw_leaves_the_others_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a record with a word of a newer version of this application, after a roll-back."""
    world = World()
    world.callbacks.open.add("second")
    for each in (life()[2], {**life()[2], **SECOND}):
        world.settle(each)
    world.cluster.show(detail())
    world.cluster.show(detail(**SECOND))
    find = world.store.find_task

    def find_most(run_id: str, task_id: str) -> TaskRecord | None:
        stands = find(run_id, task_id)
        if run_id != "second":
            ErrorName("Task.OfTomorrow, and a token")
        return stands

    monkeypatch.setattr(world.store, "find_task", find_most)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"Task\.OfTomorrow"):
            world.sweep()("one", 600)
        assert list(world.callbacks.answers) == ["second"]
        assert world.store.mark.held_until is None


def test_a_value_that_is_no_key_is_no_arn() -> None:
    """A key of DynamoDB has at most 2,048 bytes: the task could never be recorded, and its token never answered."""
    given = overrides()
    given["containerOverrides"][-1]["environment"][1]["value"] = "arn:" + "🚢" * 1_000
    item = task_item(TaskRecord.of(task(overrides=given), None, None), now=NOON, expires_at=0)
    assert len(str(item.get("liveExecutionArn", "")).encode()) <= 2_048
