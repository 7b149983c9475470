"""What the tests of the twin of DynamoDB share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.moto_table import runs_table_on_moto
from tests.simulation.moto_and_twin import Both


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with runs_table_on_moto() as client:
        yield client


@pytest.fixture
def both(moto: Any) -> Both:
    return Both(moto)
