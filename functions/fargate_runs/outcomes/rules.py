"""The rules of the outcomes, in the order in which they are tried: the first that applies gives the outcome.

The order matters. A stop by somebody wins over every exit code: a container that ends well after SIGTERM has not done
its work. Then comes what ECS says about memory and the start, then the main container's exit code.
Summaries and advice are templates over `reason`, `container`, `exit_code`, `culprit` and `culprit_code`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fargate_runs.outcomes.evidence import ASKED_TO_STOP, SIGKILL, Evidence
from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.starts import FAILED_TO_START
from fargate_runs.reading.task import Container

_STEP_FUNCTIONS: Final = re.compile(r"AWS Step Functions execution.*managing this resource", re.IGNORECASE | re.DOTALL)
_TIME_LIMIT: Final = re.compile(r"^\s*Fargate Runs stopped the task: it was past its timeoutSeconds", re.IGNORECASE)
_USER: Final = re.compile(r"^\s*Task stopped by user", re.IGNORECASE)
_SPOT: Final = re.compile(r"^\s*(SpotInterruptionError:\s*)?Your Spot Task was interrupted", re.IGNORECASE)
_HEALTH: Final = re.compile(r"failed (\w+ ){0,3}health ?checks?\b", re.IGNORECASE)
_CONTAINER_HEALTH: Final = re.compile(r"^\s*(task |container )?failed (\w+ ){0,3}health ?checks?\b", re.IGNORECASE)
_SCHEDULER: Final = re.compile(r"^\s*Scaling activity initiated by", re.IGNORECASE)
_INFRASTRUCTURE: Final = re.compile(
    r"^\s*ECS is performing maintenance|^\s*Host EC2 .*(terminated|stopped)"
    r"|underlying (infrastructure|hardware|host)|host .{0,40}\b(lost|unreachable|unhealthy)\b",
    re.IGNORECASE,
)

_START_ADVICE: Final = (
    "Read the reason: it is usually the command or entry point (not found, not executable), the CPU architecture,"
    " or a setting of the task definition. "
)

Predicate = Callable[[Evidence], bool]
Culprit = Callable[[Evidence], Container | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """The condition under which a stopped task has this error. If `error` is None, the task succeeded.

    `transient` is set if the rule is not as transient as its error. `culprit` is set if a container other than the
    judged one may be to blame.
    """

    error: ErrorName | None
    applies: Predicate
    summary: str
    advice: str
    transient: bool | None = None
    culprit: Culprit = lambda _evidence: None


def _stopped_with(code: str, pattern: re.Pattern[str]) -> Predicate:
    """Matches the stop code, or its text if there is no stop code (fact B15: codes may be missing)."""
    return lambda e: e.stop_code == code or (e.stop_code is None and e.says(pattern))


def _stopped_by_step_functions(e: Evidence) -> bool:
    return e.stop_code in {"UserInitiated", None} and e.says(_STEP_FUNCTIONS)


def _past_its_time(e: Evidence) -> bool:
    return e.stop_code in {"UserInitiated", None} and e.says(_TIME_LIMIT)


def _spot_interrupted(e: Evidence) -> bool:
    # Older events say TerminationNotice or nothing beside this text, which only AWS writes (fact B15).
    return e.stop_code == "SpotInterruption" or e.says(_SPOT)


def _infrastructure_failed(e: Evidence) -> bool:
    said = e.stop_code != FAILED_TO_START and e.says(_INFRASTRUCTURE)
    return e.stop_code in {"InfrastructureHealth", "TerminationNotice"} or said


def _health_check_failed(e: Evidence) -> bool:
    return e.stop_code != FAILED_TO_START and (e.says(_HEALTH) or e.some_container_says(_CONTAINER_HEALTH))


def _failed_to_start(error: ErrorName) -> Predicate:
    """Matches a start that failed for this reason: by its stop code, or without one if nothing ever ran."""
    return lambda e: (e.stop_code == FAILED_TO_START or e.never_ran) and e.start_error is error


def _image_cannot_be_pulled_ever(e: Evidence) -> bool:
    return _failed_to_start(ErrorName.IMAGE_PULL_FAILED)(e) and e.start_error_lasts


def _start_failed_otherwise(e: Evidence) -> bool:
    said = e.never_ran and (e.start_error is ErrorName.FAILED_TO_START or e.nothing_is_listed)
    return e.start_failed or said


def _succeeded(e: Evidence) -> bool:
    well = e.main.exit_code == 0 if e.main else e.succeeded_together
    return well and e.stop_code != FAILED_TO_START


def _exited(*codes: int) -> Predicate:
    """Matches if the judged container exited with one of these codes."""
    return lambda e: e.judged is not None and e.judged.exit_code in codes


def _exited_non_zero(e: Evidence) -> bool:
    return e.judged is not None and e.judged.exit_code not in {None, 0}


def _signed(*codes: int) -> tuple[int, ...]:
    return (*codes, *(code - 2**32 for code in codes))


_COMMAND_NOT_FOUND: Final = (126, 127, *_signed(0xC0000135))  # the last: a DLL was not found
_CRASHES: Final = (134, 139, *_signed(0xC0000005, 0xC00000FD, 0xC0000409))  # access violation, stack overflow, abort

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        ErrorName.STOPPED_BY_STEP_FUNCTIONS,
        _stopped_by_step_functions,
        "The task was stopped because its execution had ended or had gone on without it: {reason}",
        "Look at the execution's history for what ended it or made it give this attempt up: an abort, a time-out, an"
        " error of another state. If the work simply needs longer, raise timeoutSeconds and start it again. A task that"
        " nobody waits for any more, its token answered, has five minutes from the end of its execution.",
    ),
    Rule(
        ErrorName.TIMED_OUT,
        _past_its_time,
        "The task ran for longer than its timeoutSeconds, so it was stopped: {reason}",
        "Look in its log for what took so long. If the work simply needs longer, raise timeoutSeconds and start it"
        " again. The time counts from the task's creation, and the sweep looks once a minute.",
    ),
    Rule(
        ErrorName.STOPPED_BY_USER,
        _stopped_with("UserInitiated", _USER),
        "Somebody stopped the task: {reason}",
        "CloudTrail's StopTask event for this task says who did it. A stop is never a success, even with exit code 0:"
        " start the run again if its work is still wanted.",
    ),
    Rule(
        ErrorName.SPOT_INTERRUPTED,
        _spot_interrupted,
        "AWS took the Fargate Spot capacity back while the task was running.",
        "Start it again: this says nothing about your code. Use capacity spot-first to go on with on-demand capacity by"
        " itself, on-demand for work that must not be interrupted, and handle SIGTERM to save what is done so far.",
    ),
    Rule(
        ErrorName.HEALTH_CHECK_FAILED,
        _health_check_failed,
        "The task was stopped because it failed its health checks: {reason}",
        "Run the health check's command or request by hand in the container, and give it a longer start period if the"
        " application is slow to start. A job that serves no traffic needs no health check.",
    ),
    Rule(
        ErrorName.INFRASTRUCTURE_FAILED,
        _infrastructure_failed,
        "AWS stopped the task because of the infrastructure that it ran on: {reason}",
        "Start it again: this says nothing about your code. If it happens to long runs again and again, split them into"
        " shorter ones, because Fargate retires hosts for maintenance.",
    ),
    Rule(
        ErrorName.STOPPED_BY_SCHEDULER,
        _stopped_with("ServiceSchedulerInitiated", _SCHEDULER),
        "The scheduler of an ECS service stopped the task: {reason}",
        "The task belongs to a service, which starts and stops its tasks as it needs them. To run the container as a"
        " job, start it as a run, outside of a service.",
    ),
    Rule(
        ErrorName.OUT_OF_MEMORY,
        lambda e: e.out_of_memory is not None,
        "Container {culprit} was killed because it used more memory than it was given.",
        "Start the run with more memory (memory, and a cpu value that allows it), or raise the container's own memory"
        " limit in the task definition. A retry with the same memory ends the same way.",
        culprit=lambda e: e.out_of_memory,
    ),
    Rule(
        ErrorName.IMAGE_NOT_FOUND,
        _failed_to_start(ErrorName.IMAGE_NOT_FOUND),
        "An image could not be pulled because it does not exist or access to it was denied: {reason}",
        "Check the image's name, tag and CPU architecture in the task definition, and that the task execution role may"
        " pull it (ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, or the registry's"
        " secret).",
    ),
    Rule(
        ErrorName.IMAGE_PULL_FAILED,
        _image_cannot_be_pulled_ever,
        "An image could not be pulled, and another try will end the same way: {reason}",
        "If the disk was full (no space, insufficient storage, a disk quota), give the task a larger one"
        " (ephemeralStorage) or make the image smaller. If the text speaks of a media type, build and push the image"
        " again with a current tool.",
        transient=False,
    ),
    Rule(
        ErrorName.IMAGE_PULL_FAILED,
        _failed_to_start(ErrorName.IMAGE_PULL_FAILED),
        "An image could not be pulled: {reason}",
        "Start it again, this often passes. If it does not: the subnets need a way to the registry (NAT gateway,"
        " public IP address, or VPC endpoints for ECR and S3), and Docker Hub limits anonymous pulls (use ECR's"
        " pull-through cache).",
    ),
    Rule(
        ErrorName.CAPACITY_UNAVAILABLE,
        _failed_to_start(ErrorName.CAPACITY_UNAVAILABLE),
        "There was no capacity for the task: {reason}",
        "Start it again later. Allow more Availability Zones, or use capacity spot-first or on-demand instead of spot."
        " If the text speaks of a limit, run fewer tasks at a time, or ask for more of the quota that the text names.",
    ),
    Rule(
        ErrorName.PROVISIONING_FAILED,
        _failed_to_start(ErrorName.PROVISIONING_FAILED),
        "AWS could not provide the network interface, the storage or the host for the task: {reason}",
        "Start it again, this often passes. If the text names free addresses, use larger subnets; if it names a rate,"
        " start fewer tasks at a time.",
    ),
    Rule(
        ErrorName.RESOURCE_INITIALIZATION_FAILED,
        _failed_to_start(ErrorName.RESOURCE_INITIALIZATION_FAILED),
        "Something that the task definition asks for could not be set up (secrets, registry login, logging or volumes):"
        " {reason}",
        "Check that the secret, parameter, log group or file system exists, that the task execution role may use it,"
        " and that the subnets and security groups let the task reach it (NAT gateway or VPC endpoints).",
    ),
    Rule(
        ErrorName.SIDECAR_FAILED,
        lambda e: e.failed_dependency is not None,
        "Container {culprit} exited with code {culprit_code} before the main container {container} was started.",
        "Read the log of {culprit}. The main container waited for it (dependsOn), or was still to be started when the"
        " task was stopped because of it, so nothing of {container} has run.",
        culprit=lambda e: e.failed_dependency,
    ),
    Rule(
        ErrorName.FAILED_TO_START,
        lambda e: _start_failed_otherwise(e) and e.nothing_ran,
        "The task failed to start: {reason}",
        _START_ADVICE + "Nothing of your code has run.",
    ),
    Rule(
        ErrorName.FAILED_TO_START,
        _start_failed_otherwise,
        "The task failed to start: {reason}",
        _START_ADVICE + "ECS does not say whether any container of the task has run: see its logs before you start"
        " it again.",
    ),
    Rule(
        None,
        _succeeded,
        "Container {container} exited with code 0.",
        "",
    ),
    Rule(
        ErrorName.SIDECAR_FAILED,
        lambda e: e.failed_sidecar is not None,
        "Container {culprit} {culprit_ended}, and the main container {container} was told to stop"
        " (exit code {exit_code}).",
        "Read the log of {culprit}: it failed, not the main container. If the run can do without it, mark it as not"
        " essential in the task definition.",
        culprit=lambda e: e.failed_sidecar,
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        lambda e: _exited(SIGKILL)(e) and e.is_alone,
        "Container {container} was killed (exit code {exit_code}, SIGKILL), and ECS does not say why.",
        "Most likely a process in it was killed for lack of memory without ECS noticing: watch the memory in"
        " Container Insights, and give it more. Or it was killed from inside, by a supervisor or a time limit of its"
        " own: read the last log lines.",
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        _exited(SIGKILL),
        "Container {container} was killed (exit code {exit_code}, SIGKILL), and ECS does not say why.",
        "It may have ignored SIGTERM until its stop time-out was over, because another container of the task had ended"
        " (one that watches a time limit, for instance), or a process in it was killed for lack of memory without ECS"
        " noticing: watch the memory in Container Insights, and read the last log lines.",
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        lambda e: _exited(*ASKED_TO_STOP)(e) and e.is_alone,
        "Container {container} was told to stop (exit code {exit_code}), and ECS does not say by whom.",
        "No other container of the task can have caused it: look in the last log lines for what sent the signal,"
        " such as a time limit of the program's own, a supervisor or the shell around it.",
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        _exited(*ASKED_TO_STOP),
        "Container {container} was told to stop (exit code {exit_code}) after another container had ended.",
        "An essential sidecar ended before the main container had done its work: mark it as not essential, or let it"
        " wait for the main container.",
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        _exited(*_COMMAND_NOT_FOUND),
        "Container {container} exited with code {exit_code}: its command was not found or may not be executed.",
        "Check commands against what the image has: the path, the execute permission, and whether a shell is needed"
        ' (["sh", "-c", "…"]).',
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        _exited(*_CRASHES),
        "Container {container} crashed (exit code {exit_code}: abort or segmentation fault).",
        "Native code crashed: read the last log lines, and check that the image was built for the task's CPU"
        " architecture.",
    ),
    Rule(
        ErrorName.EXITED_NON_ZERO,
        _exited_non_zero,
        "Container {container} exited with code {exit_code}.",
        "Your own program ended with this code: read its last log lines. The same input will most likely end the same"
        " way.",
    ),
    Rule(
        ErrorName.UNKNOWN,
        lambda e: e.ran_unseen is not None,
        "Container {unseen} {unseen_ran}, and ECS does not know how it ended: {unseen_reason}",
        "It may have done its work, or a part of it: read its log before you start the run again. ECS lost sight of the"
        " container, which says nothing about your code; on EC2 the host's disk or its Docker may be overloaded.",
    ),
    Rule(
        ErrorName.UNKNOWN,
        lambda _: True,
        "The task stopped, and ECS does not say enough to know why (stop code {stop_code}): {reason}",
        "Read the container's log and the events of the cluster at that time, and look for the reason's text in the AWS"
        " documentation on stopped tasks. Start the run again if it may run twice.",
    ),
)

LOST_SUMMARY: Final = "ECS no longer knows the task, and nothing told how it ended."
LOST_ADVICE: Final = (
    "Read the container's log for how far it got before you start the run again: it may have done its work."
)
