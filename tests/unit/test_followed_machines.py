"""Which executions of other machines are asked for."""

import pytest

from fargate_runs.reading.patterns import FollowedMachines
from fargate_runs.settings import SweepSettings
from tests.functional.conftest import ENVIRONMENT

ARN = "arn:aws:states:eu-west-1:123456789012"
JOBS = f"{ARN}:stateMachine:jobs"


@pytest.mark.parametrize(
    ("machines", "execution", "followed"),
    [
        ((), f"{ARN}:execution:jobs:1", False),
        ((JOBS,), f"{ARN}:execution:jobs:1", True),
        ((JOBS,), f"{ARN}:execution:jobs/each:1", True),
        ((JOBS,), f"{ARN}:execution:jobs-2:1", False),
        ((JOBS,), f"{ARN}:execution:job:1", False),
        ((f"{JOBS}-*",), f"{ARN}:execution:jobs-2:1", True),
        ((f"{JOBS}-*",), f"{ARN}:execution:jobs:1", False),
        ((f"{ARN}:stateMachine:*",), f"{ARN}:execution:anything/at-all:1", True),
        ((f"{ARN}:stateMachine:*",), "arn:aws:states:eu-west-1:999999999999:execution:jobs:1", False),
        (("other", JOBS), f"{ARN}:execution:jobs:1", True),
        ((f"{ARN}:stateMachine:*",), "nothing", False),
        ((f"{ARN}:stateMachine:*",), f"{ARN}:express:jobs:1:2", False),
    ],
)
def test_which_executions_are_followed(machines: tuple[str, ...], execution: str, followed: bool) -> None:
    assert FollowedMachines(machines).has(execution) is followed


@pytest.mark.parametrize(
    ("text", "machines"), [("", ()), (JOBS, (JOBS,)), (f"{JOBS}, {JOBS}-*", (JOBS, f"{JOBS}-*")), (" , ", ())]
)
def test_the_setting_is_a_list(text: str, machines: tuple[str, ...]) -> None:
    settings = SweepSettings.from_env({**ENVIRONMENT, "FOLLOW_OTHER_STATE_MACHINES": text})
    assert settings.followed == FollowedMachines(machines)
