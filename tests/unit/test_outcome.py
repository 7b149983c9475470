"""The outcome table, row by row, and which row wins where several apply."""

from datetime import timedelta

import pytest

from fargate_runs.evidence import Evidence
from fargate_runs.kinds import KINDS, ErrorName, OutcomeStatus
from fargate_runs.orphans import GRACE
from fargate_runs.outcome import lost, outcome_of
from fargate_runs.rules import RULES
from fargate_runs.time_limit import reason_of_time_limit
from tests.fakes.ecs import GUARD_DUTY, Detail, container, detail, failed_start, overrides, task

OOM = "OutOfMemoryError: Container killed due to memory usage"
ABORTED = (
    "The Task state in AWS Step Functions execution [arn:aws:states:us-east-1:123456789012:execution:m:e]"
    " which was managing this resource was aborted"
)
PULL_FAILED = "CannotPullContainerError: pull image manifest has been retried 1 time(s): i/o timeout"
SPOT = "Your Spot Task was interrupted."
SCALING = "Scaling activity initiated by (deployment ecs-svc/1)"
MAINTENANCE = "ECS is performing maintenance on the underlying infrastructure hosting the task"
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
    "no main: one ended well": (detail(**ALIEN), "SUCCEEDED"),
    "no main: others told to stop": (
        detail(**ALIEN, containers=[container("main", 0), container("side", 143), container("third", 137)]),
        "SUCCEEDED",
    ),
    "no main: injected one does not count": (
        detail(**ALIEN, containers=[container("main", 0), container(GUARD_DUTY, 1)]),
        "SUCCEEDED",
    ),
    "no main: an injected one alone is nobody": (
        detail(**ALIEN, containers=[container(GUARD_DUTY, 0)]),
        "Task.FailedToStart",
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
    assert outcome.transient is (KINDS[outcome.error].transient if outcome.error else False)
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
    "reason", [ABORTED, ABORTED.replace("which was managing", "managing").replace("was aborted", "ended: FAILED")]
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


def test_braces_in_a_reason_are_only_text() -> None:
    outcome = outcome_of(task(stopCode="UserInitiated", stoppedReason="{container} {0} {nope!r}"))
    assert outcome is not None
    assert "{container} {0} {nope!r}" in outcome.summary


def test_lost() -> None:
    outcome = lost("main")
    assert (outcome.error, outcome.status, outcome.transient) == (ErrorName.LOST, OutcomeStatus.FAILED, False)
