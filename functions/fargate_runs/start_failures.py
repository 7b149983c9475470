"""What a text about a failed start means. The texts are those of fact B16 and B37 and of AWS's list of stopped reasons.

A text's leading error type decides, whatever else is quoted further on; only without one do its words decide.
"""

import re
from collections.abc import Callable
from typing import Final

from fargate_runs.kinds import ErrorName

_WRAPPER: Final = re.compile(r"^\s*TaskFailedToStart:\s*", re.IGNORECASE)
_NOTHING_SAID: Final = re.compile(
    r"^\s*(Task failed to start|Essential container in task exited)?[\s.]*$", re.IGNORECASE
)
_ERROR_TYPE: Final = re.compile(r"^\s*([A-Za-z]\w*?(?:Error|Exception))\b\s*:?")

_CAPACITY: Final = re.compile(
    r"^\s*(RESOURCE:|EMPTY CAPACITY PROVIDER)|capacity is unavailable|limit on the number of vCPUs"
    r"|insufficient capacity|no capacity",
    re.IGNORECASE,
)
_PROVISIONING: Final = re.compile(
    r"time(d )?[ -]?out waiting for .{0,60}provisioning|InsufficientFreeAddresses|RequestLimitExceeded"
    r"|rate (limit )?exceeded|configur\w+ ENI|setup \w+ eni|ENI .{0,60}time(d )?[ -]?out"
    r"|network interface .{0,80}time(d )?[ -]?out|time(d )?[ -]?out .{0,80}network interface"
    r"|Unexpected EC2 error",
    re.IGNORECASE,
)
_EC2_REFUSED: Final = re.compile(
    r"Unexpected EC2 error.*(Unauthorized|AuthFailure|AccessDenied|NotFound|Invalid\w+|SecurityGroup)",
    re.IGNORECASE | re.DOTALL,
)
_SET_UP_BY_US: Final = re.compile(
    r"\b(secrets?|registry auth|logg(er|ing)|log driver|volumes?|EFS|env(ironment)? files?|ssm|asm|kms)\b",
    re.IGNORECASE,
)
_SET_UP_FAILED: Final = re.compile(
    r"fetching secret|unable to (pull|retrieve) secrets?|logger args|logging driver|log driver|\bmount|\bvolume",
    re.IGNORECASE,
)
_PULL_AGAIN_LATER: Final = re.compile(
    r"toomanyrequests|too many requests|rate limit|rate exceeded|\b429\b", re.IGNORECASE
)
_NO_SUCH_IMAGE: Final = re.compile(
    r"not found|denied|unauthorized|authorization failed|authentication required|forbidden|insufficient_scope"
    r"|manifest unknown|name unknown|does not exist|no basic auth|invalid reference|no match for platform"
    r"|descriptor matching platform|\b40[134]\b",
    re.IGNORECASE,
)
# An image's own name may hold any of those words: what has a slash in it is a reference or an address ("i/o" is not).
_REFERENCE: Final = re.compile(r"(?!i/o\b)\S*/\S*")


def start_error(text: str | None) -> ErrorName | None:
    """The error that a stopped reason or a container's reason names; None when it says nothing about a start."""
    said = _WRAPPER.sub("", text or "")
    if _NOTHING_SAID.match(said):
        return None
    leading = _ERROR_TYPE.match(said)
    return _of_error_type(leading.group(1).lower(), said) if leading else _of_words(said)


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


def _of_set_up(said: str) -> ErrorName:
    """Set-up that the task definition asks for stays a fault of its own, even where it timed out on the way."""
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
    ("cannot", lambda _: ErrorName.FAILED_TO_START),
    ("containerruntime", lambda _: ErrorName.FAILED_TO_START),
    ("docker", lambda _: ErrorName.FAILED_TO_START),
    ("internalerror", lambda _: ErrorName.PROVISIONING_FAILED),
    ("outofmemory", lambda _: None),
)
