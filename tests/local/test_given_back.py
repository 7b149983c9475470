"""What a task took is given back when it has ended, but for what DescribeTasks shows of it."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from local.clock import Clock
from local.ecs.fargate import LocalFargate
from local.ecs.member import Member
from local.ecs.model import Json
from local.ecs.ports import Catalog, ClusterInfo, Events, Identity, Logs, Place
from local.ecs.processes import Output, ProcessContainer, ProcessRuntime
from local.ecs.surroundings import Pace, Surroundings
from local.ecs.task_containers import TaskContainers
from local.state import read_state
from tests.contract.conftest import prepared
from tests.processes import server_of
from tests.runtimes import bare_runtime

ROLE = "arn:aws:iam::0:role/task"
MEBIBYTE = 1024 * 1024


class World(Catalog, Events, Logs, Identity):
    """Everything around tasks, as little of it as will do."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.ended: list[str] = []

    def cluster(self, reference: str) -> ClusterInfo | None:
        """One cluster."""
        return ClusterInfo("arn:aws:ecs:us-east-1:0:cluster/c", "c", ())

    def task_definition(self, reference: str) -> Json | None:
        """One definition."""
        container = {"name": "main", "image": "any", "command": ["sh", "-c", "echo hello"]}
        arn = "arn:aws:ecs:us-east-1:0:task-definition/jobs:1"
        return {"taskDefinitionArn": arn, "family": "jobs", "taskRoleArn": ROLE, "containerDefinitions": [container]}

    def secrets(self, container_definition: Json) -> dict[str, str]:
        """None."""
        return {}

    def publish(self, *, source: str, detail_type: str, resources: Sequence[str], detail: Json) -> None:
        """Nobody listens."""

    def create_group(self, group: str) -> None:
        """Nobody reads."""

    def create_stream(self, group: str, stream: str) -> None:
        """Nobody reads."""

    def put(self, group: str, stream: str, messages: Sequence[tuple[int, str]]) -> None:
        """Nobody reads."""

    def place(self) -> Place:
        """Nowhere."""
        return Place("us-east-1", "0", "http://127.0.0.1:1")

    def credentials_environment(self, role_arn: str | None, session_name: str) -> dict[str, str]:
        """None, and a note of it."""
        self.given.append(session_name)
        return {}

    def end_sessions(self, session_name: str) -> None:
        """A note."""
        self.ended.append(session_name)

    def allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Everything."""
        return True


def test_nothing_of_how_a_task_ran_is_kept(tmp_path: Path) -> None:
    world = World()

    async def live() -> Json:
        pace = Pace(0.0, 0.0, 0.0)
        fargate = LocalFargate(Surroundings(world, ProcessRuntime(tmp_path), world, world, world, Clock(), pace))
        tasks = fargate.run_task({"taskDefinition": "jobs", "launchType": "FARGATE", "count": 3})["tasks"]
        assert isinstance(tasks, list)
        arns: list[object] = [task["taskArn"] for task in tasks]
        await asyncio.gather(*fargate._coroutines)
        await asyncio.sleep(0)  # for what is called at the end of those
        gc.collect()
        kinds = (TaskContainers, Member, ProcessContainer, Output)
        assert [each for each in gc.get_objects() if isinstance(each, kinds)] == []
        # A stop that comes late finds nothing to do.
        assert fargate.stop_task({"task": arns[0]})
        return fargate.describe_tasks({"tasks": arns})

    described = asyncio.run(live())

    tasks = described["tasks"]
    assert isinstance(tasks, list)
    assert [task["containers"][0]["exitCode"] for task in tasks] == [0, 0, 0]
    assert sorted(world.ended) == sorted(world.given) == sorted(task["taskArn"].rpartition("/")[2] for task in tasks)


def test_events_that_nobody_asked_for_are_not_kept(tmp_path: Path) -> None:
    with bare_runtime(tmp_path) as endpoint:
        aws = prepared(endpoint)
        state = read_state()
        assert state is not None
        server = server_of(state.guard_pid)
        detail = json.dumps({"much": "x" * 200_000})

        def put(count: int) -> None:
            for _ in range(count):
                aws.events.put_events(Entries=[{"Source": "own", "DetailType": "any", "Detail": detail}])

        with closing(aws.events):
            put(20)
            before = server.memory_info().rss
            put(400)

        # Kept, these would be 76 MiB and more.
        assert server.memory_info().rss - before < 40 * MEBIBYTE
