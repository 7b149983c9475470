"""The errors of the domain.

    FargateRunsError
    ├── MalformedTaskError           what claims to be an ECS task cannot be read as one
    ├── MalformedExecutionError      what claims to be an execution cannot be read as one
    ├── EventError
    │   ├── MalformedEventError      an event that is not in shape what it should be
    │   └── ForeignEventError        a well-formed event that is not for this application
    ├── InvalidParametersError       parameters of a request that break the rules; it names every problem
    │   └── InvalidCursorError       … one of them is a cursor that leads nowhere
    ├── InvalidRunRequestError       a run request that breaks the rules; it names every problem
    ├── InvalidJobError              a definition of a job that breaks the rules; it names every problem and its place
    ├── SlotTakenError               the run has to wait for one of its job's slots
    ├── RunSkippedError              the run does not begin, because its job has no free slot for it
    ├── QueueFullError               too many runs wait for a slot of the job
    ├── JobNotFoundError             there is no job of this name, or it is deleted
    ├── JobOwnedByAnotherError       the job belongs to another project
    ├── JobHasLiveRunsError          the job is not deleted, because runs of it go on
    ├── JobChangedError              somebody else changed the job at the same time
    ├── JobNotAppliedError           AWS refused a part of a job for good
    ├── RunNotFoundError             no run has this id
    ├── RunAlreadyExistsError        another run has this id
    ├── RunHasEndedError             the run cannot be stopped any more
    ├── RunNotRunningError           nothing of the run goes on that could be stopped
    ├── RunNotRepeatableError        the run cannot be started again from what is known of it
    ├── RunInputForgottenError       Step Functions does not know the run's input any more
    ├── IdempotencyKeyReusedError    the key was used for another request
    ├── RunNotStartedError           Step Functions certainly started nothing
    │   └── RunThrottledError        … because too much was asked at once: the same request may work later
    ├── RunStartUnknownError         nobody knows whether Step Functions started it; the record stays
    ├── AttemptNotFoundError         a run has no attempt of this number
    ├── ContainerNotFoundError       a task has no container of this name
    ├── NoLogError                   there is nothing that could be shown of a log, and why
    │   ├── LogNotYetError           … there may be later
    │   ├── LogGoneError             … there is none, and there will be none
    │   ├── LogElsewhereError        … the container logs to a place that this stack does not read
    │   └── LogNotAllowedError       … the function may not read the log group
    ├── MissingSettingError          an environment variable that a function needs is not set
    └── PortError                    the tree of `ports/errors.py`: what the services around the domain may answer

No message ever carries a task token, an environment value or an event as a whole.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MOST_PROBLEMS: Final = 20


class FargateRunsError(Exception):
    """Every error that this library raises on purpose."""


class MalformedTaskError(FargateRunsError):
    """The input is no readable ECS task. The error names the field."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"ECS task: {field} {problem}")
        self.field = field


class MalformedExecutionError(FargateRunsError):
    """The input is no readable Step Functions execution. The error names the field."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"execution: {field} {problem}")
        self.field = field


class EventError(FargateRunsError):
    """An event that cannot be handled, now or later; names the field."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"event: {field} {problem}")
        self.field = field


class MalformedEventError(EventError):
    """The event has not the shape that its rule lets through (fact B1)."""


class ForeignEventError(EventError):
    """The event is well formed but comes from another source, cluster or state machine."""


class InvalidParametersError(FargateRunsError):
    """Parameters of a request break the rules. `problems` has one `name: sentence` for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class InvalidCursorError(InvalidParametersError):
    """A cursor is none of ours, or of another list. `problem` is a sentence without its subject."""

    def __init__(self, problem: str) -> None:
        super().__init__((f"cursor: {problem}",))


class InvalidRunRequestError(FargateRunsError):
    """A run request breaks the rules. `problems` has one sentence for each broken rule."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)

    def cut(self) -> "InvalidRunRequestError":
        """The same with no more problems than a person reads, for where there is an end to a message."""
        if len(self.problems) <= _MOST_PROBLEMS:
            return self
        more = len(self.problems) - _MOST_PROBLEMS
        return InvalidRunRequestError((*self.problems[:_MOST_PROBLEMS], f"and {more} more"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: its place in a document, as keys and indexes from the top, and a sentence without a subject."""

    path: tuple[str | int, ...]
    detail: str

    @property
    def place(self) -> str:
        """Returns the path as a text, such as `schedules[0].cron`."""
        parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path)
        return "".join(parts).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}" if self.path else self.detail


class InvalidJobError(FargateRunsError):
    """A definition of a job breaks the rules. `problems` has one for each; none shows a value of a variable.

    The message has the first ones.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = len(problems) - _MOST_PROBLEMS
        shown = [*map(str, problems[:_MOST_PROBLEMS]), *([f"and {more} more"] if more > 0 else [])]
        super().__init__("; ".join(shown))
        self.problems = tuple(problems)


class SlotTakenError(FargateRunsError):
    """The run has to wait for a slot. The message is the JSON object that its state machine reads."""

    def __init__(self, job: str, place: int | None, wait_seconds: int) -> None:
        super().__init__(json.dumps({"job": job, "place": place, "waitSeconds": wait_seconds}))
        self.job = job
        self.place = place
        self.wait_seconds = wait_seconds


class RunSkippedError(FargateRunsError):
    """The run does not begin. The message is the JSON object that its state machine returns as its output."""

    def __init__(self, run_id: str, reason: str, blocked_by: str | None) -> None:
        skipped = {"runId": run_id, "status": "SKIPPED", "reason": reason, "blockedBy": blocked_by}
        super().__init__(json.dumps(skipped))
        self.run_id = run_id
        self.reason = reason
        self.blocked_by = blocked_by


class QueueFullError(FargateRunsError):
    """Too many runs wait for a slot of the job."""

    def __init__(self, job: str, most: int) -> None:
        super().__init__(
            f"{most:,} runs of job {job} wait for a slot already: start this one later, or raise the limit"
        )
        self.job = job


class JobNotFoundError(FargateRunsError):
    """There is no job of this name, or it is deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no job {name!r}")
        self.name = name


class JobOwnedByAnotherError(FargateRunsError):
    """The job belongs to another project, which alone may change it."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(
            f"job {name!r} belongs to the project {owner!r}; choose another name, or delete it there and apply again"
        )
        self.name = name
        self.owner = owner


class JobHasLiveRunsError(FargateRunsError):
    """Runs of the job go on. It is not deleted unless it is said what becomes of them; `run_ids` are some of them."""

    def __init__(self, name: str, run_ids: Sequence[str], count: int) -> None:
        some = ", ".join(run_ids) + (", …" if count > len(run_ids) else "")
        super().__init__(
            f"job {name!r} has {count} runs that have not ended: {some}; delete it with runs=stop, or with runs=keep"
        )
        self.name = name
        self.run_ids = tuple(run_ids)


class JobChangedError(FargateRunsError):
    """Somebody else changed the job at the same time. Nothing of this change was stored."""

    def __init__(self, name: str) -> None:
        super().__init__(f"job {name!r} was changed by somebody else at the same time; look at it and apply again")
        self.name = name


class JobNotAppliedError(FargateRunsError):
    """AWS refused a part of a job for good. The message says what stands now."""

    def __init__(self, name: str, reason: str, stands: str) -> None:
        super().__init__(f"job {name!r} was not applied: {reason}. {stands}")
        self.name = name


class RunNotFoundError(FargateRunsError):
    """No run has this id, or its record has expired."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"there is no run {run_id!r}")
        self.run_id = run_id


class RunAlreadyExistsError(FargateRunsError):
    """Another run, or another execution, has this id."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"a run {run_id!r} exists already; send the request again to get a new id")
        self.run_id = run_id


class RunHasEndedError(FargateRunsError):
    """The run has ended, so it cannot be stopped."""

    def __init__(self, run_id: str, status: str) -> None:
        super().__init__(f"run {run_id!r} has ended already: it is {status}")
        self.run_id = run_id


class RunNotRunningError(FargateRunsError):
    """Neither an execution nor a task of the run is known to go on, so there is nothing to stop."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"nothing of run {run_id!r} is running: Step Functions knows no execution of it, and ECS showed no task."
            " If it was started a moment ago, try again"
        )
        self.run_id = run_id


class RunNotRepeatableError(FargateRunsError):
    """The run cannot be started again from what is known of it."""

    def __init__(self, run_id: str, reason: str) -> None:
        super().__init__(f"run {run_id!r} cannot be run again: {reason}. Start a run with an input of your own")
        self.run_id = run_id


class RunInputForgottenError(FargateRunsError):
    """Step Functions keeps the input of an execution for 90 days after its end, and has forgotten this one."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id!r} cannot be run again: Step Functions has forgotten its input, which it keeps for 90 days."
            " Start a run with an input of your own"
        )
        self.run_id = run_id


class IdempotencyKeyReusedError(FargateRunsError):
    """The idempotency key was used for another request; nothing was started."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"this Idempotency-Key was used for another request, which started run {run_id!r}; use a new key"
        )
        self.run_id = run_id


class RunNotStartedError(FargateRunsError):
    """Step Functions refused: nothing was started and no record remains."""

    def __init__(self, run_id: str, reason: str) -> None:
        super().__init__(f"run {run_id!r} was not started: {reason}")
        self.run_id = run_id


class RunThrottledError(RunNotStartedError):
    """Too much was asked at once: nothing was started, and the same request may work later."""


class RunStartUnknownError(FargateRunsError):
    """The call to Step Functions got no answer: the run may have started, its record stays."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"it is not known whether run {run_id!r} was started; look it up before you ask again")
        self.run_id = run_id


class AttemptNotFoundError(FargateRunsError):
    """A run has no attempt of this number. `known` are the numbers of its attempts."""

    def __init__(self, run_id: str, attempt: int, known: Sequence[int]) -> None:
        there_are = f"its attempts are {', '.join(map(str, known))}" if known else "none of its tasks has a number"
        super().__init__(f"run {run_id!r} has no attempt {attempt}; {there_are}")


class ContainerNotFoundError(FargateRunsError):
    """A task has no container of this name, or none that has logged. `known` are the names that are known."""

    def __init__(self, task_id: str, container: str, known: Sequence[str]) -> None:
        super().__init__(f"task {task_id} has no log of a container {container!r}; there is {', '.join(known)}")


class NoLogError(FargateRunsError):
    """There is nothing that could be shown of a log. The message says why."""


class LogNotYetError(NoLogError):
    """Nothing has been logged yet. Ask again later."""


class LogGoneError(NoLogError):
    """There is no log and there will be none: the container never started, or the log was deleted."""


class LogElsewhereError(NoLogError):
    """The container logs to a place that this stack does not read."""


class LogNotAllowedError(NoLogError):
    """The function may not read the log group. The message names it."""


class MissingSettingError(FargateRunsError):
    """An environment variable that a function needs is not set."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the environment variable {variable} is not set; template.yaml sets it for this function")
        self.variable = variable


class PortError(FargateRunsError):
    """Something outside of the domain did not do what it was asked. The tree is in `ports/errors.py`."""
