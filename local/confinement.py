"""What keeps the processes of the runtime from the rest of what its user runs, without any privilege.

- The guard and the server start with a short list of variables, and nobody may look into them (PR_SET_DUMPABLE).
- On Linux, a process in a domain of Landlock may look into no process outside it (its environment, its memory) and,
  where the kernel knows that (6.12), send it no signal. The server has one, with the functions in it, and every
  container one of its own below that. Files are not restricted: containers run programs of this machine.
- Where the user is root, what they start has no more capabilities than a container of Docker's: the others are ways
  around all that.

See prctl(2), landlock(7). Elsewhere, and on older kernels, the list of variables is all there is.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
import sys
from collections.abc import Iterable, Mapping
from typing import Final

#: What the runtime's processes get of the user's environment: how to find programs and words.
KEPT: Final = frozenset(
    {
        "HOME",
        "LANG",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "TZ",
        "USER",
        "XDG_RUNTIME_DIR",
    }
)
KEPT_PREFIXES: Final = ("FARGATE_RUNS_", "LC_")

PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION_FLAG: Final = 1
RULE_PATH_BENEATH: Final = 1
ACCESS_FS_REFER: Final = 1 << 13
SCOPE_SIGNAL: Final = 1 << 1
PR_CAPBSET_DROP: Final = 24
HIGHEST_CAPABILITY: Final = 63
#: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, AUDIT_WRITE:
#: Docker's, without those that make device nodes and give out capabilities.
CAPABILITIES: Final = frozenset({0, 1, 3, 4, 5, 6, 7, 10, 13, 18, 29})
# Version 1 forbids every file to change its directory.
LEAST_VERSION: Final = 2
SCOPING_VERSION: Final = 6


def kept_environment(environment: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """Returns the variables whose purpose is nothing secret, and those named in `also`."""
    kept = KEPT.union(also)
    return {name: value for name, value in environment.items() if name in kept or name.startswith(KEPT_PREFIXES)}


def hide() -> None:
    """Let no process but root's look into this one: not into its environment, nor into its memory."""
    if sys.platform == "linux":
        _c().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


@functools.cache
def landlock_version() -> int:
    """Returns the kernel's version of Landlock; 0 if it has none, or one that is too old."""
    if sys.platform != "linux":
        return 0
    version = int(_c().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG))
    return version if version >= LEAST_VERSION else 0


def enter_domain() -> bool:
    """Put this thread, and every process that it starts from now on, into a domain. Returns whether it could.

    Nothing that they start can gain privileges any more (setuid programs).
    """
    if sys.platform != "linux":
        return False
    for capability in set(range(HIGHEST_CAPABILITY + 1)) - CAPABILITIES:
        # Of what they exec, not of this process. Fails where the user is not root, who has none.
        _c().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    version = landlock_version()
    if not version:
        return False
    scoped = SCOPE_SIGNAL if version >= SCOPING_VERSION else 0
    # A ruleset has to handle something; what this one handles, the rule allows everywhere.
    attributes = struct.pack("=QQQ", ACCESS_FS_REFER, 0, scoped)[: 24 if scoped else 8]
    ruleset = int(_c().syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    if ruleset < 0:
        return False
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", ACCESS_FS_REFER, root)
        is_ready = _c().syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0) == 0
        is_ready = is_ready and _c().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        return bool(is_ready and _c().syscall(RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(root)
        os.close(ruleset)


@functools.cache
def _c() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
