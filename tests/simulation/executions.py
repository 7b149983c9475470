"""Executions of state machines, as far as ECS tasks are concerned: attempts, tokens, time-outs, retries, aborts."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from tests.simulation.attempts import (
    FAILED_FOR_GOOD,
    SKIPPED,
    TOKEN_CANARY,
    Attempt,
    Branch,
    Execution,
    Pattern,
    RunSpec,
    Says,
)
from tests.simulation.ecs import Ecs
from tests.simulation.faults import FaultPlan
from tests.simulation.lives import TRANSIENT, Ending, Life
from tests.simulation.scheduler import Scheduler
from tests.simulation.tasks import Order, Task


class Executions:
    """Runs executions. `on_status` is told of each change of status."""

    def __init__(self, scheduler: Scheduler, plan: FaultPlan, ecs: Ecs) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._rng = plan.rng
        self._ecs = ecs
        self.all: dict[str, Execution] = {}
        self.tokens: dict[str, Attempt] = {}
        self.of_task: dict[str, Attempt] = {}
        self.on_status: Callable[[Execution], None] = lambda _execution: None
        self.on_skipped: Callable[[Execution], None] = lambda _execution: None
        ecs.on_stopped = self._task_stopped
        #: Prepares a run of our machines; None where nobody does.
        self.prepare: Callable[[Execution, Callable[[str | None], None]], None] | None = None
        self.prepares: Callable[[Execution], bool] = lambda _execution: False
        #: Asks why the task of a `.sync` state failed; None where nobody does, as in a machine of somebody else.
        self.judge: Callable[[Attempt, Task, Callable[[str, bool], None]], None] | None = None
        self.judging_machine = ""
        #: The chance that the answer of RunTask is lost after it was carried out, and what decides about that.
        self.answers_lost = 0.0
        self.throttled = 0.0
        self.has_limits = False
        self.more = Random(0)
        self.more_environment: Callable[[Execution], dict[str, str]] = lambda _execution: {}
        self.life: Callable[[bool], Life] = lambda has_token: Life.of(plan.rng, has_token=has_token)

    # ---- starting ------------------------------------------------------------------------------------------------

    def start(self, spec: RunSpec, parent: Execution | None = None) -> Execution:
        """A new execution, on its way from now on."""
        arn = f"{spec.machine_arn.replace(':stateMachine:', ':execution:', 1)}:{spec.name}"
        if parent:
            arn = f"{spec.machine_arn.replace(':stateMachine:', ':execution:', 1)}/Runs:{spec.name}"
        execution = Execution(arn, spec, self._scheduler.now, parent)
        self.all[arn] = execution
        self._set_status(execution, "RUNNING")
        if spec.items and spec.items_are_children:
            self._start_children(execution)
        else:
            run_ids = [f"{spec.name}:{n}" for n in range(spec.items)] or [spec.name]
            execution.branches = [Branch(execution, run_id, spec.retries) for run_id in run_ids]
            for branch in execution.branches:
                self._scheduler.after(self._rng.random(), self._enter, branch)
        if spec.abort_after is not None and parent is None:
            self._scheduler.after(spec.abort_after, self.abort, execution)
        return execution

    def _start_children(self, execution: Execution) -> None:
        spec = execution.spec
        for n in range(spec.items):
            child = RunSpec(
                name=f"{self._rng.getrandbits(64):016x}",
                machine_arn=spec.machine_arn,
                pattern=spec.pattern,
                timeout_seconds=spec.timeout_seconds,
                retries=spec.retries,
                retries_timeouts=spec.retries_timeouts,
            )
            started = self.start(child, execution)
            started.branches[0].run_id = f"{spec.name}:{n}"
            execution.children.append(started)

    # ---- attempts ------------------------------------------------------------------------------------------------

    def _enter(self, branch: Branch) -> None:
        """The first state of the machine, where it is one of ours."""
        execution = branch.execution
        if self.prepare is None or execution.is_prepared or not self.prepares(execution):
            self._begin(branch)
        else:
            self.prepare(execution, partial(self._prepared, branch, execution.redrives))

    def _prepared(self, branch: Branch, redrives: int, error: str | None) -> None:
        execution = branch.execution
        if execution.redrives != redrives or execution.status != "RUNNING":
            return
        if error is None:
            execution.is_prepared = True
            self._begin(branch)
        elif error == SKIPPED:
            self.on_skipped(execution)
            branch.done, branch.failed_with = True, None
            self._branch_is_done(execution)
        else:
            self._fails_for_good(branch, error)

    def _fails_for_good(self, branch: Branch, error: str) -> None:
        """The state "The run failed": a redrive enters it again."""
        if branch.execution.status == "RUNNING":
            branch.done, branch.failed_with = True, error
            self._branch_is_done(branch.execution)

    def _begin(self, branch: Branch) -> None:
        execution = branch.execution
        if execution.status != "RUNNING" or branch.done:
            return
        spec = execution.spec
        token = f"{TOKEN_CANARY}-{self._rng.getrandbits(96):024x}" if spec.pattern is Pattern.CALLBACK else None
        attempt = Attempt(branch, 1 + branch.tasks_failed + execution.redrives, token, len(branch.attempts) + 1)
        branch.attempts.append(attempt)
        if token:
            self.tokens[token] = attempt
        if self._plan.happens(0.05):
            self._plan.count["F12"] += 1
            self._fails(attempt, "AmazonECS.Unknown", again=True)
            return
        if self._happens_more(self.throttled):
            self._plan.count["B24"] += 1
            self._fails(attempt, "ECS.AmazonECSException", again=True)
            return
        sync = spec.pattern is Pattern.SYNC
        life = self.life(token is not None)
        if spec.retries_timeouts and branch.retries_left and self._rng.random() < spec.hangs:
            life = replace(life, ending=Ending.FOREVER)  # what a retry replaces
        elif spec.is_brisk:
            life = life.brisk(self._rng)
        order = Order(
            life,
            self._environment(attempt),
            started_by="AWS Step Functions" if sync else None,
            provider="FARGATE_SPOT" if self._rng.random() < 0.3 else "FARGATE",
        )
        attempt.task = self._ecs.run_task(order)
        self.of_task[attempt.task.arn] = attempt
        if self._happens_more(self.answers_lost):
            self._plan.count["B43"] += 1
            attempt.is_unknown = attempt.is_over = True
            self._scheduler.after(self.more.random() * 8, self._begin, branch)
            return
        if len(branch.attempts) > 1:
            self._plan.count["F20"] += 1
        if spec.pattern is Pattern.REQUEST_RESPONSE:
            self._scheduler.after(0.5, self._succeeds, attempt)
        else:
            self._scheduler.after(spec.timeout_seconds, self._times_out, attempt)

    def _happens_more(self, chance: float) -> bool:
        """By chances of its own, so that worlds without these faults stay what they are."""
        return not self._plan.is_over and chance > 0 and self.more.random() < chance

    def _environment(self, attempt: Attempt) -> dict[str, str]:
        branch = attempt.branch
        spec = branch.execution.spec
        given: dict[str, str | None] = {
            "RUN_ID": None if spec.says is Says.NOTHING else branch.run_id,
            "RUN_EXECUTION_ARN": branch.execution.arn if spec.says is Says.ALL else None,
            "RUN_ATTEMPT": str(attempt.number) if spec.says is Says.ALL else None,
            "RUN_TIMEOUT_SECONDS": self._limit_of(spec),
            spec.token_variable: attempt.token,
            **self.more_environment(branch.execution),
        }
        return {name: value for name, value in given.items() if value is not None}

    def _limit_of(self, spec: RunSpec) -> str | None:
        """A task that nobody waits for is told its own limit."""
        is_so = self.has_limits and spec.says is Says.ALL and spec.pattern is Pattern.REQUEST_RESPONSE
        return str(int(spec.timeout_seconds)) if is_so else None

    def answered(self, attempt: Attempt, *, well: bool, error: str | None, transient: bool) -> None:
        """The token's answer has taken effect."""
        if well:
            self._succeeds(attempt)
        else:
            self._fails(attempt, error or "", again=transient)

    def _task_stopped(self, task: Task) -> None:
        attempt = self.of_task.get(task.arn)
        if attempt and attempt.branch.execution.spec.pattern is Pattern.SYNC:
            self._scheduler.after(1 + self._rng.random() * 4, self._sync_ends, attempt)

    def _sync_ends(self, attempt: Attempt) -> None:
        """Step Functions itself learns of the end; any container's non-zero exit fails the state (fact B22)."""
        task = attempt.task
        if attempt.is_over or task is None:
            return
        codes = [each.get("exitCode") for each in task.containers if not each["name"].startswith("aws-")]
        if codes and all(code == 0 for code in codes) and task.stop_code == "EssentialContainerExited":
            self._succeeds(attempt)
        elif self.judge and attempt.branch.execution.spec.machine_arn == self.judging_machine:
            attempt.is_over = True
            self.judge(attempt, task, partial(self._judged, attempt, attempt.branch.execution.redrives))
        else:
            self._fails(attempt, "States.TaskFailed", again=task.order.life.ending in TRANSIENT)

    def _judged(self, attempt: Attempt, redrives: int, error: str, again: bool) -> None:
        """The machine goes on, unless it was aborted while it waited for the verdict."""
        if attempt.branch.execution.redrives == redrives:
            self._fails(attempt, error, again=again)

    def _times_out(self, attempt: Attempt) -> None:
        if attempt.is_over or attempt.branch.execution.status != "RUNNING":
            return
        self._plan.count["F15" if attempt.task and attempt.task.last_status != "RUNNING" else "F19"] += 1
        self._abandon(attempt)
        self._fails(attempt, "States.Timeout", again=attempt.branch.execution.spec.retries_timeouts)

    def _abandon(self, attempt: Attempt) -> None:
        """Close the token; for `.sync` stop the task, best effort (fact B26)."""
        attempt.is_over = True
        execution = attempt.branch.execution
        if execution.spec.pattern is not Pattern.SYNC or attempt.task is None or self._plan.happens(0.3):
            return
        reason = f"AWS Step Functions execution [{execution.arn}] managing this resource was aborted"
        self._scheduler.after(self._rng.random() * 3, self._stop, attempt.task, reason)

    def _stop(self, task: Task, reason: str) -> None:
        if task.is_live:
            self._ecs.stop(task, reason[:255])

    def _succeeds(self, attempt: Attempt) -> None:
        if attempt.is_over:
            return
        attempt.is_over = True
        branch = attempt.branch
        branch.done, branch.failed_with = True, None
        self._branch_is_done(branch.execution)

    def _fails(self, attempt: Attempt, error: str, *, again: bool) -> None:
        attempt.is_over = True
        branch = attempt.branch
        if branch.execution.status != "RUNNING":
            return
        if again and branch.retries_left > 0:
            branch.retries_left -= 1
            branch.tasks_failed += attempt.task is not None
            self._scheduler.after(1 + self._rng.random() * 20, self._begin, branch)
            return
        branch.done, branch.failed_with = True, error
        self._branch_is_done(branch.execution)

    # ---- the end of executions -----------------------------------------------------------------------------------

    def _branch_is_done(self, execution: Execution) -> None:
        if execution.status != "RUNNING":
            return
        failed = next((each.failed_with for each in execution.branches if each.failed_with is not None), None)
        if failed is not None and not execution.spec.tolerates_failures:
            timed_out = failed == "States.Timeout" and self._rng.random() < 0.5
            self._close(execution, "TIMED_OUT" if timed_out else "FAILED", failed)
        elif all(each.done for each in execution.branches):
            self._close(execution, "SUCCEEDED")

    def _child_is_done(self, parent: Execution) -> None:
        if parent.status != "RUNNING":
            return
        if any(each.has_failed for each in parent.children) and not parent.spec.tolerates_failures:
            self._close(parent, "FAILED", "States.ExceedToleratedFailureThreshold")
        elif all(each.status != "RUNNING" for each in parent.children):
            self._close(parent, "SUCCEEDED")

    def abort(self, execution: Execution) -> None:
        """Somebody stops an execution."""
        if execution.status == "RUNNING":
            self._plan.count["F19"] += 1
            self._plan.count["F23"] += 1
            self._close(execution, "ABORTED")

    def _close(self, execution: Execution, status: str, error: str | None = None) -> None:
        """`error` is not kept for a time-out: AWS gives none (fact B40)."""
        execution.stopped, execution.error = self._scheduler.now, None if status == "TIMED_OUT" else error
        self._set_status(execution, status)
        for branch in execution.branches:
            for attempt in branch.attempts:
                if not attempt.is_over:
                    self._abandon(attempt)
        for child in execution.children:
            if child.status == "RUNNING":
                self._close(child, "ABORTED")
        if execution.parent:
            self._child_is_done(execution.parent)
        elif execution.has_failed and execution.spec.redrive_after is not None and not execution.redrives:
            self._scheduler.after(execution.spec.redrive_after, self._redrive, execution)

    def _redrive(self, execution: Execution) -> None:
        """Go on from what failed, with new tokens (fact B32)."""
        if self._plan.is_over or not execution.has_failed or execution.children:
            return
        self._plan.count["F19"] += 1
        execution.redrives += 1
        execution.stopped = execution.error = None
        self._set_status(execution, "RUNNING")
        for branch in execution.branches:
            if branch.failed_with in FAILED_FOR_GOOD:
                self._scheduler.after(self._rng.random(), self._fails_for_good, branch, branch.failed_with)
            elif branch.failed_with is not None or not branch.done:
                branch.done, branch.failed_with = False, None
                branch.retries_left = execution.spec.retries
                self._scheduler.after(self._rng.random(), self._enter, branch)

    def _set_status(self, execution: Execution, status: str) -> None:
        execution.status = status
        execution.history.append((self._scheduler.now, status, execution.redrives))
        self._scheduler.trace.add((self._scheduler.now, "execution", execution.spec.name, status, execution.redrives))
        self.on_status(execution)
