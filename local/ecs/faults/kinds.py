"""The table of faults: each kind, what it does, at which stage, in whose words, and the fact that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from local.ecs.containers import OUT_OF_MEMORY
from local.ecs.errors import ClientError, EcsApiError, InvalidParameterError, ServerError, ThrottlingError

SPOT_WARNING_SECONDS: Final = 120.0  # fact B15
_SPOT: Final = "FARGATE_SPOT"
_MAINTENANCE: Final = "ECS is performing maintenance on the underlying infrastructure hosting the task"


class Stage(StrEnum):
    """Where a fault strikes. Its `count` counts these."""

    CALL = "call"
    """A RunTask call: no task comes of it, but for the kind that is carried out."""
    START = "start"
    """A task that has not started."""
    RUN = "run"
    """A task that has become RUNNING."""
    EVENT = "event"
    """An "ECS Task State Change" event, or a status change of an execution."""
    FUNCTION = "function"
    """A call that a Lambda function makes to AWS."""


class Option(StrEnum):
    """What can be said about a fault besides its kind and count; the names are those of the HTTP body."""

    PROVIDER = "provider"
    FAMILY = "family"
    SECONDS = "seconds"
    AFTER = "after"
    REASON = "reason"
    LAST_STATUS = "lastStatus"
    STATUS = "status"
    CALL = "call"
    WHEN = "when"
    FUNCTION = "function"


@dataclass(frozen=True)
class FaultKind:
    """One row of the table.

    `text` is what AWS says; `{image}`, `{registry}`, `{repository}`, `{tag}` and `{subnet}` in it are the task's own.
    `seconds` is the default of that option, and `seconds_are` says what it means.
    """

    name: str
    stage: Stage
    does: str
    fact: str
    text: str = ""
    error: Callable[[str], EcsApiError] | None = None
    fails_in: str = "PENDING"
    stop_code: str | None = None
    provider: str | None = None
    forgets: bool = False
    carried_out: bool = False
    seconds: float | None = None
    seconds_are: str = ""
    has_when: bool = False

    @property
    def options(self) -> frozenset[Option]:
        """The options that make sense for this kind."""
        if self.stage is Stage.FUNCTION:
            return frozenset({Option.CALL, Option.FUNCTION} | ({Option.WHEN} if self.has_when else set()))
        chosen = {Option.PROVIDER, Option.FAMILY}
        chosen |= {Option.SECONDS} if self.seconds is not None else set()
        chosen |= {Option.AFTER} if self.stage is Stage.RUN else set()
        chosen |= {Option.REASON} if self.text and self.name != "out-of-memory" else set()
        chosen |= {Option.LAST_STATUS, Option.STATUS} if self.stage is Stage.EVENT else set()
        return frozenset(chosen)


_ROWS: Final = (
    FaultKind(
        "no-capacity",
        Stage.CALL,
        "RunTask answers with `failures`, reason RESOURCE:CPU, and starts nothing",
        "B23, B37",
    ),
    FaultKind(
        "capacity-error",
        Stage.CALL,
        "RunTask is refused: ClientException, no capacity",
        "B24, B37",
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        error=ClientError,
    ),
    FaultKind(
        "vcpu-limit",
        Stage.CALL,
        "RunTask is refused: ClientException, the account's limit of vCPUs",
        "B24, B37",
        "You\N{RIGHT SINGLE QUOTATION MARK}ve reached the limit on the number of vCPUs you can run concurrently",
        error=ClientError,
    ),
    FaultKind(
        "throttled",
        Stage.CALL,
        "RunTask is refused: ThrottlingException",
        "B24, B34",
        "Rate exceeded",
        error=ThrottlingError,
    ),
    FaultKind(
        "server-error",
        Stage.CALL,
        "RunTask fails: ServerException, HTTP status 500",
        "B24",
        "Service Unavailable. Please try again later.",
        error=ServerError,
    ),
    FaultKind(
        "answer-lost",
        Stage.CALL,
        "RunTask starts its tasks, and is answered with ServerException, HTTP status 500",
        "B24, B43",
        "Service Unavailable. Please try again later.",
        error=ServerError,
        carried_out=True,
    ),
    FaultKind(
        "parameter-throttle",
        Stage.CALL,
        "RunTask is refused: InvalidParameterException around a throttled call of EC2",
        "B24",
        "Error retrieving subnet information for [{subnet}]: Rate exceeded (ErrorCode: Throttling)",
        error=InvalidParameterError,
    ),
    FaultKind(
        "image-not-found",
        Stage.START,
        "the image does not exist: TaskFailedToStart, no exit code",
        "B16",
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
        "pull access denied, repository does not exist or may require authorization: "
        "server message: insufficient_scope: authorization failed",
    ),
    FaultKind(
        "image-pull-timeout",
        Stage.START,
        "the registry does not answer: TaskFailedToStart, no exit code",
        "B16",
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: "
        'failed to do request: Head "https://{registry}/v2/{repository}/manifests/{tag}": '
        "dial tcp 198.51.100.7:443: i/o timeout",
    ),
    FaultKind(
        "eni-timeout",
        Stage.START,
        "no network interface: the task goes from PROVISIONING to STOPPED, `containers` is empty",
        "B3, B9, B16",
        "Timeout waiting for network interface provisioning to complete.",
        fails_in="PROVISIONING",
    ),
    FaultKind(
        "secrets-error",
        Stage.START,
        "a secret cannot be read: TaskFailedToStart",
        "B16",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        "unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException",
    ),
    FaultKind(
        "slow-start",
        Stage.START,
        "the task stays in PENDING for longer, then starts",
        "B13",
        seconds=60.0,
        seconds_are="how much longer",
    ),
    FaultKind(
        "out-of-memory",
        Stage.RUN,
        "the first essential container is killed for lack of memory: exit code 137",
        "B18",
        OUT_OF_MEMORY,
    ),
    FaultKind(
        "spot-interruption",
        Stage.RUN,
        "Spot takes a task on FARGATE_SPOT back: a warning event, SIGTERM, SIGKILL after stopTimeout",
        "B15",
        "Your Spot Task was interrupted.",
        stop_code="SpotInterruption",
        provider=_SPOT,
        seconds=SPOT_WARNING_SECONDS,
        seconds_are="the warning: SIGKILL comes no later than this, whatever stopTimeout says",
    ),
    FaultKind(
        "infrastructure",
        Stage.RUN,
        "AWS stops the task for the host's sake: InfrastructureHealth",
        "B14, B16",
        _MAINTENANCE,
        stop_code="InfrastructureHealth",
    ),
    FaultKind(
        "termination-notice",
        Stage.RUN,
        "AWS stops the task for the host's sake: TerminationNotice",
        "B14, B16",
        _MAINTENANCE,
        stop_code="TerminationNotice",
    ),
    FaultKind(
        "stopped-by-user",
        Stage.RUN,
        "somebody calls StopTask: UserInitiated",
        "B14, B16",
        "Task stopped by user",
        stop_code="UserInitiated",
    ),
    FaultKind(
        "task-forgotten",
        Stage.RUN,
        "the task ends untold and ECS forgets it at once, as it does an hour after an end: no event, no list, MISSING",
        "B12",
        forgets=True,
    ),
    FaultKind("event-dropped", Stage.EVENT, "the event never comes", "B10, B11"),
    FaultKind("event-doubled", Stage.EVENT, "the event comes twice: same version, another event id", "B9, B10"),
    FaultKind(
        "event-delayed", Stage.EVENT, "the event comes late", "B10", seconds=5.0, seconds_are="how late, at least"
    ),
    FaultKind(
        "event-reordered",
        Stage.EVENT,
        "the event comes after the next one of its task or execution (an end has no next one, and is left alone)",
        "B10",
    ),
    FaultKind(
        "function-killed",
        Stage.FUNCTION,
        "the process of the function is killed at the call: before it is carried out, or after and before the answer",
        "B11",
        has_when=True,
    ),
    FaultKind(
        "call-throttled",
        Stage.FUNCTION,
        "the call is refused for its rate, by the service's own error name; it is not carried out",
        "B34, B35, B36",
    ),
    FaultKind(
        "call-lost",
        Stage.FUNCTION,
        "the call is carried out, and the connection ends before the answer",
        "B11",
    ),
)

FAULT_KINDS: Final[Mapping[str, FaultKind]] = MappingProxyType({row.name: row for row in _ROWS})
