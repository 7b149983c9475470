"""What changes while tasks live: the names of variables that hold tokens, and the version that wrote a record."""

from random import Random
from typing import Final

from tests.simulation.attempts import Attempt
from tests.simulation.dynamodb import DynamoDb, Key
from tests.simulation.faults import FaultPlan
from tests.simulation.invariants import Invariants
from tests.simulation.lambda_ import Lambda
from tests.simulation.scheduler import Scheduler

OWN_VARIABLE: Final = "MY_TOKEN"
TOKEN_NAMES: Final = "TASK_TOKEN_VARIABLE_NAMES"
_OF_TOMORROW: Final = {"S": "of-tomorrow"}


class Changes:
    """A stack that is updated: from some moment on one variable is no token's any more, and back from a version that
    has written a word which this one does not know.
    """

    def __init__(self, more: Random, plan: FaultPlan, scheduler: Scheduler, table: DynamoDb, lambda_: Lambda) -> None:
        self._more = more
        self._plan = plan
        self._scheduler = scheduler
        self._table = table
        self._lambda = lambda_
        self.renames_after = more.random() * 500 if more.random() < 0.3 else None
        self.writes_tomorrow_at = [more.random() * 500 for _ in range(2)] if more.random() < 0.3 else []
        self.environment: dict[str, str] = {}
        self.tokens_known: frozenset[str] | None = None  # at the update; None before it
        self._yesterday: dict[Key, dict[str, str] | None] = {}

    def begin(self, own_names: str, invariants: Invariants) -> None:
        """Plan them."""
        invariants.is_beyond_reach = self.is_beyond_reach
        invariants.is_of_tomorrow = self.is_of_tomorrow
        if self.renames_after is not None:
            self.environment = {TOKEN_NAMES: f"{own_names},{OWN_VARIABLE}"}
            self._scheduler.after(self.renames_after, self._rename, invariants)
        for at in self.writes_tomorrow_at:
            self._scheduler.after(at, self._write_of_tomorrow)

    def _rename(self, invariants: Invariants) -> None:
        """An update of the stack: new processes, with other settings. Whatever was recorded is known for good."""
        self.environment = {}
        self._lambda.begin_anew()
        records = {task.arn: invariants.record(task) for task in invariants.tasks()}
        self.tokens_known = frozenset(
            arn for arn, item in records.items() if item and item["delivery"]["S"] != "NOT_NEEDED"
        )

    def is_beyond_reach(self, attempt: Attempt) -> bool:
        """Whether nothing says any more which variable of its task holds the token."""
        task = attempt.task
        if self.tokens_known is None or task is None or OWN_VARIABLE not in task.order.environment:
            return False
        return task.arn not in self.tokens_known

    def _write_of_tomorrow(self) -> None:
        open_keys = [key for key, item in self._table.items.items() if key[1] != "RUN" and "openShard" in item]
        if open_keys and not self._plan.is_over:
            key = self._more.choice(open_keys)
            self._yesterday.setdefault(key, self._table.items[key].get("pattern"))
            self._rewrite(key, _OF_TOMORROW)

    def is_of_tomorrow(self, partition: str) -> bool:
        """Whether a record of this run cannot be read now, or an index still shows the one that could not."""
        if not self.writes_tomorrow_at:
            return False
        shown = (
            (key, index.items[place]) for index in self._table._indexes.values() for key, place in index.placed.items()
        )
        is_shown = any(key[0] == partition and item.get("pattern") == _OF_TOMORROW for key, item in shown)
        return is_shown or any(key[0] == partition for key in self._yesterday)

    def go_on_to_tomorrow(self) -> None:
        """The version that knows the word is back."""
        for key, pattern in self._yesterday.items():
            if self._table.items[key].get("pattern") == _OF_TOMORROW:
                self._rewrite(key, pattern)
        self._yesterday.clear()

    def _rewrite(self, key: Key, pattern: dict[str, str] | None) -> None:
        item = {name: value for name, value in self._table.items[key].items() if name != "pattern"}
        self._table.put_item(TableName=self._table.name, Item={**item, **({"pattern": pattern} if pattern else {})})
