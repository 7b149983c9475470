"""What a function's first event costs, as a multiple of bare boto3 that makes the same calls; nothing is in seconds."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import deploy
from local.paths import PROJECT
from tests.benchmarks.starting import (
    BARE,
    FUNCTION,
    Aws,
    Json,
    aws,
    cpu_seconds,
    of_a_job,
    of_a_job_with_room,
    of_a_run,
    of_lambda,
)
from tests.functional.conftest import ENVIRONMENT

ROUNDS = 15
EVENTS = PROJECT / "events"
#: The function, its event, and how many times bare boto3's processor time that may take.
FIRST_EVENTS: dict[str, tuple[str, str, float]] = {
    "a task runs": ("task_state_change", "task-state-change/running.json", 1.05),
    "a task has ended": ("task_state_change", "task-state-change/stopped-exit-0.json", 1.05),
    "an execution has ended": ("execution_state_change", "execution-state-change/succeeded.json", 1.05),
    "a run begins": ("prepare_run", "prepare-run/callback.json", 1.05),
    "a run of a job with a limit begins": ("prepare_run", "prepare-run/of-a-job.json", 1.05),
    "a run waits for a slot": ("wait_for_slot", "wait-for-slot/waits.json", 1.05),
    "the run of a schedule is started": ("start_scheduled_run", "start-scheduled-run/due.json", 1.05),
    "a refused call is judged": ("judge_task", "judge-task/throttled.json", 1.05),
    "a failure is judged, with its log": ("judge_task", "judge-task/sync-exit-3.json", 1.05),
    "nothing is left to do": ("sweep", "sweep/schedule.json", 1.05),
    "a run is started": ("api", "api/start-run.json", 1.15),
    "runs are listed": ("api", "api/list-runs.json", 1.15),
    "a run is shown": ("api", "api/get-run.json", 1.15),
    "a log is read": ("api", "api/get-logs.json", 1.15),
    "a run is stopped": ("api", "api/stop-run.json", 1.15),
    "a run is started again": ("api", "api/rerun-run.json", 1.15),
    "jobs are listed": ("jobs", "jobs/list-jobs.json", 1.15),
}
#: What AWS has on record for the functions that ask it; nothing for the others.
ON_RECORD: Mapping[str, Callable[[], Mapping[str, Json]]] = {
    "api": of_a_run,
    "jobs": of_a_job,
    "wait_for_slot": of_a_job,
    "start_scheduled_run": of_a_job,
    "prepare_run": of_a_job_with_room,
}


@dataclass
class Built:
    """What the processes find: the packages of `sam build`, those of Lambda, and one address for all of AWS."""

    packages: Path
    of_lambda: Path
    aws: Aws


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = of_lambda(tmp_path_factory.mktemp("lambda"))
    with pytest.MonkeyPatch.context() as patch, aws() as served:
        patch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield Built(deploy.build("for this benchmark", lambda _: None), folder, served)


@pytest.mark.parametrize("name", FIRST_EVENTS)
def test_first_event(name: str, built: Built, tmp_path: Path) -> None:
    module, event, most_times = FIRST_EVENTS[name]
    folder = module.title().replace("_", "") + "Function"
    given = json.loads((EVENTS / "env.json").read_text())[folder]
    environment = {
        **ENVIRONMENT,
        **given,
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_ENDPOINT_URL": built.aws.endpoint,
    }
    of_function = (f"{module}.handler", str(EVENTS / event))
    paths = (built.packages / folder, built.of_lambda)
    built.aws.calls.clear()
    built.aws.answers = ON_RECORD[module]() if module in ON_RECORD else {}
    cpu_seconds(FUNCTION, of_function, paths, environment)
    calls = tmp_path / "calls.json"
    count = len(built.aws.calls)
    calls.write_text(json.dumps(built.aws.calls))
    # In turns: what else the machine does meanwhile weighs on both.
    rounds = [
        (
            cpu_seconds(FUNCTION, of_function, paths, environment),
            cpu_seconds(BARE, (str(calls),), (built.of_lambda,), environment),
        )
        for _ in range(ROUNDS)
    ]
    times = statistics.median(ours / bare for ours, bare in rounds)
    bare = statistics.median(bare for _, bare in rounds)
    print(f"\n{name}: {times:.2f} times bare boto3 ({bare * 1_000:.0f} ms of CPU, {count} calls)")
    assert times < most_times
