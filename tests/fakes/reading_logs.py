"""The use case that reads the log of a run, on twins in memory."""

from typing import Any

from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.runs.log_request import LogRequest
from fargate_runs.usecases.read_logs import ReadLogs
from tests.fakes.ecs import MACHINES, RUN_ID, TASK_ID, detail, life, overrides, task_arn
from tests.fakes.logs import InMemoryLogPages
from tests.fakes.settling import LOG_PLACE, World

GROUP = "/jobs/tasks"
STREAM = f"runs/main/{TASK_ID}"
OTHER = "arn:aws:ecs:us-east-1:123456789012:task-definition/other:3"
OF_OTHER: dict[str, Any] = {"taskDefinitionArn": OTHER}
SECOND = TASK_ID[:-1] + "e"
Document = dict[str, Any]


class Logs:
    """The world with the use case on it, and a task of it that runs or has ended."""

    def __init__(self) -> None:
        self.world = World()
        self.pages = InMemoryLogPages()
        self.reads_others = True

    def read(self, run_id: str = RUN_ID, **asked: Any) -> Document:
        definitions = self.world.definitions if self.reads_others else None
        use_case = ReadLogs(self.world.store, self.pages, TaskLogs(self.world.logs, LOG_PLACE, definitions), MACHINES)
        return use_case(LogRequest(run_id, **asked))

    def texts(self, **asked: Any) -> list[str]:
        return [line["text"] for line in self.read(**asked)["lines"]]

    def to_the_end(self, **asked: Any) -> list[str]:
        """All lines, with as many requests as it takes until an answer is complete."""
        document = self.read(**asked)
        found = document["lines"]
        while not document["isComplete"]:
            document = self.read(**asked, cursor=document["cursor"])
            found = [*found, *document["lines"]]
        return [line["text"] for line in found]

    def runs(self, **changes: Any) -> None:
        self.world.settle({**life()[2], **changes})

    def ends(self, **changes: Any) -> None:
        self.world.settle(detail(**changes))


def attempt(number: int | None, task_id: str, created: str = "2025-05-06T11:02:13Z", **more: Any) -> dict[str, Any]:
    """A task with this RUN_ATTEMPT."""
    given = overrides()
    if number:
        given["containerOverrides"][-1]["environment"].append({"name": "RUN_ATTEMPT", "value": str(number)})
    arn = task_arn().replace(TASK_ID, task_id)
    return {"taskArn": arn, "createdAt": created, "overrides": given, **more}
