"""The settle use case on twins in memory."""

from collections.abc import Mapping

from fargate_runs.log_place import LogPlace
from fargate_runs.record import TaskRecord
from fargate_runs.task import EcsTask
from fargate_runs.usage import Prices
from fargate_runs.usecases.record_task_state import RecordTaskState, Settlement
from tests.fakes.ecs import MACHINES, RUN_ID, TASK_DEFINITION_ARN, TASK_ID, TOKEN
from tests.fakes.logs import InMemoryLogs
from tests.fakes.stepfunctions import InMemoryCallbacks
from tests.fakes.store import InMemoryRunStore

LOG_PLACE = LogPlace("/jobs/tasks", "runs", TASK_DEFINITION_ARN, "main")
PRICES = Prices(vcpu_hour_usd=0.04048, gb_hour_usd=0.004445, spot_factor=1)


class World:
    """One table, one open token, one log, and the use case on them."""

    def __init__(self) -> None:
        self.store = InMemoryRunStore()
        self.callbacks = InMemoryCallbacks(TOKEN)
        self.logs = InMemoryLogs()
        self.use_case = RecordTaskState(
            self.store, self.callbacks, self.logs, log_place=LOG_PLACE, state_machines=MACHINES, prices=PRICES
        )

    def settle(self, detail: Mapping[str, object]) -> Settlement:
        return self.use_case(EcsTask.from_detail(detail))

    def stored(self) -> TaskRecord:
        return self.store.tasks[RUN_ID, TASK_ID]
