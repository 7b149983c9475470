"""Which variable holds a token, whatever the stack's setting is or was, and whatever else a container is given."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fargate_runs.ports import LostRace, RunStore, WriteResult, Written
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import EcsTask
from fargate_runs.reading.tokens import token_of
from fargate_runs.runs.record import Delivery, TaskRecord
from tests.fakes.ecs import RUN_ID, TASK_ID, TOKEN, Detail, container, detail, life, overrides
from tests.fakes.moto_table import runs_table_on_moto, store_on
from tests.fakes.records import ended_task, open_task
from tests.fakes.settling import World
from tests.fakes.store import InMemoryRunStore

REAL = "AQCEAAAAKgAAAAMAAAAAAAAAAXrandom" + "x" * 600
OLDER = "AAAAKgAAAAIAAAAAAAAAAXrandom" + "x" * 600
FOREIGN = "f" * 800
JWT = "eyJhbGciOiJIUzI1NiJ9." + "e" * 900 + ".signature"
BOTH = ("TASK_TOKEN", "MY_TOKEN")


def given(*variables: tuple[str, str], main: str = "main") -> Detail:
    environment = [{"name": name, "value": value} for name, value in variables]
    return {"containerOverrides": [{"name": main, "environment": environment}]}


def read(*variables: tuple[str, str], names: tuple[str, ...]) -> str | None:
    return EcsTask.from_detail(detail(overrides=given(*variables)), token_variables=names).token


@pytest.mark.parametrize("names", [("JOB_TOKEN", "TASK_TOKEN"), ("TASK_TOKEN", "JOB_TOKEN"), ("JOB_TOKEN",), ()])
@pytest.mark.parametrize("theirs", ["mine", JWT, FOREIGN, "a token, they say"])
@pytest.mark.parametrize("token", [REAL, OLDER, TOKEN])
def test_a_variable_of_the_user_does_not_shadow_our_machines_token(
    names: tuple[str, ...], theirs: str, token: str
) -> None:
    for variables in itertools.permutations([("JOB_TOKEN", theirs), ("TASK_TOKEN", token)]):
        assert read(*variables, names=names) == token


@pytest.mark.parametrize("theirs", ["mine", JWT, FOREIGN])
@pytest.mark.parametrize("token", [REAL, OLDER])
def test_another_applications_task_token_does_not_shadow_the_token_of_a_machine_of_theirs(
    theirs: str, token: str
) -> None:
    assert read(("TASK_TOKEN", theirs), ("MY_TOKEN", token), names=("MY_TOKEN",)) == token


def test_a_sidecars_variable_does_not_shadow_it_either() -> None:
    entries = [*given(("TASK_TOKEN", "mine"), main="side")["containerOverrides"], *overrides()["containerOverrides"]]
    assert EcsTask.from_detail(detail(overrides={"containerOverrides": entries})).token == TOKEN


@pytest.mark.parametrize("theirs", ["TASK_TOKEN", "MY_TOKEN"])
@pytest.mark.parametrize("ours", ["TASK_TOKEN", "MY_TOKEN"])
def test_a_real_token_beside_it_does_not_shadow_that_of_the_main_container(ours: str, theirs: str) -> None:
    """A sidecar may answer for another execution, such as the parent's. ECS gives the entries in no order (fact B7)."""
    main = given(("RUN_ID", "a-run"), (ours, OLDER))["containerOverrides"]
    side = given((theirs, REAL), main="side")["containerOverrides"]
    for entries in ([*main, *side], [*side, *main]):
        read = EcsTask.from_detail(detail(overrides={"containerOverrides": entries}), token_variables=BOTH)
        assert (read.token, read.main_container) == (OLDER, "main")


def test_without_a_main_container_the_name_decides() -> None:
    one, two = given(("MY_TOKEN", REAL), main="one")["containerOverrides"], given(("TASK_TOKEN", OLDER), main="two")
    for entries in ([*one, *two["containerOverrides"]], [*two["containerOverrides"], *one]):
        read = EcsTask.from_detail(detail(overrides={"containerOverrides": entries}), token_variables=BOTH)
        assert (read.token, read.main_container) == (OLDER, "two")


def test_of_equal_ones_the_first() -> None:
    assert token_of([("a" * 32, "one"), ("b" * 40, "two")]) == ("a" * 32, "one")
    assert token_of([("a" * 31, "one"), ("b" * 32, "two")]) == ("b" * 32, "two")
    assert token_of([("mine", "one")]) == ("mine", "one"), "an emulator's may have any form"
    assert token_of([]) == (None, None)


def test_task_token_is_always_among_the_names() -> None:
    assert read(("TASK_TOKEN", TOKEN), names=("MY_TOKEN",)) == TOKEN


# ---- the setting changes while a task runs ---

IN_THEIRS = given(("MY_TOKEN", TOKEN), main="worker")
NO_LONGER = ("TASK_TOKEN",)
RUNNING = {**life()[2], "overrides": IN_THEIRS}
FAILED = detail(overrides=IN_THEIRS, containers=[container("worker", 3), container("side", 0)])


def seen(of: Detail, names: tuple[str, ...]) -> EcsTask:
    return EcsTask.from_detail(of, token_variables=names)


def test_a_recorded_token_outlives_its_variables_name() -> None:
    world = World()
    world.use_case(seen(RUNNING, BOTH))
    world.use_case(seen({**RUNNING, "version": 4}, NO_LONGER))
    (stands,) = world.store.tasks.values()
    assert (stands.token, stands.delivery, stands.pattern) == (TOKEN, Delivery.PENDING, Pattern.CALLBACK)
    done = world.use_case(seen(FAILED, NO_LONGER))
    assert TOKEN in world.callbacks.answers
    assert done.delivery is Delivery.DELIVERED
    assert done.record.outcome
    assert (done.record.outcome.container, done.record.outcome.exit_code) == ("worker", 3)
    assert done.record.log
    assert "/worker/" in done.record.log.stream


def test_a_token_that_is_recorded_meanwhile_is_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two functions of two versions at once: one reads nothing, then the other records the token."""
    world = World()
    write = world.store.write_task

    def after_the_other(record: TaskRecord) -> WriteResult:
        monkeypatch.setattr(world.store, "write_task", write)
        world.use_case(seen(RUNNING, BOTH))
        return write(record)

    monkeypatch.setattr(world.store, "write_task", after_the_other)
    assert world.use_case(seen(FAILED, NO_LONGER)).delivery is Delivery.DELIVERED
    assert TOKEN in world.callbacks.answers


def test_a_token_that_a_new_setting_finds_is_taken() -> None:
    world = World()
    world.use_case(seen(RUNNING, NO_LONGER))
    assert world.use_case(seen(FAILED, BOTH)).delivery is Delivery.DELIVERED
    assert TOKEN in world.callbacks.answers


@pytest.fixture(params=["in-memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[RunStore]:
    if request.param == "in-memory":
        yield InMemoryRunStore()
    else:
        with runs_table_on_moto() as client:
            yield store_on(client)


def test_the_table_does_not_write_over_a_token_without_one(store: RunStore) -> None:
    store.write_task(open_task())
    without = replace(open_task(version=4), token=None)
    assert store.write_task(without) == LostRace(open_task())
    assert store.write_task(replace(ended_task(), token=None)) == LostRace(open_task())
    assert isinstance(store.write_task(open_task(version=4)), Written)
    assert isinstance(store.write_task(ended_task()), Written)


def test_the_table_writes_without_a_token_where_there_is_none(store: RunStore) -> None:
    store.write_task(replace(open_task(), token=None))
    assert isinstance(store.write_task(replace(open_task(version=4), token=None)), Written)
    found = store.find_task(RUN_ID, TASK_ID)
    assert found
    assert found.task.version == 4
