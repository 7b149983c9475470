"""Names that ECS takes and refuses, and that no name of a caller becomes part of a path."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from local.ecs.containers import CannotStartContainerError, ContainerExit, ContainerSpec
from local.ecs.errors import ClientError, EcsApiError, InvalidParameterError
from local.ecs.model import Json
from local.ecs.names import check_cluster, check_task_definition
from local.ecs.ports import Catalog, ClusterInfo
from local.ecs.processes import ProcessRuntime
from local.ecs.requests import read_run_task

OUTSIDE = [
    "../../victim",
    "/tmp/victim",
    "..",
    ".",
    "a/b",
    "a\\b",
    "a\x00b",
    "a\n",
    "~",
    "$HOME",
    "a b",
    "ä",
    "a:1",
    "x.y",
]


def definition(family: object = "jobs", name: object = "main", prefix: object = "runs") -> Json:
    """A task definition's parameters."""
    options = {"awslogs-group": "/jobs", "awslogs-stream-prefix": prefix}
    container = {"name": name, "image": "any", "logConfiguration": {"logDriver": "awslogs", "options": options}}
    return {"family": family, "containerDefinitions": [{"name": "first", "image": "any"}, container]}


def test_what_ecs_takes() -> None:
    longest = "aZ0_-" * 51
    check_task_definition(definition(longest, longest, "any/prefix of.it"))
    check_task_definition({"family": "jobs"})
    check_cluster({"clusterName": longest})
    check_cluster({"tags": [{"key": "a b_.:/=+-@é1" + "k" * 110, "value": "v" * 256}, {"key": "empty"}]})


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ClientError, match=r"^Family contains invalid characters\.$"):
        check_task_definition(definition(family=name))
    with pytest.raises(ClientError, match=r"^Container.name contains invalid characters\.$"):
        check_task_definition(definition(name=name))
    with pytest.raises(InvalidParameterError, match=r"^clusterName contains invalid characters\.$"):
        check_cluster({"clusterName": name})


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        (definition(family=""), ClientError, "Family should not be null or empty."),
        (definition(family=None), ClientError, "Family should not be null or empty."),
        (definition(family=["jobs"]), ClientError, "Family contains invalid characters."),
        (definition(family="a" * 256), ClientError, "Family must be at most 255 characters."),
        (definition(name=""), ClientError, "Container.name should not be null or empty."),
        (definition(name={}), ClientError, "Container.name contains invalid characters."),
        (definition(name="a" * 256), ClientError, "Container.name must be at most 255 characters."),
        (definition(prefix="a:b"), ClientError, "awslogs-stream-prefix contains invalid"),
        (definition(prefix="a*"), ClientError, "awslogs-stream-prefix contains invalid"),
        (definition(prefix="a\x00"), ClientError, "awslogs-stream-prefix contains invalid"),
        (definition(prefix=["a"]), ClientError, "awslogs-stream-prefix contains invalid"),
        (definition(prefix="a" * 401), ClientError, "awslogs-stream-prefix contains invalid"),
        ({"family": "jobs", "containerDefinitions": ["main"]}, ClientError, "must be objects"),
        ({"family": "jobs", "tags": "no"}, InvalidParameterError, "at most 50"),
        ({"family": "jobs", "tags": [{"key": str(n)} for n in range(51)]}, InvalidParameterError, "at most 50"),
        ({"family": "jobs", "tags": ["no"]}, InvalidParameterError, "tag's key"),
        ({"family": "jobs", "tags": [{"key": ""}]}, InvalidParameterError, "tag's key"),
        ({"family": "jobs", "tags": [{"key": "k" * 129}]}, InvalidParameterError, "tag's key"),
        ({"family": "jobs", "tags": [{"key": "<k>"}]}, InvalidParameterError, "tag's key"),
        ({"family": "jobs", "tags": [{"key": "AWS:k"}]}, InvalidParameterError, "must not begin with aws:"),
        ({"family": "jobs", "tags": [{"key": "k", "value": "v" * 257}]}, InvalidParameterError, "tag's value"),
        ({"family": "jobs", "tags": [{"key": "k", "value": "../\x00"}]}, InvalidParameterError, "tag's value"),
        ({"family": "jobs", "tags": [{"key": "k", "value": 1}]}, InvalidParameterError, "tag's value"),
    ],
)
def test_what_ecs_refuses(parameters: Json, error: type[EcsApiError], text: str) -> None:
    with pytest.raises(error) as refused:
        check_task_definition(parameters)
    assert text in str(refused.value)


class Kept(Catalog):
    """A definition that came by another way than the API."""

    def __init__(self, kept: Json) -> None:
        self._kept = kept

    def cluster(self, reference: str) -> ClusterInfo | None:
        """One cluster."""
        return ClusterInfo("arn:aws:ecs:us-east-1:0:cluster/c", "c", ())

    def task_definition(self, reference: str) -> Json | None:
        """The definition."""
        return self._kept

    def secrets(self, container_definition: Json) -> dict[str, str]:
        """None."""
        return {}


def test_a_definition_with_such_a_name_is_not_run_however_it_came() -> None:
    with pytest.raises(ClientError, match=r"Container.name contains invalid characters"):
        read_run_task({"taskDefinition": "jobs"}, Kept(definition(name="../x")))
    with pytest.raises(InvalidParameterError, match="must not begin with aws:"):
        read_run_task({"taskDefinition": "jobs", "tags": [{"key": "aws:x"}]}, Kept(definition()))


def ran(scratch: Path, task_id: str, name: str, **environment: str) -> tuple[str, ContainerExit]:
    """What a container says of where it is, and its end."""
    pieces: list[bytes] = []

    async def run() -> ContainerExit:
        spec = ContainerSpec(
            task_id=task_id,
            name=name,
            image="any",
            arguments=("sh", "-c", "pwd; echo $HOME; touch made"),
            environment=environment,
            working_directory=None,
            memory_mib=None,
            task_memory_mib=None,
        )
        container = await ProcessRuntime(scratch).start(spec, pieces.append)
        return await container.ended

    end = asyncio.run(run())
    return b"".join(pieces).decode(), end


@pytest.mark.parametrize("name", ["../../victim", "{victim}", "main"])
def test_a_container_s_directory_is_made_of_ids_alone(tmp_path: Path, name: str) -> None:
    victim, scratch = tmp_path / "victim", tmp_path / "state" / "containers"
    victim.mkdir()
    (victim / "precious").write_text("keep")
    text = name.format(victim=victim)

    said, end = ran(scratch, text, text)

    place, home = said.split()
    assert end.exit_code == 0
    assert place == home
    assert Path(place).parent == scratch
    assert text not in place
    assert list(scratch.iterdir()) == []
    assert [path.name for path in victim.iterdir()] == ["precious"]


@pytest.mark.parametrize("environment", [{"A=B": "x"}, {"A": "x\x00"}])
def test_what_no_process_can_be_given_does_not_start(tmp_path: Path, environment: dict[str, str]) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(CannotStartContainerError):
        ran(tmp_path, "task", "main", **environment)

    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before
