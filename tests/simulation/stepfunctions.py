"""A client twin of Step Functions: task tokens, and what can be asked about executions."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from tests.simulation.attempts import Attempt, Execution, RunSpec, as_of
from tests.simulation.executions import Executions
from tests.simulation.faults import FaultPlan, client_error
from tests.simulation.scheduler import Scheduler

if TYPE_CHECKING:
    from tests.simulation.waiting import Waits

LARGEST_OUTPUT: Final = 262_144
LONGEST_CAUSE: Final = 32_768
LONGEST_ERROR: Final = 256


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """An answer that took effect. `content` is the output, or the cause."""

    by_us: bool
    well: bool
    error: str | None
    content: str


class StepFunctions:
    """The operations. `on_answer` is told of each answer that takes effect, before the execution goes on."""

    def __init__(self, scheduler: Scheduler, plan: FaultPlan, executions: Executions) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._executions = executions
        self.answers: dict[str, TokenAnswer] = {}
        self.on_answer: Callable[[Attempt, TokenAnswer], None] = lambda _attempt, _answer: None
        self.spec_of: Callable[[str, str], RunSpec] | None = None
        self.inputs: dict[str, str] = {}
        self.waits: Waits | None = None
        self.page = 100
        self.lists_by_end = False
        #: The share of tokens whose key we may not use for as long as there are faults.
        self.keys_refused = 0.0

    # ---- tokens --------------------------------------------------------------------------------------------------

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:  # noqa: N803
        """SendTaskSuccess."""
        self._check("SendTaskSuccess", output, len(output.encode()) <= LARGEST_OUTPUT)
        self._answer("SendTaskSuccess", taskToken, TokenAnswer(True, True, None, output))
        return {}

    def send_task_failure(self, *, taskToken: str, error: str = "", cause: str = "") -> dict[str, Any]:  # noqa: N803
        """SendTaskFailure."""
        if len(cause) > LONGEST_CAUSE or len(error) > LONGEST_ERROR:
            raise client_error("SendTaskFailure", "ValidationException", "must have length less than or equal to")
        self._answer("SendTaskFailure", taskToken, TokenAnswer(True, False, error, cause))
        return {}

    def send_task_heartbeat(self, *, taskToken: str) -> dict[str, Any]:  # noqa: N803
        """SendTaskHeartbeat: nothing, where the token is open."""
        self._open("SendTaskHeartbeat", taskToken)
        return {}

    def own_answer(self, token: str, well: bool) -> None:
        """A container answers its own token, if that is still open."""
        attempt = self._executions.tokens[token]
        if not attempt.is_over:
            self._plan.count["F06"] += 1
            answer = TokenAnswer(False, well, None if well else "Job.Failed", '{"mine":1}')
            self._takes_effect(token, attempt, answer)

    def _check(self, operation: str, text: str, fits: bool) -> None:
        try:
            json.loads(text)
        except ValueError:
            fits = False
        if not fits or (len(text) > 500 and self._plan.happens(0.15)):
            self._plan.count["F10"] += 1
            raise client_error(operation, "InvalidOutput", "Invalid output")

    def _open(self, operation: str, token: str) -> Attempt:
        attempt = self._executions.tokens.get(token)
        if attempt is None:
            raise client_error(operation, "InvalidToken", "Invalid Token: 'Invalid token'")
        self._check_key(operation, token)
        if attempt.is_over:
            self._plan.count["F09"] += 1
            raise client_error(operation, "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return attempt

    def _check_key(self, operation: str, token: str) -> None:
        if self.is_withheld(token):
            self._plan.count["token-key"] += 1
            raise client_error(operation, "KmsAccessDeniedException", "not authorized to perform: kms:Decrypt")

    def is_withheld(self, token: str) -> bool:
        """Whether the token's key is one that we may not use, as long as there are faults."""
        return not self._plan.is_over and crc32(token.encode()) % 100 < 100 * self.keys_refused

    def _answer(self, operation: str, token: str, answer: TokenAnswer) -> None:
        wait = self.waits.tokens.get(token) if self.waits else None
        if wait and self.waits:
            self._check_key(operation, token)
            if not wait.is_open:
                self._plan.count["F09"] += 1
                raise client_error(operation, "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            self.waits.answered(wait)
            return
        self._takes_effect(token, self._open(operation, token), answer)

    def _takes_effect(self, token: str, attempt: Attempt, answer: TokenAnswer) -> None:
        self.answers[token] = answer
        self._scheduler.trace.add((self._scheduler.now, "answer", attempt.branch.run_id, attempt.place, answer.error))
        self.on_answer(attempt, answer)
        transient = not answer.well and '"transient":true' in answer.content
        self._executions.answered(attempt, well=answer.well, error=answer.error, transient=transient)

    # ---- executions ----------------------------------------------------------------------------------------------

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        """StartExecution: the same name and input is the same execution while it runs (fact B32)."""
        assert self.spec_of, "nobody starts executions in this world"
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        found = self._executions.all.get(arn)
        if found and (found.status != "RUNNING" or self.inputs.get(arn) != input):
            raise client_error("StartExecution", "ExecutionAlreadyExists", "Execution Already Exists")
        if found:
            self._plan.count["F13"] += 1
        self.inputs[arn] = input
        started = found or self._executions.start(self.spec_of(stateMachineArn, name))
        return {"executionArn": started.arn, "startDate": self._scheduler.datetime(started.started)}

    def stop_execution(self, *, executionArn: str, **_why: str) -> dict[str, Any]:  # noqa: N803
        """StopExecution."""
        execution = self._found("StopExecution", executionArn)
        self._executions.abort(execution)
        return {"stopDate": self._scheduler.datetime(execution.stopped)}

    def describe_execution(self, *, executionArn: str, **_options: Any) -> dict[str, Any]:  # noqa: N803
        """DescribeExecution: "eventually consistent", so what it says may be some seconds old."""
        execution = self._found("DescribeExecution", executionArn)
        since, status, redrives = as_of(execution, self._moment(5))
        shown: dict[str, Any] = {
            **self._listed(execution, since, status, redrives),
            "input": "{}",
            "redriveStatus": "NOT_REDRIVABLE" if status == "RUNNING" else "REDRIVABLE",
        }
        if execution.error and status == execution.status:
            shown["error"] = execution.error
        return shown

    def list_executions(
        self,
        *,
        stateMachineArn: str,  # noqa: N803
        statusFilter: str | None = None,  # noqa: N803
        nextToken: str | None = None,  # noqa: N803
        maxResults: int = 100,  # noqa: N803
        **_options: Any,
    ) -> dict[str, Any]:
        """The executions of a machine, "sorted by time, with the most recent execution first".

        Which time is not said: that of the start, or for one that has ended that of its end. A world has either.
        Children of a Distributed Map are not among them.
        """
        moment = self._moment(10)
        found = [
            self._listed(each, *as_of(each, moment))
            for each in self._executions.all.values()
            if each.parent is None and each.spec.machine_arn == stateMachineArn and each.started <= moment
        ]
        kept = [(self._place(each), each) for each in found if statusFilter is None or each["status"] == statusFilter]
        kept.sort(key=lambda placed: placed[0], reverse=True)
        if nextToken:
            kept = [each for each in kept if each[0] < nextToken]
        size = min(maxResults or 100, self.page)
        more = {"nextToken": kept[size - 1][0]} if len(kept) > size else {}
        return {"executions": [each for _, each in kept[:size]], **more}

    def _place(self, listed: dict[str, Any]) -> str:
        """Where an execution is in the list; a page's token is the place of its last one."""
        at = listed.get("stopDate", listed["startDate"]) if self.lists_by_end else listed["startDate"]
        return f"{at.isoformat(timespec='microseconds')} {listed['executionArn']}"

    def _moment(self, behind: float) -> float:
        """Now, or some seconds ago."""
        return self._scheduler.now - (self._plan.rng.random() * behind if self._plan.happens(0.2) else 0.0)

    def _found(self, operation: str, arn: str) -> Execution:
        execution = self._executions.all.get(arn)
        if execution is None:
            raise client_error(operation, "ExecutionDoesNotExist", "Execution Does Not Exist")
        return execution

    def _listed(self, execution: Execution, since: float, status: str, redrives: int) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "executionArn": execution.arn,
            "stateMachineArn": execution.spec.machine_arn,
            "name": execution.spec.name,
            "status": status,
            "startDate": self._scheduler.datetime(execution.started),
            "redriveCount": redrives,
        }
        if status != "RUNNING":
            shown["stopDate"] = self._scheduler.datetime(since)
        return shown
