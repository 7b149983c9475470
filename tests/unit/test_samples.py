"""Events and answers as they were seen or reported, anonymised, and what each says (facts B1 to B9, B46, B47)."""

import json
from pathlib import Path
from typing import Any

import pytest

from fargate_runs.outcomes.outcome import outcome_of
from fargate_runs.reading.task import EcsTask, from_pascal_case

SAMPLES = Path(__file__).parent / "samples"

#: sample -> (lastStatus, version, main container, outcome or None while it has not ended)
EXPECTED: dict[str, tuple[str, int, str | None, str | None]] = {
    "killed-only-container": ("STOPPED", 5, None, "Container.ExitedNonZero"),
    "no-interface-by-a-fault-of-ec2": ("STOPPED", 2, "work", "Task.ProvisioningFailed"),
    "pull-with-a-full-disk": ("STOPPED", 4, "work", "Task.ImagePullFailed"),
    "stopped-and-lost-sight-of": ("STOPPED", 5, "work", "Task.Unknown"),
    "stopped-before-main-because-its-log-router-failed": ("STOPPED", 5, "work", "Task.SidecarFailed"),
    "stopped-by-its-time-limit": ("STOPPED", 5, None, "Container.ExitedNonZero"),
    "stopped-well-windows-sidecar-told-to-stop": ("STOPPED", 5, None, "SUCCEEDED"),
    "too-many-tasks-wait-for-a-host": ("STOPPED", 2, "work", "Task.CapacityUnavailable"),
    "callback-image-not-found": ("STOPPED", 4, "web", "Task.ImageNotFound"),
    "deprovisioning-with-exit-code": ("DEPROVISIONING", 4, None, None),
    "provisioning-two-containers": ("PROVISIONING", 1, None, None),
    "running-with-a-stopped-container-old-arns": ("RUNNING", 4, None, None),
    "running-with-injected-container": ("RUNNING", 3, None, None),
    "running-with-sidecars": ("RUNNING", 5, None, None),
    "spot-warning": ("RUNNING", 0, None, None),
    "stopped-app-failed-proxy-did-not": ("STOPPED", 7, None, "Container.ExitedNonZero"),
    "stopped-by-scheduler": ("STOPPED", 6, None, "Task.StoppedByScheduler"),
    "stopped-by-user-exit-0": ("STOPPED", 6, None, "Task.StoppedByUser"),
    "stopped-well-sidecars-told-to-stop": ("STOPPED", 6, None, "SUCCEEDED"),
    "stopped-well-task-level-overrides": ("STOPPED", 5, None, "SUCCEEDED"),
    "stopped-well-windows": ("STOPPED", 6, None, "SUCCEEDED"),
    "sync-output-pascal-case": ("STOPPED", 5, None, "SUCCEEDED"),
}


def detail_of(sample: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SAMPLES / f"{sample}.json").read_text())
    found: dict[str, Any] = read.get("detail") or read.get("tasks", [from_pascal_case(read)])[0]
    return found


def test_every_sample_is_expected() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize(("sample", "expected"), EXPECTED.items())
def test_sample(sample: str, expected: tuple[str, int, str | None, str | None]) -> None:
    task = EcsTask.from_detail(detail_of(sample))
    outcome = outcome_of(task)
    verdict = (outcome.error or outcome.status) if outcome else None
    assert (task.last_status, task.version, task.main_container, verdict) == expected
    assert task.task_id in {"0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"}


TRANSIENT = {"Task.ProvisioningFailed", "Task.CapacityUnavailable"}


@pytest.mark.parametrize(("sample", "expected"), EXPECTED.items())
def test_what_may_pass(sample: str, expected: tuple[str, int, str | None, str | None]) -> None:
    outcome = outcome_of(EcsTask.from_detail(detail_of(sample)))
    assert (outcome is not None and outcome.transient) is (expected[3] in TRANSIENT)


def test_who_failed_is_named_where_no_container_is_the_main_one() -> None:
    outcome = outcome_of(EcsTask.from_detail(detail_of("stopped-app-failed-proxy-did-not")))
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("app", 2)


def test_success_names_a_container_that_ended_well() -> None:
    outcome = outcome_of(EcsTask.from_detail(detail_of("stopped-well-sidecars-told-to-stop")))
    assert outcome is not None
    assert outcome.exit_code == 0


def test_step_functions_output_reads_like_an_event() -> None:
    task = EcsTask.from_detail(detail_of("sync-output-pascal-case"))
    assert task.capacity_provider_name == "FARGATE_SPOT"
    assert task.started_by == "AWS Step Functions"
    assert task.timeline.started_at is not None
    assert task.timeline.started_at.isoformat(timespec="milliseconds") == "2023-04-04T08:21:03.814+00:00"
