"""Where a container logs, by its task definition: on ECS and in memory, read once, and what it says in each case."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from fargate_runs.answers.log_reading import NOT_ALLOWED, NOT_KNOWN, TaskLogs
from fargate_runs.aws import clients
from fargate_runs.aws.task_definitions import EcsTaskDefinitions
from fargate_runs.ports import TaskDefinitionRefusedError, TaskDefinitions, TaskDefinitionUnavailableError
from fargate_runs.runs.log import LogLocation, LogTail
from fargate_runs.runs.log_place import LogConfiguration, Place, log_configurations_of, place_in
from fargate_runs.usecases import remembered_definitions
from fargate_runs.usecases.remembered_definitions import REFUSED_FOR, UNAVAILABLE_FOR, RememberedTaskDefinitions
from tests.fakes.clock import StoppedClock
from tests.fakes.ecs import CANARY, GUARD_DUTY, TASK_ID, container, detail, life, overrides, task
from tests.fakes.logs import InMemoryLogs
from tests.fakes.settling import LOG_PLACE, World
from tests.fakes.task_definitions import InMemoryTaskDefinitions, awslogs, definition
from tests.fakes.wire import BROKEN, DONE, LOST, Wire, give_keys

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/other:3"
KNOWN = definition("proxy", main=awslogs())
PLACE = LogLocation("/others", f"app/main/{TASK_ID}", "us-east-1")
OF_ANOTHER = {"taskDefinitionArn": ARN}


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield client, stubber


def made(kind: str, stubbed: tuple[Any, Stubber], error: str | None = None) -> TaskDefinitions:
    """One that knows one revision, or that fails with this error."""
    if kind == "in-memory":
        twin = InMemoryTaskDefinitions({} if error == "ClientException" else {ARN: KNOWN})
        twin.is_down = error == "ThrottlingException"
        return twin
    client, stubber = stubbed
    if error:
        stubber.add_client_error("describe_task_definition", error, f"said of {CANARY}")
    else:
        stubber.add_response("describe_task_definition", {"taskDefinition": KNOWN}, {"taskDefinition": ARN})
    return EcsTaskDefinitions(client)


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_a_revision(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    assert made(kind, stubbed).log_configurations(ARN) == {
        "proxy": LogConfiguration(),
        "main": LogConfiguration("awslogs", "/others", "us-east-1", "app"),
    }


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize(("error", "is_refused"), [("ClientException", True), ("ThrottlingException", False)])
def test_a_revision_that_cannot_be_read(kind: str, error: str, is_refused: bool, stubbed: tuple[Any, Stubber]) -> None:
    with pytest.raises(TaskDefinitionUnavailableError, match=f"could not be read: {error}$") as raised:
        made(kind, stubbed, error).log_configurations(ARN)
    assert isinstance(raised.value, TaskDefinitionRefusedError) is is_refused


@pytest.mark.parametrize(
    ("error", "is_refused"),
    [("AccessDeniedException", True), ("InvalidParameterException", True), ("ServerException", False)],
)
def test_further_errors(error: str, is_refused: bool, stubbed: tuple[Any, Stubber]) -> None:
    with pytest.raises(TaskDefinitionUnavailableError, match=error) as raised:
        made("aws", stubbed, error).log_configurations(ARN)
    assert isinstance(raised.value, TaskDefinitionRefusedError) is is_refused
    assert CANARY not in str(raised.value)


def test_no_answer() -> None:
    class Silent:
        def describe_task_definition(self, **_request: object) -> None:
            raise ConnectTimeoutError(endpoint_url="x")

    silent: Any = Silent()
    with pytest.raises(TaskDefinitionUnavailableError, match="ConnectTimeoutError"):
        EcsTaskDefinitions(silent).log_configurations(ARN)


@pytest.mark.parametrize(("answers", "tries"), [((DONE,), 1), ((LOST, DONE), 2), ((BROKEN,), 2)])
def test_it_is_asked_twice_at_most(answers: tuple[str, ...], tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome waits for it."""
    give_keys(monkeypatch)
    wire = Wire({"taskDefinition": {}}, *answers)
    client = wire.of(clients.task_definitions.__wrapped__(), "ecs.DescribeTaskDefinition")
    if DONE in answers:
        assert EcsTaskDefinitions(client).log_configurations(ARN) == {}
    else:
        with pytest.raises(TaskDefinitionUnavailableError):
            EcsTaskDefinitions(client).log_configurations(ARN)
    assert wire.tries == tries


class TestRemembered:
    @pytest.fixture
    def clock(self) -> StoppedClock:
        return StoppedClock()

    def test_a_revision_is_read_once(self, clock: StoppedClock) -> None:
        twin = InMemoryTaskDefinitions({ARN: KNOWN})
        remembered = RememberedTaskDefinitions(twin, clock)
        answers = [remembered.log_configurations(ARN) for _ in range(3)]
        assert (answers, twin.reads) == ([log_configurations_of(KNOWN)] * 3, 1)

    @pytest.mark.parametrize(("is_down", "pause"), [(False, REFUSED_FOR), (True, UNAVAILABLE_FOR)])
    def test_a_failure_is_remembered_for_a_while(self, is_down: bool, pause: timedelta, clock: StoppedClock) -> None:
        twin = InMemoryTaskDefinitions()
        twin.is_down = is_down
        remembered = RememberedTaskDefinitions(twin, clock)
        kinds = set()
        for seconds in (0, pause.total_seconds() - 1):
            clock.sleep(seconds)
            with pytest.raises(TaskDefinitionUnavailableError) as raised:
                remembered.log_configurations(ARN)
            kinds.add((type(raised.value), str(raised.value)))
        assert (len(kinds), twin.reads) == (1, 1)
        clock.sleep(1)
        twin.is_down, twin.known = False, {ARN: KNOWN}
        assert remembered.log_configurations(ARN)
        assert remembered.log_configurations(ARN)
        assert twin.reads == 2

    def test_one_revision_says_nothing_of_another(self, clock: StoppedClock) -> None:
        remembered = RememberedTaskDefinitions(InMemoryTaskDefinitions({ARN: KNOWN}), clock)
        with pytest.raises(TaskDefinitionRefusedError):
            remembered.log_configurations(ARN + "0")
        assert remembered.log_configurations(ARN)

    def test_the_oldest_is_forgotten(self, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remembered_definitions, "MOST_REMEMBERED", 2)
        twin = InMemoryTaskDefinitions(dict.fromkeys("abc", KNOWN))
        remembered = RememberedTaskDefinitions(twin, clock)
        for arn in "abcbca":
            remembered.log_configurations(arn)
        assert twin.reads == 4


ONE_FIELD_OFF: dict[str, tuple[dict[str, Any], Place]] = {
    "its log": (KNOWN, Place(PLACE)),
    "in another Region": (
        definition(main=awslogs(region="eu-west-1")),
        Place(LogLocation("/others", PLACE.stream, "eu-west-1")),
    ),
    "no Region named": (
        definition(main={"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-stream-prefix": "p"}}),
        Place(LogLocation("g", f"p/main/{TASK_ID}", "us-east-1")),
    ),
    "no prefix": (
        definition(main=awslogs(prefix=None)),
        Place.none("the log configuration of container main has no awslogs-stream-prefix"),
    ),
    "no group": (
        definition(main={"logDriver": "awslogs", "options": {"awslogs-stream-prefix": "p"}}),
        Place.none("the log configuration of container main names no log group"),
    ),
    "another driver": (
        definition(main={"logDriver": "splunk", "options": {"splunk-token": CANARY}}),
        Place.none("container main logs with the driver splunk: only awslogs can be read"),
    ),
    "no log at all": (definition("main"), Place.none("container main has no log configuration")),
    "no such container": (definition(app=awslogs()), Place.none("the task definition has no container main")),
    "nothing": ({}, Place.none("the task definition has no container main")),
}


@pytest.mark.parametrize("case", ONE_FIELD_OFF)
def test_where_a_container_logs(case: str) -> None:
    given, place = ONE_FIELD_OFF[case]
    assert place_in(log_configurations_of(given), task()) == place


OTHER_KIND = {"containerOverrides": [{"name": "app"}]}


def test_a_task_of_another_kind_logs_where_its_only_container_does() -> None:
    """AWS's own containers do not count, and of several none is known to be the main one."""
    of_another_kind = task(overrides=OTHER_KIND)
    alone = log_configurations_of(definition(GUARD_DUTY, app=awslogs()))
    assert place_in(alone, of_another_kind) == Place(LogLocation("/others", f"app/app/{TASK_ID}", "us-east-1"))
    several = log_configurations_of(definition("proxy", app=awslogs()))
    assert "main one" in str(place_in(several, of_another_kind).instead.absent)


def test_the_main_container_is_the_one_with_the_token_or_run_id() -> None:
    configurations = log_configurations_of(definition(main=awslogs(), app=awslogs(prefix="of-app")))
    given = place_in(configurations, task(overrides=overrides(main="app", run_id=None)))
    assert given == Place(LogLocation("/others", f"of-app/app/{TASK_ID}", "us-east-1"))


class TestTaskLogs:
    def test_the_stacks_own_are_known_without_a_call(self) -> None:
        twin = InMemoryTaskDefinitions()
        found = TaskLogs(InMemoryLogs(), LOG_PLACE, twin).place_of(task())
        assert (found.location, twin.reads) == (LOG_PLACE.of(task()), 0)

    def test_others(self) -> None:
        twin = InMemoryTaskDefinitions({ARN: KNOWN})
        logs = TaskLogs(InMemoryLogs(), LOG_PLACE, twin)
        assert logs.place_of(task(**OF_ANOTHER)) == Place(PLACE)
        assert logs.place_of(task(taskDefinitionArn=None)) == Place.none(NOT_KNOWN)
        problem = "the task definition could not be read: {}"
        refused = LogTail(problem=problem.format("ClientException"))
        assert logs.place_of(task(taskDefinitionArn=ARN + "0")) == Place(instead=refused)
        twin.is_down = True
        throttled = LogTail(problem=problem.format("ThrottlingException"))
        assert logs.place_of(task(**OF_ANOTHER)) == Place(instead=throttled, may_be_known_later=True)
        assert TaskLogs(InMemoryLogs(), LOG_PLACE, None).place_of(task(**OF_ANOTHER)) == Place.none(NOT_ALLOWED)

    @pytest.mark.parametrize(
        ("family", "is_ours"),
        [("fargate-runs-nightly", True), ("fargate-runs", True), ("fargate-runsnightly", False), ("fargate", False)],
    )
    def test_a_job_logs_where_the_stack_does(self, family: str, is_ours: bool) -> None:
        arn = ARN.replace("other", family)
        found = TaskLogs(InMemoryLogs(), LOG_PLACE, None).place_of(task(taskDefinitionArn=arn), "main")
        assert found == (Place(LOG_PLACE.of(task(), "main")) if is_ours else Place.none(NOT_ALLOWED))

    def test_a_family_that_begins_alike_may_log_elsewhere(self) -> None:
        arn = ARN.replace("other", "fargate-runs-nightly")
        logs = TaskLogs(InMemoryLogs(), LOG_PLACE, InMemoryTaskDefinitions({arn: KNOWN}))
        assert logs.place_of(task(taskDefinitionArn=arn)) == Place(PLACE)

    def test_the_names_of_containers(self) -> None:
        twin = InMemoryTaskDefinitions({ARN: KNOWN})
        logs = TaskLogs(InMemoryLogs(), LOG_PLACE, twin)
        assert logs.containers_of(task(**OF_ANOTHER)) == ("proxy", "main")
        assert logs.containers_of(task(taskDefinitionArn=None)) == ()
        assert TaskLogs(InMemoryLogs(), LOG_PLACE, None).containers_of(task(**OF_ANOTHER)) == ()
        twin.is_down = True
        assert logs.containers_of(task(**OF_ANOTHER)) == ()


class TestSettling:
    @pytest.fixture
    def world(self) -> World:
        world = World()
        world.definitions.known[ARN] = KNOWN
        world.logs.streams[PLACE.stream] = ("at work", '{"rows": 3}')
        return world

    def test_the_result(self, world: World) -> None:
        record = world.settle(detail(**OF_ANOTHER)).record
        assert (record.log, record.result.json) == (PLACE, '{"rows":3}')

    def test_the_last_lines(self, world: World) -> None:
        record = world.settle(detail(**OF_ANOTHER, containers=[container(exit_code=3)])).record
        assert record.last_lines == ("at work", '{"rows": 3}')

    @pytest.mark.parametrize("exit_code", [0, 3])
    def test_what_cannot_be_read_changes_no_outcome(self, world: World, exit_code: int) -> None:
        expected = World().settle(detail(containers=[container(exit_code=exit_code)])).record.outcome
        world.definitions.is_down = True
        done = world.settle(detail(**OF_ANOTHER, containers=[container(exit_code=exit_code)]))
        assert done.record.outcome == expected
        assert "the task definition could not be read" in str(done.log_problem)
        assert done.log_problem == (done.record.log_note if exit_code else done.record.result.note)

    def test_a_place_that_was_known_while_the_task_ran_is_not_lost(self, world: World) -> None:
        running = {**life()[2], **OF_ANOTHER, "overrides": overrides(token=None)}
        assert world.settle(running).record.log == PLACE
        world.definitions.is_down = True
        record = world.settle(detail(**OF_ANOTHER, overrides=overrides(token=None))).record
        assert (record.log, record.result.json) == (PLACE, '{"rows":3}')

    def test_a_place_that_was_not_known_then_is_found_later(self, world: World) -> None:
        world.definitions.is_down = True
        assert world.settle({**life()[2], **OF_ANOTHER}).record.log is None
        world.definitions.is_down = False
        assert world.settle(detail(**OF_ANOTHER)).record.log == PLACE

    def test_a_task_that_never_started_says_that_first(self, world: World) -> None:
        world.definitions.is_down = True
        done = world.settle(detail(**OF_ANOTHER, startedAt=None, containers=[container()]))
        assert done.record.log_note == "the container never started"
