"""Tasks that have ended, as ECS reports them, with their outcomes. Less certain ones are in uncertain_endings.py."""

from fargate_runs.runs.time_limit import reason_of_time_limit
from tests.fakes.ecs import GUARD_DUTY, Detail, container, detail, failed_start

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

ENDINGS: dict[str, tuple[Detail, str]] = {
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
}
