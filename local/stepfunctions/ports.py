"""What the engine needs from around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from local.ecs.model import Json


class Language(ABC):
    """The two query languages of state machines. Every failure is a `StateError`."""

    @abstractmethod
    def jsonata(self, expression: str, bindings: Mapping[str, object]) -> object:
        """Evaluates the text inside `{% %}`. Raises States.QueryEvaluationError if it fails or yields nothing."""

    @abstractmethod
    def path(self, path: str, data: object, context: Json) -> object:
        """Evaluates a JSONPath (`$.…`, `$$.…`) or an intrinsic (`States.…`). States.Runtime if it leads nowhere."""

    @abstractmethod
    def field(self, name: str, path: str, data: object, context: Json) -> object:
        """The same for a field whose name AWS says where the path leads nowhere: one of a template, ErrorPath …."""

    @abstractmethod
    def payload(self, template: object, data: object, context: Json) -> object:
        """A JSONPath payload template (`Parameters`, `ResultSelector`, `ItemSelector`)."""

    @abstractmethod
    def choice_rule(self, rule: Json, data: object, context: Json) -> bool:
        """Whether a JSONPath choice rule holds."""


class Services(ABC):
    """Every integration that is not of this runtime: Lambda, SQS, SNS, DynamoDB, AWS SDK calls, activities."""

    @abstractmethod
    async def call(self, resource: str, arguments: object) -> object:
        """Carry out a Task's call and give its result; `StateError` as Step Functions names the failure."""


class ExecutionEvents(ABC):
    """Where "Step Functions Execution Status Change" events go."""

    @abstractmethod
    def status_changed(self, record: Json) -> None:
        """Publish the status of an execution's record."""


class StartRefusedError(Exception):
    """StartExecution was refused: `code` is the API's error name."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Executions(ABC):
    """The executions that a Task state starts."""

    @abstractmethod
    def is_express(self, machine_arn: str) -> bool:
        """Whether the state machine is of the type EXPRESS; False for one that there is not."""

    @abstractmethod
    def start(self, machine_arn: str, name: str | None, data: str) -> Json:
        """StartExecution: the record of the execution; StartRefusedError as the API refuses."""

    @abstractmethod
    async def ended(self, record: Json) -> Json:
        """Wait for the end of an execution; its record as it ended."""

    @abstractmethod
    def stop(self, record: Json) -> None:
        """StopExecution."""


class MapRuns(ABC):
    """Where Map Runs and their child executions are kept, as the embedded AWS's API shows them."""

    @abstractmethod
    def open(self, parent: Json, label: str, total: int, at_once: int) -> Json:
        """A new Map Run's record, with `mapRunArn`."""

    @abstractmethod
    def add_child(self, run: Json, data: str) -> Json:
        """A new child execution's record, RUNNING, counted in its Map Run."""

    @abstractmethod
    def child_ended(self, run: Json, how: str) -> None:
        """Count a child that was running as `succeeded`, `failed` or `aborted`."""

    @abstractmethod
    def close(self, run: Json, status: str) -> None:
        """Set the Map Run's final status."""

    @abstractmethod
    def read_items(self, reader: Json, data: object, context: Json) -> list[object]:
        """The items of an `ItemReader` (a JSON, JSONL or CSV object in S3, or a list of objects)."""


class Permissions(ABC):
    """What the role of a state machine may do."""

    @abstractmethod
    def allows(self, role_arn: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether a role's policies allow an action on a resource, with these condition keys."""
