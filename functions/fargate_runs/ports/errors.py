"""The errors of the ports.

PortError
├── StoreUnavailableError          the table did not carry out the call: throttled, down, refused
├── UnreadableRecordError          this version does not know a word or the shape of a record
├── TokenError
│   ├── TokenClosedError           the token is answered, timed out, or its execution is over (fact B29)
│   ├── TokenUnusableError         this was never a token of Step Functions
│   ├── TokenKeyError              we may not use the KMS key of the token's machine: perhaps later
│   └── AnswerRefusedError         Step Functions refused the answer itself: too long, or not JSON
├── CallbacksUnavailableError      the answer may or may not have arrived: throttled, down, timed out
├── LogUnavailableError            the log could not be read
│   ├── LogMissingError            … because its stream or its group does not exist, now or any more
│   ├── LogRefusedError            … because we may not read it
│   ├── LogTokenError              … from this token on: it is old, or of another stream
│   └── LogThrottledError          … because of too many reads at once
├── TaskDefinitionUnavailableError ECS did not return a task definition: throttled, down
│   └── TaskDefinitionRefusedError … because it does not exist, or we may not read it
├── ClusterUnavailableError        ECS did not answer: throttled, down, refused
│   └── TasksRefusedError          ECS refused the call for one of its tasks, or for all
├── ExecutionsUnavailableError     Step Functions did not return the state of an execution
│   └── ExecutionNotShownError     it will not return this one, now or later
├── UnreadableJobError             this version cannot read the definition of a job, or its gate
├── TimersUnavailableError         EventBridge Scheduler did not carry out the call
│   └── TimerRefusedError          … and never will: the schedule itself is wrong
├── AlarmsUnavailableError         a notification could not be sent
└── ExecutionError
    ├── ExecutionExistsError       an execution of this name exists (fact B32)
    ├── ExecutionThrottledError    not started, the same call may work later
    ├── ExecutionRefusedError      not started, the same call will not work later
    └── ExecutionUnknownError      no answer: it may have started
"""

from fargate_runs.errors import PortError


class StoreUnavailableError(PortError):
    """The table did not carry out the call: throttled, down or refused."""


class UnreadableRecordError(PortError):
    """This version cannot read a record: a newer version or a person wrote it. Other records can still be read.

    `task_id` is None if the record is the run's own. `problem` contains at most the one unknown word.
    """

    def __init__(self, run_id: str, task_id: str | None, problem: str) -> None:
        record = f"task {task_id} of run {run_id!r}" if task_id else f"run {run_id!r}"
        super().__init__(f"the record of {record} cannot be read: {problem}")
        self.run_id = run_id
        self.task_id = task_id
        self.problem = problem


class TokenError(PortError):
    """Step Functions did not accept the answer, and will not accept it later."""


class TokenClosedError(TokenError):
    """The token was answered or timed out, or its execution is over."""


class TokenUnusableError(TokenError):
    """This was never a token of Step Functions: another application uses a variable of the same name."""


class TokenKeyError(TokenError):
    """We may not use the KMS key of this token's machine. The answer can be sent once the permission is granted."""


class AnswerRefusedError(TokenError):
    """The token is valid, but the answer is not: too long or not JSON."""


class CallbacksUnavailableError(PortError):
    """Step Functions did not respond: our answer may or may not have arrived."""


class LogUnavailableError(PortError):
    """The log could not be read. The message is a short reason."""


class LogMissingError(LogUnavailableError):
    """The stream does not exist, or its whole group (`is_group`): nothing was written yet, or it was deleted."""

    def __init__(self, problem: str, *, is_group: bool = False) -> None:
        super().__init__(problem)
        self.is_group = is_group


class LogRefusedError(LogUnavailableError):
    """We may not read this log."""


class LogTokenError(LogUnavailableError):
    """The log cannot be read from this token on. Tokens of CloudWatch Logs are valid for 24 hours, for one stream."""


class LogThrottledError(LogUnavailableError):
    """There were too many reads at once (fact B36). The same call may work in a moment."""


class TaskDefinitionUnavailableError(PortError):
    """ECS did not return a task definition. The message is a short reason."""


class TaskDefinitionRefusedError(TaskDefinitionUnavailableError):
    """The task definition does not exist, or we may not read it. An early retry is useless."""


class ClusterUnavailableError(PortError):
    """ECS did not carry out the call, or may not have: throttled, down, timed out, refused."""


class ExecutionsUnavailableError(PortError):
    """Step Functions did not return the state of an execution: throttled, down, refused."""


class TasksRefusedError(ClusterUnavailableError):
    """ECS refused the call because of its arguments. One of several tasks may be the cause."""


class ExecutionNotShownError(ExecutionsUnavailableError):
    """Step Functions will not return this execution, or its answer cannot be read. It may return others.

    `is_denied` is true if a permission is missing, for this execution or for all.
    """

    def __init__(self, problem: str, *, is_denied: bool = False) -> None:
        super().__init__(problem)
        self.is_denied = is_denied


class ExecutionError(PortError):
    """An execution was not started, or may not have been."""


class ExecutionExistsError(ExecutionError):
    """An execution of this name exists."""


class ExecutionThrottledError(ExecutionError):
    """The execution was not started. The same call may work later."""


class ExecutionRefusedError(ExecutionError):
    """The execution was not started. The same call will not work later."""


class ExecutionUnknownError(ExecutionError):
    """Step Functions did not respond: the execution may have started."""


class UnreadableJobError(PortError):
    """This version cannot read a job's definition or its gate: a newer version or a person wrote it."""

    def __init__(self, job: str, problem: str) -> None:
        super().__init__(f"the record of job {job!r} cannot be read: {problem}")
        self.job = job
        self.problem = problem


class TimersUnavailableError(PortError):
    """EventBridge Scheduler did not carry out the call: throttled, down or refused."""


class TimerRefusedError(TimersUnavailableError):
    """EventBridge Scheduler refuses this schedule, now and later."""


class AlarmsUnavailableError(PortError):
    """The notification could not be sent: throttled, down or refused."""
