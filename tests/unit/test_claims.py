"""One contract for idempotency keys: the twin in memory, and DynamoDB as moto has it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.aws.claims import DynamoStartClaims
from fargate_runs.ports import CLAIMS_ARE_KEPT, Claim, StartClaims, StoreUnavailableError
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.moto_table import runs_table_on_moto
from tests.fakes.tables import TABLE

CLOCK = StoppedClock()
FIRST = Claim("a", "run-1", NOON)
SECOND = Claim("b", "run-2", NOON + timedelta(seconds=1))


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(params=["in-memory", "dynamodb"])
def claims(request: pytest.FixtureRequest, clock: StoppedClock) -> Iterator[StartClaims]:
    if request.param == "dynamodb":
        with runs_table_on_moto() as client:
            yield DynamoStartClaims(client, TABLE, clock)
    else:
        yield InMemoryClaims(clock)


def test_the_first_claim_stands(claims: StartClaims) -> None:
    assert claims.claim("key", FIRST) == FIRST
    assert claims.claim("key", SECOND) == FIRST
    assert claims.claim("key", FIRST) == FIRST
    assert claims.claim("another", SECOND) == SECOND


@pytest.mark.parametrize(("age", "stands"), [(timedelta(0), FIRST), (timedelta(seconds=1), SECOND)])
def test_a_key_may_be_used_again_after_its_time(
    claims: StartClaims, clock: StoppedClock, age: timedelta, stands: Claim
) -> None:
    claims.claim("key", FIRST)
    clock.pass_by(CLAIMS_ARE_KEPT + age)
    assert claims.claim("key", SECOND) == stands


def test_it_is_kept_for_a_day(claims: StartClaims, clock: StoppedClock) -> None:
    claims.claim("key", FIRST)
    clock.pass_by(timedelta(hours=24, minutes=1))
    assert claims.claim("key", SECOND) == FIRST


def test_a_dropped_claim_is_gone(claims: StartClaims) -> None:
    claims.claim("key", FIRST)
    claims.drop("key", SECOND)
    assert claims.claim("key", SECOND) == FIRST
    claims.drop("key", FIRST)
    claims.drop("key", FIRST)
    assert claims.claim("key", SECOND) == SECOND


def test_the_table_has_no_key() -> None:
    with runs_table_on_moto() as client:
        DynamoStartClaims(client, TABLE, CLOCK).claim("my-own-key", FIRST)
        (item,) = client.scan(TableName=TABLE)["Items"]
        assert "my-own-key" not in str(item)
        assert set(item) == {"pk", "sk", "fingerprint", "runId", "createdAt", "expiresAt"}


def test_a_claim_that_cannot_be_read_starts_nothing() -> None:
    with runs_table_on_moto() as client:
        claims = DynamoStartClaims(client, TABLE, CLOCK)
        claims.claim("key", FIRST)
        (item,) = client.scan(TableName=TABLE)["Items"]
        odd: Any = {**item, "createdAt": {"S": "noon"}}
        client.put_item(TableName=TABLE, Item=odd)
        with pytest.raises(StoreUnavailableError, match="cannot be read"):
            claims.claim("key", SECOND)


def test_a_table_that_is_gone() -> None:
    with runs_table_on_moto() as client:
        client.delete_table(TableName=TABLE)
        claims = DynamoStartClaims(client, TABLE, CLOCK)
        for call in (claims.claim, claims.drop):
            with pytest.raises(StoreUnavailableError, match="ResourceNotFoundException"):
                call("key", FIRST)
