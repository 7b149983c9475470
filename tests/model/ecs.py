"""The lives of the model's tasks, as ECS describes them: each state of a task is a number."""

from tests.fakes import ecs as fake

TOKENS = ("token of attempt 1", "token of attempt 2")
_IDS = ("1" * 32, "2" * 32)
_CREATED = ("2025-05-06T11:02:13Z", "2025-05-06T11:22:13Z")


class Ecs:
    """Details as in events, by number: the same state of a task has the same number."""

    def __init__(self, execution_arn: str, *, with_token: bool) -> None:
        self._execution_arn = execution_arn
        self._with_token = with_token
        self._details: list[fake.Detail] = []
        self._attempts: list[int] = []
        self._names: dict[int, str] = {}

    def running(self, attempt: int) -> int:
        """A task that runs."""
        return self._number(attempt, {**fake.life()[2], "desiredStatus": "RUNNING"})

    def ended(self, task: int, exit_code: int) -> int:
        """The task after its container has ended by itself."""
        return self._number(self._attempts[task], fake.detail(containers=[fake.container(exit_code=exit_code)]))

    def stopping(self, task: int, reason: str) -> int:
        """The task after StopTask: one that is told to stop already, or has stopped, stays as it is."""
        if self.is_told_to_stop(task):
            return task
        stop = {"stopCode": "UserInitiated", "stoppedReason": reason, "desiredStatus": "STOPPED", "version": 4}
        return self._number(self._attempts[task], {**self._details[task], **stop})

    def stopped(self, task: int) -> int:
        """The task after its container has followed."""
        end = {"lastStatus": "STOPPED", "version": 6, "containers": [fake.container(exit_code=143)]}
        return self._number(self._attempts[task], {**self._details[task], **end})

    def detail(self, task: int) -> fake.Detail:
        """What ECS says."""
        return self._details[task]

    def arn(self, task: int) -> str:
        """Whose state this is."""
        return str(self._details[task]["taskArn"])

    def task_id(self, attempt: int) -> str:
        """The id of the task of an attempt."""
        return _IDS[attempt]

    def attempt_of(self, task_arn: str) -> int:
        """Which attempt a task is of."""
        return _IDS.index(task_arn.rpartition("/")[2])

    def has_stopped(self, task: int) -> bool:
        """Whether ECS says STOPPED."""
        return str(self._details[task]["lastStatus"]) == "STOPPED"

    def is_told_to_stop(self, task: int) -> bool:
        """Whether it has stopped, or will."""
        return str(self._details[task]["desiredStatus"]) == "STOPPED"

    def exit_code(self, task: int) -> int | None:
        """Of the main container."""
        code: int | None = self._details[task]["containers"][0].get("exitCode")
        return code

    def name(self, task: int) -> str:
        """For people."""
        if task not in self._names:
            self._names[task] = self._name(task)
        return self._names[task]

    def _name(self, task: int) -> str:
        detail = self._details[task]
        code = "" if self.exit_code(task) is None else f" with {self.exit_code(task)}"
        told = " but told to stop" if self.is_told_to_stop(task) and not self.has_stopped(task) else ""
        return f"attempt {self._attempts[task] + 1} {detail['lastStatus']}{code}{told}"

    def _number(self, attempt: int, detail: fake.Detail) -> int:
        token = TOKENS[attempt] if self._with_token else None
        whose = {"taskArn": fake.task_arn(_IDS[attempt]), "createdAt": _CREATED[attempt]}
        overrides = fake.overrides(token=token)
        for variable in overrides["containerOverrides"][-1]["environment"]:
            if variable["name"] == "RUN_EXECUTION_ARN":
                variable["value"] = self._execution_arn
        detail = {**detail, **whose, "overrides": overrides}
        if detail not in self._details:
            self._details.append(detail)
            self._attempts.append(attempt)
        return self._details.index(detail)
