"""The meaning of texts about a start: facts B16, B37, B46 and B47, AWS's list of stopped reasons, and users' reports.

The error type at the beginning of a text decides, whatever the text quotes further on. Without one its words decide.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from fargate_runs.outcomes.kinds import ErrorName

_WRAPPER: Final = re.compile(r"^\s*TaskFailedToStart(Error)?:\s*", re.IGNORECASE)
_NOTHING_SAID: Final = re.compile(
    r"^\s*(Task ?failed ?to ?start|Essential container in task exited)?[\s.]*$", re.IGNORECASE
)
_ERROR_TYPE: Final = re.compile(r"^\s*([A-Za-z]\w*?(?:Error|Exception))\b\s*:?")

_CAPACITY: Final = re.compile(
    r"^\s*(RESOURCE:|EMPTY CAPACITY PROVIDER)|capacity is (currently )?unavailable|insufficient capacity|no capacity"
    r"|limit on the number of (\w+ ){0,3}(vCPUs|tasks)\b|provisioning capacity limit exceeded|sufficient capacity",
    re.IGNORECASE,
)
_PROVISIONING: Final = re.compile(
    r"time(d )?[ -]?out waiting for .{0,60}provisioning|InsufficientFreeAddresses|RequestLimitExceeded"
    r"|rate (limit )?exceeded|configur\w+ ENI|setup \w+ eni|ENI .{0,60}time(d )?[ -]?out"
    r"|network interface .{0,80}time(d )?[ -]?out|time(d )?[ -]?out .{0,80}network interface"
    r"|Unexpected EC2 error"
    # EC2's own errors about the network, or no answer of EC2. RunTask quotes them.
    r"|Error retrieving (subnet|security group) information.*"
    r"(\(ErrorCode: (InternalError|Unavailable|ServiceUnavailable)\)|Unable to execute HTTP request)",
    re.IGNORECASE,
)
_EC2_REFUSED: Final = re.compile(
    # AuthFailure is left out: EC2 answers it now and then for no reason, and the next try succeeds (fact B47).
    r"Unexpected EC2 error.*(Unauthorized|AccessDenied|NotFound|Invalid\w+|SecurityGroup|PolicyViolation)",
    re.IGNORECASE | re.DOTALL,
)
_SET_UP_BY_US: Final = re.compile(
    r"\b(secrets?|registry auth|logg(er|ing)|log driver|volumes?|EFS|env(ironment)? files?|ssm|asm|kms)\b",
    re.IGNORECASE,
)
_SET_UP_FAILED: Final = re.compile(
    r"fetching secret|unable to (pull|retrieve) secrets?|logger args|logging driver|log driver|\bmount|\bvolume"
    r"|(cannot|can.t) (pull|retrieve|find) (the )?(secrets?|registry auth)\b",
    re.IGNORECASE,
)
_PULL_AGAIN_LATER: Final = re.compile(
    r"toomanyrequests|too many requests|rate limit|rate exceeded|\b429\b", re.IGNORECASE
)
_NO_SUCH_IMAGE: Final = re.compile(
    r"not found|denied|unauthorized|authorization failed|authentication required|forbidden|insufficient_scope"
    r"|manifest unknown|name unknown|does not exist|no basic auth|invalid reference|no match for platform"
    r"|descriptor (matching|for) platform|no matching manifest\b|cannot be used on this platform"
    r"|image is incompatible with|\b40[134]\b|role has the permissions|(cannot|can.t) find the image|image exists",
    re.IGNORECASE,
)
# The same image on a disk of the same size fails again (fact B47). A registry's full disk (HTTP 507) may pass.
_PULL_NEVER: Final = re.compile(
    r"no space left\b|(not enough|(?<!507 )insufficient|out of) (free |disk |storage )*space\b"
    r"|(?<!507 )insufficient (disk|storage)\b|\b(disk|volume|file ?system) (is )?full\b|disk quota exceeded"
    r"|\b(?-i:ENOSPC|EDQUOT)\b"  # in small letters they may be part of an image's name
    r"|media type .{0,120}no longer supported|unsupported (manifest )?media type|no processor for media-type"
    r"|max depth exceeded",
    re.IGNORECASE | re.DOTALL,
)
_TRANSITION: Final = re.compile(r"transition to (\w+)", re.IGNORECASE)
_BEFORE_ITS_START: Final = frozenset({"pulled", "created", "resources_provisioned", "manifest_pulled"})
_DOES_NOT_RUN: Final = ("cannotpull", "cannotcreate", "cannotstart", "resourceinitialization")
_LOST_SIGHT_OF: Final = ("cannotstop", "cannotinspect", "cannotdescribe")
# An image's name may contain any of those words. A word with a slash is a reference or an address ("i/o" is not).
_REFERENCE: Final = re.compile(r"(?!i/o\b)\S*/\S*")


def start_error(text: str | None) -> ErrorName | None:
    """Returns the error that a stopped reason or a container's reason names; None if it says nothing about a start."""
    said = _WRAPPER.sub("", text or "")
    if _NOTHING_SAID.match(said):
        return None
    leading = _ERROR_TYPE.match(said)
    return _of_error_type(leading.group(1).lower(), said) if leading else _of_words(said)


def lasts(text: str | None) -> bool:
    """Returns whether another try would end the same way, although this text's error is a transient one (fact B47)."""
    return start_error(text) is ErrorName.IMAGE_PULL_FAILED and _PULL_NEVER.search(text or "") is not None


class Says(Enum):
    """The start of a container, by its own reason."""

    RAN = auto()  # it failed after the start
    MAYBE = auto()  # ECS did not see whether it started
    NEVER = auto()  # it could not be started
    NOT_YET = auto()  # it was not made in time
    NOTHING = auto()  # the reason says nothing about it


def says_of_start(reason: str | None) -> Says:
    """Returns whether a container with this reason has run (fact B46).

    If a start times out, ECS's agent takes the container for started and stops it. So ECS does not know.
    """
    leading = _ERROR_TYPE.match(_WRAPPER.sub("", reason or ""))
    error_type = leading.group(1).lower() if leading else ""
    if error_type.startswith(_DOES_NOT_RUN):
        return Says.NEVER
    if error_type.startswith((*_LOST_SIGHT_OF, "outofmemory")):
        return Says.RAN
    return _of_transition(reason or "")


def _of_transition(reason: str) -> Says:
    found = _TRANSITION.search(reason)
    if found is None:
        return Says.NOTHING
    step = found.group(1).lower()
    if step == "stopped":
        return Says.RAN
    return Says.NOT_YET if step in _BEFORE_ITS_START else Says.MAYBE


def _of_error_type(error_type: str, said: str) -> ErrorName | None:
    for prefix, meaning in _ERROR_TYPES:
        if error_type.startswith(prefix):
            return meaning(said)
    return _of_words(said) or ErrorName.FAILED_TO_START


def _of_pull(said: str) -> ErrorName:
    words = _REFERENCE.sub(" ", said)
    if not _PULL_AGAIN_LATER.search(words) and _NO_SUCH_IMAGE.search(words):
        return ErrorName.IMAGE_NOT_FOUND
    return ErrorName.IMAGE_PULL_FAILED


def _of_timeout(said: str) -> ErrorName | None:
    """Returns the error of a time-out. There is none if the stop timed out: that container had started (fact B46)."""
    return None if _of_transition(said) is Says.RAN else ErrorName.FAILED_TO_START


def _of_set_up(said: str) -> ErrorName:
    """Returns the error of a failed set-up: the task definition's if that asks for the set-up, timed out or not."""
    if _PROVISIONING.search(said) and not _EC2_REFUSED.search(said) and not _SET_UP_BY_US.search(said):
        return ErrorName.PROVISIONING_FAILED
    return ErrorName.RESOURCE_INITIALIZATION_FAILED


def _of_words(said: str) -> ErrorName | None:
    if _CAPACITY.search(said):
        return ErrorName.CAPACITY_UNAVAILABLE
    if said.lower().lstrip().startswith("cannotpull"):
        return _of_pull(said)
    if _EC2_REFUSED.search(said):
        return ErrorName.FAILED_TO_START
    if _PROVISIONING.search(said):
        return ErrorName.PROVISIONING_FAILED
    if _SET_UP_FAILED.search(said):
        return ErrorName.RESOURCE_INITIALIZATION_FAILED
    return None


# By the error type that a text begins with, in lower case; the first prefix that fits.
_ERROR_TYPES: Final[tuple[tuple[str, Callable[[str], ErrorName | None]], ...]] = (
    ("cannotpull", _of_pull),
    ("resourceinitialization", _of_set_up),
    ("cannotcreatevolume", lambda _: ErrorName.RESOURCE_INITIALIZATION_FAILED),
    *((prefix, lambda _: None) for prefix in _LOST_SIGHT_OF),
    ("cannot", lambda _: ErrorName.FAILED_TO_START),
    ("containerruntime", _of_timeout),
    ("docker", _of_timeout),
    ("internalerror", lambda _: ErrorName.PROVISIONING_FAILED),
    ("outofmemory", lambda _: None),
    ("taskdependency", lambda _: None),  # the container it waited for says more, by its end
)
