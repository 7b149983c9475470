"""Nothing here may talk to anything."""

import pytest


@pytest.fixture(autouse=True)
def _offline(no_sockets: None) -> None:
    pass
