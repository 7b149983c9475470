"""What every kind of test shares."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture
def no_sockets() -> Iterator[None]:
    """For tests that may not talk to anything: a socket is an error."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
