"""Which executions of other machines are asked for."""

import pytest

from fargate_runs.reading.patterns import FollowedMachines, SweptMachines
from fargate_runs.settings import SweepSettings
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, REGION_AND_ACCOUNT
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
    ("execution", "is_ours", "is_followed"),
    [
        (EXECUTION_ARN, True, False),
        (EXECUTION_ARN.replace("run-task-callback", "jobs"), False, True),
        (EXECUTION_ARN.replace("run-task-callback", "jobs-2"), False, False),
        (EXECUTION_ARN.replace("run-task-callback", "jobs").replace("123456789012", "999999999999"), False, False),
        (EXECUTION_ARN.replace("run-task-callback", "jobs").replace("us-east-1", "eu-west-1"), False, False),
        ("nothing", False, False),
    ],
)
def test_which_executions_the_sweep_asks_for(execution: str, is_ours: bool, is_followed: bool) -> None:
    """Of others, those that are followed, in this account and Region; ours are found in lists."""
    jobs = "stateMachine:fargate-runs-jobs"
    places = f"arn:aws:states:{REGION_AND_ACCOUNT}", "arn:aws:states:us-east-1:999999999999", ARN
    ours = tuple(MACHINES.arns)
    machines = SweptMachines(MACHINES, FollowedMachines((*ours, *(f"{place}:{jobs}" for place in places))))
    assert (machines.are_ours(execution), machines.are_followed(execution)) == (is_ours, is_followed)


@pytest.mark.parametrize(
    ("text", "machines"), [("", ()), (JOBS, (JOBS,)), (f"{JOBS}, {JOBS}-*", (JOBS, f"{JOBS}-*")), (" , ", ())]
)
def test_the_setting_is_a_list(text: str, machines: tuple[str, ...]) -> None:
    settings = SweepSettings.from_env({**ENVIRONMENT, "FOLLOW_OTHER_STATE_MACHINES": text})
    assert settings.followed == FollowedMachines(machines)
