"""The names of the outcomes. Each name also gives the status, and whether a retry makes sense.

SendTaskFailure sends the error names, so users match them in Retry and Catch: they are a public contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class OutcomeStatus(StrEnum):
    """How a task ended."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


class ErrorName(StrEnum):
    """The errors of tasks that did not succeed."""

    EXITED_NON_ZERO = "Container.ExitedNonZero"
    OUT_OF_MEMORY = "Container.OutOfMemory"
    SIDECAR_FAILED = "Task.SidecarFailed"
    IMAGE_NOT_FOUND = "Task.ImageNotFound"
    IMAGE_PULL_FAILED = "Task.ImagePullFailed"
    RESOURCE_INITIALIZATION_FAILED = "Task.ResourceInitializationFailed"
    PROVISIONING_FAILED = "Task.ProvisioningFailed"
    CAPACITY_UNAVAILABLE = "Task.CapacityUnavailable"
    SPOT_INTERRUPTED = "Task.SpotInterrupted"
    INFRASTRUCTURE_FAILED = "Task.InfrastructureFailed"
    HEALTH_CHECK_FAILED = "Task.HealthCheckFailed"
    STOPPED_BY_USER = "Task.StoppedByUser"
    STOPPED_BY_STEP_FUNCTIONS = "Task.StoppedByStepFunctions"
    STOPPED_BY_SCHEDULER = "Task.StoppedByScheduler"
    TIMED_OUT = "Task.TimedOut"
    FAILED_TO_START = "Task.FailedToStart"
    LOST = "Task.Lost"
    UNKNOWN = "Task.Unknown"


@dataclass(frozen=True, slots=True)
class Kind:
    """The status and the transience of an error name. A rule may make an outcome less transient than its name."""

    status: OutcomeStatus
    transient: bool


_FAILED: Final = Kind(OutcomeStatus.FAILED, transient=False)
_FAILED_FOR_NOW: Final = Kind(OutcomeStatus.FAILED, transient=True)
_STOPPED: Final = Kind(OutcomeStatus.STOPPED, transient=False)

KINDS: Final[Mapping[ErrorName, Kind]] = MappingProxyType(
    {
        ErrorName.EXITED_NON_ZERO: _FAILED,
        ErrorName.OUT_OF_MEMORY: _FAILED,
        ErrorName.SIDECAR_FAILED: _FAILED,
        ErrorName.IMAGE_NOT_FOUND: _FAILED,
        ErrorName.IMAGE_PULL_FAILED: _FAILED_FOR_NOW,
        ErrorName.RESOURCE_INITIALIZATION_FAILED: _FAILED,
        ErrorName.PROVISIONING_FAILED: _FAILED_FOR_NOW,
        ErrorName.CAPACITY_UNAVAILABLE: _FAILED_FOR_NOW,
        ErrorName.SPOT_INTERRUPTED: _FAILED_FOR_NOW,
        ErrorName.INFRASTRUCTURE_FAILED: _FAILED_FOR_NOW,
        ErrorName.HEALTH_CHECK_FAILED: _FAILED,
        ErrorName.STOPPED_BY_USER: _STOPPED,
        ErrorName.STOPPED_BY_STEP_FUNCTIONS: _STOPPED,
        ErrorName.STOPPED_BY_SCHEDULER: _STOPPED,
        ErrorName.TIMED_OUT: _FAILED,
        ErrorName.FAILED_TO_START: _FAILED,
        ErrorName.LOST: _FAILED,
        ErrorName.UNKNOWN: _FAILED,
    }
)
