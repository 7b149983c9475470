"""Which log a task's main container writes to, as far as this stack can know it."""

from dataclasses import dataclass

from fargate_runs.log import LogLocation
from fargate_runs.task import EcsTask


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the stack's containers log. `task_definition_arn` and `container` are the stack's own."""

    group: str
    stream_prefix: str
    task_definition_arn: str
    container: str

    def of(self, task: EcsTask) -> LogLocation | None:
        """The log of the main container in a task of the stack's own definition.

        None for every other one: where those log stands in their task definitions, and nothing is guessed.
        """
        if not self._is_own(task):
            return None
        container = task.main_container or self.container
        return LogLocation.of(task.task_arn, self.group, f"{self.stream_prefix}/{container}/{task.task_id}")

    def _is_own(self, task: EcsTask) -> bool:
        family = self.task_definition_arn.rpartition(":")[0]
        return (task.task_definition_arn or "").rpartition(":")[0] == family
