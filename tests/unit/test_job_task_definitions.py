"""The task definition of a job: what it says, and how it is registered. The twin in memory, and ECS as moto has it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from fargate_runs.aws.job_task_definitions import EcsJobTaskDefinitions
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.rules import JobRules
from fargate_runs.jobs.task_definition import digest_of, task_definition_of
from fargate_runs.ports import TaskDefinitionRefusedError, TaskDefinitionUnavailableError
from fargate_runs.ports.jobs import JobTaskDefinitions
from fargate_runs.runs.log_place import LogConfiguration, log_configurations_of
from tests.fakes.applying import OWN
from tests.fakes.jobs import IMAGE, PASSWORD, ROLE, WHOLE, InMemoryJobTaskDefinitions, job
from tests.fakes.wire import unreachable
from tests.template.loading import load_template

PLAIN = {
    "family": "stack-nightly",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    "executionRoleArn": OWN.execution_role,
    "taskRoleArn": OWN.task_role,
}
CONTAINER = {
    "name": "main",
    "image": IMAGE,
    "essential": True,
    "stopTimeout": 30,
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "/stack/tasks",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "runs",
            "mode": "blocking",
        },
    },
}


def test_a_job_that_says_nothing_more_than_its_image() -> None:
    assert task_definition_of(job(), OWN) == {**PLAIN, "containerDefinitions": [CONTAINER]}


def test_a_job_that_says_everything() -> None:
    assert task_definition_of(read_job("nightly", WHOLE, JobRules()), OWN) == {
        **PLAIN,
        "cpu": "512",
        "memory": "1024",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "taskRoleArn": ROLE,
        "containerDefinitions": [
            {
                **CONTAINER,
                "entryPoint": ["/bin/run"],
                "command": ["python", "report.py"],
                "environment": [{"name": "STAGE", "value": "prod"}],
                "secrets": [
                    {"name": "DB_PASSWORD", "valueFrom": PASSWORD},
                    {"name": "KEY", "valueFrom": dict[str, Any](WHOLE["secrets"])["KEY"]},  # type: ignore[call-overload]
                ],
            }
        ],
    }


def test_an_architecture_of_its_own() -> None:
    arm = replace(OWN, architecture="ARM64")
    of = {each: task_definition_of(job(platform=each), arm)["runtimePlatform"] for each in (None, "linux/amd64")}

    assert of[None] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert of["linux/amd64"] == {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}


def test_the_template_s_own_says_the_same() -> None:
    """Of what neither a parameter nor a job changes."""
    own = load_template()["Resources"]["TaskDefinition"]["Properties"]
    made: Any = task_definition_of(job(), OWN)
    (container,) = own["ContainerDefinitions"]
    options = {
        **made["containerDefinitions"][0]["logConfiguration"]["options"],
        "awslogs-group": 0,
        "awslogs-region": 0,
    }

    assert {**container["LogConfiguration"]["Options"], "awslogs-group": 0, "awslogs-region": 0} == options
    assert (own["RequiresCompatibilities"], own["NetworkMode"]) == (["FARGATE"], "awsvpc")
    assert {key[0].upper() + key[1:] for key in made} == set(own)
    assert {"Command", *(key[0].upper() + key[1:] for key in made["containerDefinitions"][0])} == set(container)


def test_the_digest_is_that_of_the_content() -> None:
    first = digest_of(task_definition_of(job(environment={"A": "1", "B": "2"}), OWN))

    assert first == digest_of(task_definition_of(job(environment={"B": "2", "A": "1"}), OWN))
    assert first != digest_of(task_definition_of(job(environment={"A": "1", "B": "3"}), OWN))
    assert first == digest_of(task_definition_of(job(environment={"A": "1", "B": "2"}, timeout="1h"), OWN))
    assert len(first) == 64


Active = Callable[[], set[str]]


def client() -> Any:
    return boto3.client("ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def moto() -> Iterator[Any]:
    with mock_aws():
        yield client()


@pytest.fixture(params=["in-memory", "ecs"])
def both(request: pytest.FixtureRequest) -> tuple[JobTaskDefinitions, Active]:
    if request.param == "ecs":
        made = request.getfixturevalue("moto")
        return EcsJobTaskDefinitions(made), lambda: set(
            made.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
        )
    twin = InMemoryJobTaskDefinitions()
    return twin, lambda: set(twin.revisions)


def definition(name: str) -> Mapping[str, object]:
    return task_definition_of(job(name), OWN)


CALLS: Mapping[str, Callable[[JobTaskDefinitions], object]] = {
    "register_task_definition": lambda definitions: definitions.register(definition("nightly")),
    "list_task_definitions": lambda definitions: definitions.deregister_all("stack-nightly"),
}


def test_revisions_are_registered_and_deregistered(both: tuple[JobTaskDefinitions, Active]) -> None:
    definitions, active = both
    first, second = definitions.register(definition("nightly")), definitions.register(definition("nightly"))
    other = definitions.register(definition("nightly-other"))
    assert "/stack-nightly:" in first
    assert first != second
    assert active() == {first, second, other}
    definitions.deregister_all("stack-nightly")
    assert active() == {other}
    definitions.deregister_all("stack-nightly")
    assert active() == {other}


def test_ecs_shows_where_it_logs(moto: Any) -> None:
    arn = EcsJobTaskDefinitions(moto).register(definition("nightly"))
    shown = moto.describe_task_definition(taskDefinition=arn)["taskDefinition"]

    assert log_configurations_of(shown) == {"main": LogConfiguration("awslogs", "/stack/tasks", "us-east-1", "runs")}


@pytest.mark.parametrize(
    ("code", "is_refused"),
    [
        ("ClientException", True),
        ("InvalidParameterException", True),
        ("AccessDeniedException", True),
        ("ThrottlingException", False),
    ],
)
@pytest.mark.parametrize("operation", CALLS)
def test_errors(operation: str, code: str, is_refused: bool) -> None:
    stubbed = client()
    with Stubber(stubbed) as stubber:
        stubber.add_client_error(operation, code, "said of it")
        definitions = EcsJobTaskDefinitions(stubbed)
        with pytest.raises(TaskDefinitionUnavailableError, match=f"ECS did not change .*: {code}$") as raised:
            CALLS[operation](definitions)
    assert isinstance(raised.value, TaskDefinitionRefusedError) is is_refused


def test_an_ecs_that_does_not_answer() -> None:
    with pytest.raises(TaskDefinitionUnavailableError, match="ConnectTimeoutError"):
        EcsJobTaskDefinitions(unreachable("ecs")).deregister_all("x")
