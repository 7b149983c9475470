"""The outcome table, row by row, and which row wins where several apply."""

from datetime import timedelta

import pytest

from fargate_runs.outcomes.evidence import Evidence
from fargate_runs.outcomes.kinds import KINDS, ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import lost, outcome_of
from fargate_runs.outcomes.rules import RULES
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import GRACE
from fargate_runs.runs.time_limit import reason_of_time_limit
from tests.fakes.ecs import GUARD_DUTY, Detail, container, detail, failed_start, overrides, task

OOM = "OutOfMemoryError: Container killed due to memory usage"
ABORTED = (
    "The Task state in AWS Step Functions execution [arn:aws:states:us-east-1:123456789012:execution:m:e]"
    " which was managing this resource was aborted"
)
GAVE_UP = (  # our own words for a replaced attempt until 2026-11-30, which are in records
    "AWS Step Functions execution [arn:aws:states:us-east-1:123456789012:execution:m:e]"
    " managing this resource gave this attempt up"
)
PULL_FAILED = "CannotPullContainerError: pull image manifest has been retried 1 time(s): i/o timeout"
SPOT = "Your Spot Task was interrupted."
SCALING = "Scaling activity initiated by (deployment ecs-svc/1)"
MAINTENANCE = "ECS is performing maintenance on the underlying infrastructure hosting the task"
INSPECT = "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s"
START_TIMED_OUT = "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m"
NOT_MADE = "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s"
NOT_STARTED = 'CannotStartContainerError: exec: "nope": executable file not found in $PATH'
DISK_FULL = (
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:00ff: write"
    " /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/77/fs/x.so: no space left on device: unknown"
)
NOT_RUNNING_YET = dict.fromkeys(("pullStartedAt", "pullStoppedAt", "startedAt", "executionStoppedAt"))
WINDOWS_STOP = 3_221_225_786
ALIEN = {"overrides": {"containerOverrides": [{"name": "main"}, {"name": "side"}]}}

CASES: dict[str, tuple[Detail, str]] = {
    "exit 0": (detail(), "SUCCEEDED"),
    "exit 0 as a text": (detail(containers=[container(exit_code="0")]), "SUCCEEDED"),
    "exit 0 without a stop code": (detail(stopCode=None, stoppedReason=None), "SUCCEEDED"),
    "exit 0 with a stop code of the future": (detail(stopCode="SomethingNew"), "SUCCEEDED"),
    "sidecars do not count": (detail(containers=[container("side", 1), container("main", 0)]), "SUCCEEDED"),
    "a sidecar's memory does not count": (
        detail(containers=[container("side", 137, OOM), container("main", 0)]),
        "SUCCEEDED",
    ),
    "exit 1": (detail(containers=[container(exit_code=1)]), "Container.ExitedNonZero"),
    "exit 137 alone is only SIGKILL": (detail(containers=[container(exit_code=137)]), "Container.ExitedNonZero"),
    "exit 137 beside another container": (
        detail(containers=[container(exit_code=137), container("side", 0)]),
        "Container.ExitedNonZero",
    ),
    "exit 143": (detail(containers=[container(exit_code=143)]), "Container.ExitedNonZero"),
    "exit 127": (detail(containers=[container(exit_code=127)]), "Container.ExitedNonZero"),
    "exit 139": (detail(containers=[container(exit_code=139)]), "Container.ExitedNonZero"),
    "exit -1": (detail(containers=[container(exit_code=-1)]), "Container.ExitedNonZero"),
    "memory": (detail(containers=[container(exit_code=137, reason=OOM)]), "Container.OutOfMemory"),
    "memory in other words": (
        detail(containers=[container(exit_code=1, reason="outofmemory: container killed")]),
        "Container.OutOfMemory",
    ),
    "memory, said of the task": (
        detail(stoppedReason=OOM, containers=[container(exit_code=137)]),
        "Container.OutOfMemory",
    ),
    "memory, said of the task, whose main container ended by itself": (
        detail(stoppedReason=OOM, containers=[container(exit_code=3), container("side", 137)]),
        "Container.ExitedNonZero",
    ),
    "memory, said of the task, whose sidecar was killed and took the main one along": (
        detail(stoppedReason=OOM, containers=[container(exit_code=143), container("side", 137)]),
        "Container.OutOfMemory",
    ),
    "memory without an exit code": (detail(containers=[container(reason=OOM)]), "Container.OutOfMemory"),
    "memory of a sidecar that took the main one along": (
        detail(containers=[container("side", 137, OOM), container("main", 143)]),
        "Container.OutOfMemory",
    ),
    "the main one's own code before a sidecar's memory": (
        detail(containers=[container("side", 137, OOM), container("main", 3)]),
        "Container.ExitedNonZero",
    ),
    "sidecar failed, main told to stop": (
        detail(containers=[container("main", 143), container("side", 2)]),
        "Task.SidecarFailed",
    ),
    "sidecar failed, main killed": (
        detail(containers=[container("side", 1), container("main", 137)]),
        "Task.SidecarFailed",
    ),
    "an injected container is no sidecar": (
        detail(containers=[container(GUARD_DUTY, 2), container("main", 143)]),
        "Container.ExitedNonZero",
    ),
    "service connect is no sidecar": (
        detail(containers=[container("ecs-service-connect-x1", 2), container("main", 143)]),
        "Container.ExitedNonZero",
    ),
    "a sidecar that ended well": (
        detail(containers=[container("side", 0), container("main", 143)]),
        "Container.ExitedNonZero",
    ),
    "both told to stop": (
        detail(containers=[container("side", 143), container("main", 137)]),
        "Container.ExitedNonZero",
    ),
    "main one has no exit code": (detail(containers=[container()]), "Task.Unknown"),
    "main one is not listed": (detail(containers=[container("side", 0)]), "Task.Unknown"),
    "nonsense for an exit code": (detail(containers=[container(exit_code="zero")]), "Task.Unknown"),
    "image not found": (failed_start("CannotPullContainerError: x: not found"), "Task.ImageNotFound"),
    "image not pulled": (failed_start("CannotPullContainerError: i/o timeout"), "Task.ImagePullFailed"),
    "old form, text on the container": (
        failed_start("Task failed to start", containers=[container(reason="CannotPullContainerError: not found")]),
        "Task.ImageNotFound",
    ),
    "old form, text on the sidecar": (
        failed_start(
            "Task failed to start",
            containers=[container("main"), container("side", reason="CannotPullContainerError: i/o timeout")],
        ),
        "Task.ImagePullFailed",
    ),
    "failed pull without a stop code": (
        failed_start("CannotPullContainerError: not found", stopCode=None),
        "Task.ImageNotFound",
    ),
    "failed pull of a container that is not the main one, which ran": (
        detail(containers=[container(exit_code=2), container("side", reason="CannotPullContainerError: not found")]),
        "Container.ExitedNonZero",
    ),
    "secrets": (
        failed_start("ResourceInitializationError: unable to pull secrets or registry auth: timed out"),
        "Task.ResourceInitializationFailed",
    ),
    "logging": (
        failed_start("ResourceInitializationError: failed to validate logger args"),
        "Task.ResourceInitializationFailed",
    ),
    "network interface": (
        failed_start("Timeout waiting for network interface provisioning to complete."),
        "Task.ProvisioningFailed",
    ),
    "no address": (
        failed_start("Unexpected EC2 error while attempting to Create: InsufficientFreeAddressesInSubnet"),
        "Task.ProvisioningFailed",
    ),
    "internal error": (failed_start("InternalError: unable to create"), "Task.ProvisioningFailed"),
    "capacity": (failed_start("Capacity is unavailable at this time."), "Task.CapacityUnavailable"),
    "vCPU limit": (
        failed_start("You\u2019ve reached the limit on the number of vCPUs you can run concurrently"),
        "Task.CapacityUnavailable",
    ),
    "no resource": (failed_start("TaskFailedToStart: RESOURCE:CPU", version=2), "Task.CapacityUnavailable"),
    "entry point": (
        failed_start('CannotStartContainerError: exec: "nope": executable file not found in $PATH'),
        "Task.FailedToStart",
    ),
    "entry point that quotes another error": (
        failed_start("CannotStartContainerError: ResourceInitializationError: failed to create new container runtime"),
        "Task.FailedToStart",
    ),
    "placement": (failed_start("TaskFailedToStart: MemberOf placement constraint unsatisfied"), "Task.FailedToStart"),
    "start failed without a word": (failed_start(None), "Task.FailedToStart"),
    "start failed, no containers": (failed_start("Task failed to start", containers=[]), "Task.FailedToStart"),
    "start failed, no containers, no stop code": (
        failed_start(None, containers=[], stopCode=None),
        "Task.FailedToStart",
    ),
    "no containers but a text": (
        failed_start("CannotPullContainerError: denied", containers=[], stopCode=None),
        "Task.ImageNotFound",
    ),
    "user": (
        detail(stopCode="UserInitiated", stoppedReason="because", containers=[container(exit_code=1)]),
        "Task.StoppedByUser",
    ),
    "user, and the container ended well": (
        detail(stopCode="UserInitiated", stoppedReason="Task stopped by user"),
        "Task.StoppedByUser",
    ),
    "user, in somebody else's words": (
        detail(stopCode="UserInitiated", stoppedReason=SPOT),
        "Task.StoppedByUser",
    ),
    "user, while it was starting": (
        failed_start("CannotPullContainerError: not found", stopCode="UserInitiated"),
        "Task.StoppedByUser",
    ),
    "user, without a stop code": (detail(stopCode=None, stoppedReason="Task stopped by user"), "Task.StoppedByUser"),
    "user, out of memory": (
        detail(stopCode="UserInitiated", stoppedReason="x", containers=[container(exit_code=137, reason=OOM)]),
        "Task.StoppedByUser",
    ),
    "Step Functions": (
        detail(stopCode="UserInitiated", stoppedReason=ABORTED, containers=[container(exit_code=143)]),
        "Task.StoppedByStepFunctions",
    ),
    "Step Functions, exit 0": (detail(stopCode="UserInitiated", stoppedReason=ABORTED), "Task.StoppedByStepFunctions"),
    "Step Functions, without a stop code": (
        detail(stopCode=None, stoppedReason=ABORTED),
        "Task.StoppedByStepFunctions",
    ),
    "past its time": (
        detail(stopCode="UserInitiated", stoppedReason=reason_of_time_limit(60), containers=[container(exit_code=137)]),
        "Task.TimedOut",
    ),
    "past its time, exit 0": (
        detail(stopCode="UserInitiated", stoppedReason=reason_of_time_limit(60)),
        "Task.TimedOut",
    ),
    "past its time, without a stop code": (
        detail(stopCode=None, stoppedReason=reason_of_time_limit(60)),
        "Task.TimedOut",
    ),
    "scheduler": (
        detail(stopCode="ServiceSchedulerInitiated", stoppedReason=SCALING, containers=[container(exit_code=137)]),
        "Task.StoppedByScheduler",
    ),
    "scheduler, exit 0": (
        detail(stopCode="ServiceSchedulerInitiated", stoppedReason=SCALING),
        "Task.StoppedByScheduler",
    ),
    "scheduler, without a stop code": (detail(stopCode=None, stoppedReason=SCALING), "Task.StoppedByScheduler"),
    "spot": (detail(stopCode="SpotInterruption", stoppedReason=SPOT), "Task.SpotInterrupted"),
    "spot, killed": (
        detail(stopCode="SpotInterruption", stoppedReason=SPOT, containers=[container(exit_code=137)]),
        "Task.SpotInterrupted",
    ),
    "spot, no stop code": (detail(stopCode=None, stoppedReason=SPOT), "Task.SpotInterrupted"),
    "spot, older code": (detail(stopCode="TerminationNotice", stoppedReason=SPOT), "Task.SpotInterrupted"),
    "spot, in the words of its error type": (
        detail(stopCode=None, stoppedReason=f"SpotInterruptionError: {SPOT}"),
        "Task.SpotInterrupted",
    ),
    "spot, no text": (detail(stopCode="SpotInterruption", stoppedReason=None), "Task.SpotInterrupted"),
    "host": (detail(stopCode="InfrastructureHealth", stoppedReason="x"), "Task.InfrastructureFailed"),
    "termination notice": (detail(stopCode="TerminationNotice", stoppedReason=None), "Task.InfrastructureFailed"),
    "maintenance": (detail(stopCode=None, stoppedReason=MAINTENANCE), "Task.InfrastructureFailed"),
    "maintenance of a service's task": (
        detail(stopCode="ServiceSchedulerInitiated", stoppedReason=MAINTENANCE),
        "Task.InfrastructureFailed",
    ),
    "health check of the load balancer": (
        detail(stopCode="ServiceSchedulerInitiated", stoppedReason="Task failed ELB health checks in (target-group x)"),
        "Task.HealthCheckFailed",
    ),
    "health check of the container": (
        detail(stopCode=None, stoppedReason="Task failed container health checks"),
        "Task.HealthCheckFailed",
    ),
    "health check, said of a container": (
        detail(containers=[container(exit_code=137), container("side", 137, "failed container health checks")]),
        "Task.HealthCheckFailed",
    ),
    "no main: one ended well": (detail(**ALIEN), "SUCCEEDED"),
    "no main: others asked to stop": (
        detail(**ALIEN, containers=[container("main", 0), container("side", 143), container("third", WINDOWS_STOP)]),
        "SUCCEEDED",
    ),
    "no main: one killed": (
        detail(**ALIEN, containers=[container("main", 0), container("side", 143), container("third", 137)]),
        "Container.ExitedNonZero",
    ),
    "no main: the work was killed when its time limit ended well": (
        detail(**ALIEN, containers=[container("limit", 0), container("main", 137)]),
        "Container.ExitedNonZero",
    ),
    "no main: all were asked to stop": (
        detail(**ALIEN, containers=[container("main", 143), container("side", 143)]),
        "Container.ExitedNonZero",
    ),
    "no main: injected one does not count": (
        detail(**ALIEN, containers=[container("main", 0), container(GUARD_DUTY, 1)]),
        "SUCCEEDED",
    ),
    "no main: an injected one alone is nobody": (
        detail(**ALIEN, containers=[container(GUARD_DUTY, 0)]),
        "Task.Unknown",
    ),
    "no main: one failed": (
        detail(**ALIEN, containers=[container("main", 0), container("side", 2)]),
        "Container.ExitedNonZero",
    ),
    "no main: only told to stop": (detail(**ALIEN, containers=[container("main", 143)]), "Container.ExitedNonZero"),
    "no main: one exit code missing": (
        detail(**ALIEN, containers=[container("main", 0), container("side")]),
        "Task.Unknown",
    ),
    "no main: memory": (
        detail(**ALIEN, containers=[container("main", 0), container("side", 137, OOM)]),
        "Container.OutOfMemory",
    ),
    "no main: user": (detail(**ALIEN, stopCode="UserInitiated"), "Task.StoppedByUser"),
    "no main: failed start": (
        failed_start("CannotPullContainerError: not found", **ALIEN),
        "Task.ImageNotFound",
    ),
    "ran, and was lost sight of": (detail(containers=[container(reason=INSPECT, runtimeId="a-1")]), "Task.Unknown"),
    "ran, and was lost sight of, without a runtime id": (
        detail(containers=[container(reason=INSPECT)]),
        "Task.Unknown",
    ),
    "lost sight of before the task was running": (
        detail(**NOT_RUNNING_YET, containers=[container(reason=INSPECT)]),
        "Task.Unknown",
    ),
    "lost sight of, and called a failed start": (
        failed_start("Task failed to start", containers=[container(reason=INSPECT)]),
        "Task.Unknown",
    ),
    "lost sight of, said of the task": (
        detail(stoppedReason=INSPECT, containers=[container(runtimeId="a-1")]),
        "Task.Unknown",
    ),
    "could not be stopped": (
        failed_start("CannotStopContainerError: failed sending SIGTERM", containers=[container(reason=INSPECT)]),
        "Task.Unknown",
    ),
    "lost sight of, said of a task that failed to start": (
        failed_start(INSPECT, containers=[container()]),
        "Task.Unknown",
    ),
    "lost sight of one, said of a task that failed to start": (
        failed_start(INSPECT, containers=[container(), container("side", 143)]),
        "Task.FailedToStart",
    ),
    "stop timed out": (
        detail(
            **NOT_RUNNING_YET,
            containers=[container(reason="DockerTimeoutError: Could not transition to stopped; timed out after 2m")],
        ),
        "Task.Unknown",
    ),
    "start timed out": (failed_start(START_TIMED_OUT, containers=[container()]), "Task.FailedToStart"),
    "start timed out, said of the container": (
        failed_start(None, containers=[container(reason=START_TIMED_OUT)]),
        "Task.FailedToStart",
    ),
    "start timed out, but it started": (
        detail(containers=[container(reason=START_TIMED_OUT, runtimeId="a-1")]),
        "Task.Unknown",
    ),
    "was not made in time": (
        failed_start("Task failed to start", containers=[container(reason=NOT_MADE)], stopCode=None),
        "Task.FailedToStart",
    ),
    "was not made in time, but it started": (
        detail(containers=[container(reason=NOT_MADE, runtimeId="a-1")]),
        "Task.Unknown",
    ),
    "started, without an exit code, in a task that failed to start": (
        failed_start("Task failed to start", startedAt="2025-05-06T11:02:31Z", containers=[container(runtimeId="a")]),
        "Task.Unknown",
    ),
    "could not be started, with an exit code of its runtime": (
        detail(**NOT_RUNNING_YET, containers=[container(exit_code=128, reason=NOT_STARTED)]),
        "Task.FailedToStart",
    ),
    "ran well, and the task failed to start": (failed_start(None, containers=[container(exit_code=0)]), "Task.Unknown"),
    "ran, and a sidecar could not be started": (
        failed_start("Task failed to start", containers=[container(exit_code=143), container("side")]),
        "Container.ExitedNonZero",
    ),
    "a sidecar could not be started, main told to stop": (
        detail(containers=[container(exit_code=143), container("side", reason=NOT_STARTED)]),
        "Task.SidecarFailed",
    ),
    "a sidecar could not be started, and the main one ended well meanwhile": (
        failed_start(None, containers=[container(exit_code=0), container("side", reason=NOT_STARTED)]),
        "Task.SidecarFailed",
    ),
    "dependency failed, and the main one is said to run": (
        detail(**NOT_RUNNING_YET, containers=[container(), container("side", 255, runtimeId="a-2")]),
        "Task.Unknown",
    ),
    "dependency failed": (
        detail(
            **NOT_RUNNING_YET,
            containers=[container(lastStatus="STOPPED"), container("side", 255, runtimeId="a-2")],
        ),
        "Task.SidecarFailed",
    ),
    "dependency failed, and the main one still waits": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="PENDING"), container("side", 255)]),
        "Task.SidecarFailed",
    ),
    "nothing is known of the main one but its name": (
        detail(containers=[{"name": "main"}, container("side", 1)]),
        "Task.Unknown",
    ),
    "dependency failed, called a failed start": (
        failed_start("Task failed to start", containers=[container(), container("side", 1)]),
        "Task.SidecarFailed",
    ),
    "dependency was killed": (
        failed_start("Task failed to start", containers=[container(), container("side", 137)]),
        "Task.SidecarFailed",
    ),
    "dependency ended well too early": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="STOPPED"), container("side", 0)]),
        "Task.SidecarFailed",
    ),
    "dependency ended well too early, without a stop code": (
        detail(**NOT_RUNNING_YET, stopCode=None, containers=[container(lastStatus="STOPPED"), container("side", 0)]),
        "Task.SidecarFailed",
    ),
    "failed start told the sidecar to stop": (
        failed_start("Task failed to start", containers=[container(), container("side", 143)]),
        "Task.FailedToStart",
    ),
    "failed start told the sidecar to stop, which ended well": (
        failed_start("Task failed to start", containers=[container(), container("side", 0)]),
        "Task.FailedToStart",
    ),
    "dependency ran out of memory": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="STOPPED"), container("side", 137, OOM)]),
        "Container.OutOfMemory",
    ),
    "an injected container is no dependency": (
        failed_start("Task failed to start", containers=[container(), container(GUARD_DUTY, 1)]),
        "Task.FailedToStart",
    ),
    "main could not be started, and its sidecar failed after that": (
        failed_start(None, containers=[container(reason=NOT_STARTED), container("side", 1)]),
        "Task.FailedToStart",
    ),
    "left out of a task that started": (
        detail(containers=[container(lastStatus="STOPPED"), container("side", 1, runtimeId="a-2")]),
        "Task.SidecarFailed",
    ),
    "pending in a task that started": (
        detail(containers=[container(lastStatus="PENDING"), container("side", 1)]),
        "Task.SidecarFailed",
    ),
    "of an old event, without runtime ids": (
        detail(containers=[container(lastStatus="STOPPED"), container("side", 1)]),
        "Task.Unknown",
    ),
    "Windows: sidecar failed, main told to stop": (
        detail(containers=[container(exit_code=WINDOWS_STOP), container("side", 1)]),
        "Task.SidecarFailed",
    ),
    "Windows: sidecar told to stop is none that failed": (
        detail(containers=[container(exit_code=143), container("side", WINDOWS_STOP - 2**32)]),
        "Container.ExitedNonZero",
    ),
    "Windows: told to stop, as a signed number": (
        detail(**ALIEN, containers=[container("main", 0), container("side", WINDOWS_STOP - 2**32)]),
        "SUCCEEDED",
    ),
    "Windows: a crash": (detail(containers=[container(exit_code=0xC0000005)]), "Container.ExitedNonZero"),
    "no space left": (failed_start(DISK_FULL), "Task.ImagePullFailed"),
    "no space left, said of the container": (
        failed_start("Task failed to start", containers=[container(reason=DISK_FULL)]),
        "Task.ImagePullFailed",
    ),
    "no address, by a fault of EC2": (
        failed_start("Unexpected EC2 error while attempting to Create Network Interface in subnet 'a': AuthFailure"),
        "Task.ProvisioningFailed",
    ),
    "limit of provisioning": (failed_start("Tasks provisioning capacity limit exceeded."), "Task.CapacityUnavailable"),
    "only the texts are left": (
        detail(**NOT_RUNNING_YET, stopCode=None, containers=None, overrides=None),
        "Task.Unknown",
    ),
    "nothing is listed, and only the stop code says that something ran": (
        detail(**NOT_RUNNING_YET, stoppedReason=None, containers=[]),
        "Task.Unknown",
    ),
    "nothing is listed, and only the start of the task says that something ran": (
        detail(stopCode=None, stoppedReason=None, containers=[]),
        "Task.Unknown",
    ),
    "no main: nothing is listed": (failed_start(None, **ALIEN, containers=[]), "Task.FailedToStart"),
    "the start of a sidecar timed out, but it ran": (
        detail(containers=[container(exit_code=143), container("side", 0, START_TIMED_OUT)]),
        "Container.ExitedNonZero",
    ),
    "no main: the dependency failed": (
        failed_start("Task failed to start", **ALIEN, containers=[container("main"), container("side", 255)]),
        "Container.ExitedNonZero",
    ),
    "no main: one could not be started": (
        failed_start(None, **ALIEN, containers=[container("main", 143), container("side", reason=NOT_STARTED)]),
        "Task.FailedToStart",
    ),
    "no main: one was lost sight of": (
        detail(**ALIEN, containers=[container("main", 0), container("side", reason=INSPECT)]),
        "Task.Unknown",
    ),
    "token without RUN_ID names the main one": (
        detail(overrides=overrides(run_id=None), containers=[container("main", 0), container("side", 2)]),
        "SUCCEEDED",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_outcome(case: str) -> None:
    given, expected = CASES[case]
    outcome = outcome_of(task(**{**dict.fromkeys(detail()), **given}))
    assert outcome is not None
    assert (outcome.error or outcome.status) == expected
    assert outcome.status is (KINDS[outcome.error].status if outcome.error else OutcomeStatus.SUCCEEDED)
    may_pass = not case.startswith("no space left") and outcome.error is not None and KINDS[outcome.error].transient
    assert outcome.transient is may_pass
    assert outcome.stopped_reason == given.get("stoppedReason")
    assert "{" not in outcome.summary + outcome.advice
    assert outcome.advice or outcome.succeeded


@pytest.mark.parametrize(
    "status", ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "STOPPING", "DEPROVISIONING", "x"]
)
def test_only_stopped_ends_a_task(status: str) -> None:
    assert outcome_of(task(lastStatus=status)) is None
    warned = task(lastStatus=status, stopCode="SpotInterruption", stoppedReason=SPOT)
    assert outcome_of(warned) is None


def test_every_error_is_given_by_some_case() -> None:
    given = {expected for _, expected in CASES.values()}
    assert {*ErrorName} - given == {ErrorName.LOST}


def test_every_rule_decides_some_case() -> None:
    decided = set()
    for given, _ in CASES.values():
        evidence = Evidence.of(task(**{**dict.fromkeys(detail()), **given}), None)
        decided.add(next(n for n, rule in enumerate(RULES) if rule.applies(evidence)))
    assert decided == set(range(len(RULES)))


def test_main_container_can_be_named_from_outside() -> None:
    two = task(**ALIEN, containers=[container("main", 0), container("side", 2)])
    named = outcome_of(two, main_container="main")
    assert named is not None
    assert named.succeeded


def test_an_injected_container_is_never_the_main_one() -> None:
    outcome = outcome_of(task(**ALIEN, containers=[container(exit_code=3)]), main_container=GUARD_DUTY)
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("main", 3)


def test_the_sidecar_is_named_and_the_main_exit_code_given() -> None:
    outcome = outcome_of(task(containers=[container("main", 143), container("side", 2)]))
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("main", 143)
    assert "side exited with code 2" in outcome.summary
    assert "log of side" in outcome.advice


def test_the_container_that_starved_is_named() -> None:
    outcome = outcome_of(task(containers=[container("side", 137, OOM), container("main", 143)]))
    assert outcome is not None
    assert outcome.summary.startswith("Container side was killed")


@pytest.mark.parametrize(
    "reason",
    [ABORTED, ABORTED.replace("which was managing", "managing").replace("was aborted", "ended: FAILED"), GAVE_UP],
)
@pytest.mark.parametrize("containers", [[container(exit_code=143)], [container(exit_code=None, reason=PULL_FAILED)]])
def test_a_stop_by_step_functions_says_why_in_the_words_of_the_task(reason: str, containers: list[Detail]) -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason=reason, containers=containers))
    assert outcome is not None
    assert outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS
    assert outcome.summary.endswith(f": {reason}")


def test_the_advice_after_a_stop_by_step_functions_knows_the_grace() -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason=ABORTED))
    assert outcome is not None
    assert "five minutes" in outcome.advice
    assert timedelta(minutes=5) == GRACE


def test_a_task_without_a_reason_says_that_ecs_gave_none() -> None:
    outcome = outcome_of(EcsTask.from_detail(failed_start(None)))
    assert outcome is not None
    assert outcome.summary == "The task failed to start: ECS gave no reason"


def test_braces_in_a_reason_are_only_text() -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason="{container} {0} {nope!r}"))
    assert outcome is not None
    assert "{container} {0} {nope!r}" in outcome.summary


def test_lost() -> None:
    outcome = lost("main")
    assert (outcome.error, outcome.status, outcome.transient) == (ErrorName.LOST, OutcomeStatus.FAILED, False)


NOTHING_RAN = "Nothing of your code has run"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (failed_start(NOT_STARTED), True),
        (failed_start(None, containers=[container(exit_code=128, reason=NOT_STARTED)]), True),
        (failed_start(None, containers=[container(reason=START_TIMED_OUT)]), False),
        (failed_start(START_TIMED_OUT), False),
        (failed_start(NOT_MADE), True),
        (failed_start(None, containers=[container(reason=NOT_MADE)]), True),
        (failed_start(INSPECT, containers=[container(), container("side")]), False),
        (failed_start(None, containers=[container(), container("side", 143)]), False),
        (failed_start(None, containers=[]), True),
        (failed_start(None, containers=[], startedAt="2025-05-06T11:02:31Z"), False),
        (failed_start(None, containers=[], startedAt="<redacted>"), False),
        (failed_start(INSPECT, containers=[]), False),
        (failed_start(START_TIMED_OUT, containers=[]), False),
        (failed_start(NOT_MADE, containers=[]), True),
    ],
)
def test_a_failed_start_says_that_nothing_ran_only_where_that_is_known(given: Detail, said: bool) -> None:
    outcome = outcome_of(task(**{**dict.fromkeys(detail()), **given}))
    assert outcome is not None
    assert outcome.error is ErrorName.FAILED_TO_START
    assert (NOTHING_RAN in outcome.advice) is said


@pytest.mark.parametrize(
    "trace",
    [
        {"runtimeId": "a-1"},
        {"networkBindings": [{"containerPort": 80, "hostPort": 32768}]},
        {"managedAgents": [{"name": "ExecuteCommandAgent", "lastStartedAt": "2025-05-06T11:02:31Z"}]},
    ],
)
def test_what_of_a_container_says_that_it_has_run(trace: Detail) -> None:
    """In a task that has started, beside another container that shows as much."""
    containers = [container(lastStatus="STOPPED", **trace), container("side", 1, runtimeId="a-2")]
    outcome = outcome_of(task(containers=containers))
    assert outcome is not None
    assert outcome.error is ErrorName.UNKNOWN
    assert outcome.summary.startswith("Container main has run, and ECS does not know how it ended")


def test_a_container_that_was_lost_sight_of_is_named_with_its_reason() -> None:
    outcome = outcome_of(task(containers=[container("side", 0), container(reason=INSPECT)]))
    assert outcome is not None
    assert outcome.summary == f"Container main has run, and ECS does not know how it ended: {INSPECT}"
    assert "read its log before you start the run again" in outcome.advice


HAS_RUN, MAY_HAVE_RUN = "has run", "may have run"
UNSEEN = container(lastStatus="STOPPED")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (detail(containers=[UNSEEN]), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN], startedAt="<redacted>"), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN | {"reason": "lost"}], stoppedReason="lost"), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN, container("side", 0)], stoppedReason=INSPECT), MAY_HAVE_RUN),
        (detail(containers=[UNSEEN], stoppedReason=INSPECT), HAS_RUN),
        (detail(containers=[UNSEEN | {"reason": INSPECT}]), HAS_RUN),
        (detail(containers=[UNSEEN | {"reason": INSPECT}, container("side", 0)]), HAS_RUN),
        (detail(containers=[UNSEEN | {"lastStatus": "RUNNING"}]), HAS_RUN),
        (detail(containers=[UNSEEN | {"runtimeId": "a-1"}]), HAS_RUN),
    ],
)
def test_that_a_container_has_run_is_said_only_where_it_shows_that_itself(given: Detail, said: str) -> None:
    """The task's `startedAt` is not the container's own."""
    outcome = outcome_of(task(**given))
    assert outcome is not None
    assert outcome.error is ErrorName.UNKNOWN
    assert outcome.summary.startswith(f"Container main {said}, and ECS does not know how it ended: ")


@pytest.mark.parametrize(
    "limit", ["vCPUs you can run concurrently", "tasks you can run concurrently", "tasks in the PROVISIONING state"]
)
def test_the_advice_on_capacity_is_true_of_every_limit(limit: str) -> None:
    outcome = outcome_of(task(**failed_start(f"You've reached the limit on the number of {limit}.")))
    assert outcome is not None
    assert outcome.error is ErrorName.CAPACITY_UNAVAILABLE
    assert "the quota that the text names" in outcome.advice
    assert "vCPU" not in outcome.advice


def test_a_dependency_that_failed_is_named_with_its_code() -> None:
    others = [container("early", 0), container("helper", 143), container("killed", 137), container("router", 255)]
    containers = [*others, container(lastStatus="STOPPED")]
    outcome = outcome_of(task(**NOT_RUNNING_YET, containers=containers))
    assert outcome is not None
    assert outcome.summary == "Container router exited with code 255 before the main container main was started."
    assert "log of router" in outcome.advice
    assert (outcome.container, outcome.exit_code) == ("main", None)


def test_a_dependency_is_named_where_ecs_says_no_more_than_that_there_was_one() -> None:
    said = "TaskDependencyError: Task dependencies cannot be resolved, taskArn: arn:aws:ecs:us-east-1:1:task/c/1"
    containers = [container(lastStatus="STOPPED"), container("init", 1)]
    outcome = outcome_of(task(**{**NOT_RUNNING_YET, "stoppedReason": said}, containers=containers))
    assert outcome is not None
    assert outcome.error is ErrorName.SIDECAR_FAILED
    assert outcome.summary == "Container init exited with code 1 before the main container main was started."


CULPRITS: dict[str, tuple[Detail, str | None, bool]] = {
    "the main container's own exit code": (
        detail(containers=[container(exit_code=3), container("side", 0)]),
        None,
        True,
    ),
    "told to stop by nobody known": (detail(containers=[container(exit_code=143), container("side", 0)]), None, True),
    "main ran out of memory": (detail(containers=[container("main", 137, OOM), container("side", 1)]), None, True),
    "main ran out of memory before it is known to have started": (
        failed_start(None, containers=[container("main", None, OOM)]),
        None,
        True,
    ),
    "a sidecar ran out of memory": (
        detail(containers=[container(exit_code=143), container("side", 137, OOM), container("also", 5)]),
        "side",
        True,
    ),
    "a dependency ran out of memory": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="STOPPED"), container("side", 137, OOM)]),
        "side",
        True,
    ),
    "a sidecar failed": (detail(containers=[container(exit_code=143), container("side", 1)]), "side", True),
    "a dependency failed": (
        detail(**NOT_RUNNING_YET, containers=[container(lastStatus="STOPPED"), container("side", 255)]),
        "side",
        True,
    ),
    "a sidecar could not be started": (
        detail(containers=[container(exit_code=143), container("side", reason=NOT_STARTED)]),
        "side",
        False,
    ),
    "a success": (detail(containers=[container(exit_code=0), container("side", 1)]), None, True),
    "no main container, and the one that is judged": (
        detail(**ALIEN, containers=[container("a", 0), container("b", 137, OOM)]),
        None,
        True,
    ),
    "no main container, and another": (
        detail(**ALIEN, containers=[container("a", 3), container("b", 137, OOM)]),
        "b",
        True,
    ),
}


@pytest.mark.parametrize("case", CULPRITS)
def test_who_is_the_culprit_and_whether_it_can_have_logged(case: str) -> None:
    """Where another container than the main one failed: its log tells why."""
    of, culprit, may_have_logged = CULPRITS[case]
    outcome = outcome_of(EcsTask.from_detail(of))
    assert outcome is not None
    assert (outcome.culprit, outcome.may_have_logged) == (culprit, may_have_logged)


def test_a_sidecar_that_could_not_be_started_is_named_with_its_reason() -> None:
    outcome = outcome_of(task(containers=[container(exit_code=143), container("side", reason=NOT_STARTED)]))
    assert outcome is not None
    assert "Container side could not be started (CannotStartContainerError: exec" in outcome.summary


ADVICE_OF_CODES = [
    (126, "Check commands against"),
    (127, "Check commands against"),
    (0xC0000135, "Check commands against"),
    (0xC0000135 - 2**32, "Check commands against"),
    (134, "Native code crashed"),
    (139, "Native code crashed"),
    (0xC0000005, "Native code crashed"),
    (0xC00000FD - 2**32, "Native code crashed"),
    (0xC0000409, "Native code crashed"),
    (137, "Most likely a process in it was killed for lack of memory"),
    (143, "No other container of the task"),
    (WINDOWS_STOP, "No other container of the task"),
    (WINDOWS_STOP - 2**32, "No other container of the task"),
    (1, "Your own program ended"),
]


@pytest.mark.parametrize("more", [{}, ALIEN], ids=["a known main container", "an only container"])
@pytest.mark.parametrize("injected", [[], [container(GUARD_DUTY, 1)]], ids=["alone", "with an injected one"])
@pytest.mark.parametrize(("code", "advice"), ADVICE_OF_CODES)
def test_an_only_container_gets_the_advice_of_its_code(
    code: int, advice: str, injected: list[Detail], more: Detail
) -> None:
    outcome = outcome_of(task(**more, containers=[*injected, container(exit_code=code)]))
    assert outcome is not None
    assert (outcome.container, outcome.exit_code) == ("main", code)
    assert outcome.advice.startswith(advice)


def test_who_was_killed_beside_others_hears_of_them() -> None:
    outcome = outcome_of(task(containers=[container(exit_code=137), container("side", 0)]))
    assert outcome is not None
    assert outcome.advice.startswith("It may have ignored SIGTERM until its stop time-out was over, because another")


@pytest.mark.parametrize("code", [143, WINDOWS_STOP])
def test_who_was_told_to_stop_beside_others_hears_of_them(code: int) -> None:
    outcome = outcome_of(task(containers=[container(exit_code=code), container("side", 0)]))
    assert outcome is not None
    assert outcome.advice.startswith("An essential sidecar ended before")


@pytest.mark.parametrize(
    ("codes", "blamed"),
    [((0, 2, 137), 2), ((0, 143, 137), 137), ((143, WINDOWS_STOP), 143), ((137, 3, 4), 3), ((143, 0, 5), 5)],
)
def test_who_is_blamed_where_no_container_is_the_main_one(codes: tuple[int, ...], blamed: int) -> None:
    containers = [container(f"c{n}", code) for n, code in enumerate(codes)]
    for order in (containers, containers[::-1]):
        outcome = outcome_of(task(**ALIEN, containers=order))
        assert outcome is not None
        assert (outcome.error, outcome.exit_code) == (ErrorName.EXITED_NON_ZERO, blamed)


def test_a_full_disk_is_said_to_stay_full() -> None:
    full, passing = (outcome_of(task(**failed_start(text))) for text in (DISK_FULL, PULL_FAILED))
    assert full is not None
    assert passing is not None
    assert (full.transient, passing.transient) == (False, True)
    assert "ephemeralStorage" in full.advice
    assert "Start it again, this often passes" in passing.advice


@pytest.mark.parametrize("status", ["STOPPED", "DELETED"])
def test_a_task_has_ended(status: str) -> None:
    outcome = outcome_of(task(lastStatus=status))
    assert outcome is not None
    assert outcome.succeeded
