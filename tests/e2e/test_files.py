"""What a deployment leaves on this machine."""

from __future__ import annotations

import stat

from tests.e2e.conftest import Stack
from tests.runtimes import directory_of


def test_what_a_deployment_writes_is_its_owner_s_alone(stack: Stack) -> None:
    """What functions write at this moment may be gone the next."""
    directory = directory_of(stack.status.endpoint)
    found = [path for path in directory.rglob("*") if path.exists() and not path.is_symlink()]

    assert {path.name for path in directory.iterdir()} >= {"build", "runtime.json", "aws.ini", "port", "sam.log"}
    assert [path for path in found if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077] == []
