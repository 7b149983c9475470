"""Ended tasks whose report leaves open what ran: lost sight of, waiting for another container, or started in part."""

from tests.fakes.ecs import GUARD_DUTY, Detail, container, detail, failed_start, overrides
from tests.fakes.endings import (
    ALIEN,
    DISK_FULL,
    INSPECT,
    NOT_MADE,
    NOT_RUNNING_YET,
    NOT_STARTED,
    OOM,
    START_TIMED_OUT,
    WINDOWS_STOP,
)

UNCERTAIN_ENDINGS: dict[str, tuple[Detail, str]] = {
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
