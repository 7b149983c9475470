"""One world: the real handlers, and around them everything that AWS is to them, from one seed."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
    suppress,
)
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from unittest.mock import patch

from botocore.exceptions import ClientError

from fargate_runs import observability
from fargate_runs.aws import clients
from fargate_runs.clock import SystemClock
from fargate_runs.runs.run_folding import JUST_AFTER
from fargate_runs.usecases import start_run
from tests.fakes.ecs import MACHINES
from tests.fakes.tables import JOBS_TABLE, TABLE
from tests.simulation import template
from tests.simulation.attempts import NOT_PREPARED, Execution, RunSpec, Says
from tests.simulation.callers import Callers, SeededSecrets, spec_of_request
from tests.simulation.changes import OWN_VARIABLE, TOKEN_NAMES, Changes
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.ecs import Ecs
from tests.simulation.eventbridge import EventBridge, rules_of
from tests.simulation.executions import Executions
from tests.simulation.faults import EventFault, FaultPlan, Weather
from tests.simulation.invariants import OUR_MACHINES, Invariants
from tests.simulation.jobs import Jobs
from tests.simulation.judges import Judges
from tests.simulation.lambda_ import Lambda
from tests.simulation.lives import Life
from tests.simulation.logs import Logs
from tests.simulation.network import Client, Network
from tests.simulation.poison import poison_of
from tests.simulation.preparing import BAD_INPUT, Preparations
from tests.simulation.printed import Printed, no_metric
from tests.simulation.processes import factory_of, forget_what_is_cached, sleep
from tests.simulation.profile import Profile, Theme, spec_of
from tests.simulation.scheduler import BEGINNING, Scheduler, current_process
from tests.simulation.slots import Slots
from tests.simulation.stepfunctions import StepFunctions
from tests.simulation.stops import Stops
from tests.simulation.swept import Swept
from tests.simulation.tables import Tables
from tests.simulation.tasks import OTHER_CLUSTER_ARN, REMEMBERS, Order, Task
from tests.simulation.template import Function
from tests.simulation.violations import ViolationError
from tests.simulation.waiting import Waits

FUNCTIONS: Final = (
    *("task_state_change", "execution_state_change", "sweep", "api", "judge_task", "prepare_run", "wait_for_slot"),
)
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be fixed of a world; the rest is the seed's."""

    runs: int | None = None
    weather: Weather | None = None


class World:
    """Everything around the handlers. Use it with `inhabited()`, which puts the handlers into it."""

    def __init__(self, seed: int, settings: Settings = Settings()) -> None:
        self.seed = seed
        rng = Random(seed)  # the one source of chance
        self.profile = Profile.of(rng, runs=settings.runs)
        self.plan = self._plan_of(rng, settings)
        self.rng = rng
        self.scheduler = Scheduler()
        self._planned: dict[str, RunSpec] = {}
        self._bad_inputs: set[str] = set()
        self.functions = {name: each for name, each in template.functions().items() if name in FUNCTIONS}
        self._build()
        self._connect()

    def _plan_of(self, rng: Random, settings: Settings) -> FaultPlan:
        plan, profile = FaultPlan.of(rng, settings.weather or self.profile.weather), self.profile
        if profile.theme is Theme.RETRIES:
            plan.events += (EventFault.LOST, EventFault.LOST)
        plan.mail = settings.weather or profile.mail
        plan.brittle = profile.brittle
        plan.spared = "sweep" if profile.spares_sweeps else None
        return plan

    def _build(self) -> None:
        scheduler, plan, profile = self.scheduler, self.plan, self.profile
        self.table = DynamoDb(
            template.table(), TABLE, now=lambda: scheduler.now, lag=self._lag, page=max(profile.page, 2)
        )
        self.jobs_table = DynamoDb(template.table("JobsTable"), JOBS_TABLE, now=lambda: scheduler.now)
        self.ecs = Ecs(scheduler, plan)
        self.executions = Executions(scheduler, plan, self.ecs)
        self._widen()
        self.stepfunctions = StepFunctions(scheduler, plan, self.executions)
        self.stepfunctions.lists_by_end = profile.lists_by_end
        self.logs = Logs(plan)
        self.ecs.hidden = profile.hidden
        self.ecs.page = self.stepfunctions.page = profile.page
        self.network = Network(scheduler, plan)
        self.lambda_ = Lambda(scheduler, plan, self.network, self.functions)
        self.lambda_.concurrency = profile.concurrency
        self.bus = EventBridge(
            scheduler, plan, rules_of(self.functions), template.archive_pattern(), self.lambda_.invoke
        )
        self.judges = Judges(scheduler, plan, self.lambda_, self.ecs)
        self.callers = Callers(scheduler, plan, self.lambda_)
        self.invariants = Invariants(self.table, self.ecs, self.executions, self.stepfunctions.answers)
        self.invariants.may_forget = profile.sweep_pause[1] - profile.sweep_pause[0] > REMEMBERS
        self.preparations = Preparations(scheduler, plan, self.lambda_, self.invariants)
        self._limit_jobs()
        self._prepare_badly()
        self._refuse_keys()
        chances = Random(f"{self.seed} and stops")
        self.stops = Stops(scheduler, chances, self.lambda_, self.executions, self.invariants, self.table)
        self.swept = Swept(self.invariants, lambda: scheduler.now, self.table, self.ecs, self.executions)
        self.swept.is_calm = plan.weather is Weather.CALM and not plan.brittle
        self.changes = Changes(self.more, plan, scheduler, self.table, self.lambda_)
        self.printed = Printed()

    def _widen(self) -> None:
        """What only some worlds have, by chances of its own."""
        more = self.more = self.executions.more = Random(f"{self.seed} and more")
        self.executions.answers_lost = more.choice((0.0, 0.0, 0.1, 0.4))
        self.executions.throttled = more.choice((0.0, 0.0, 0.1))
        self.executions.has_limits = more.random() < 0.5
        self.ecs.shows_deleted = more.random() < 0.3
        self.intrudes = more.random() < 0.3

    def _limit_jobs(self) -> None:
        """In some worlds runs are of jobs with a limit."""
        chances = Random(f"{self.seed} and jobs")
        self.jobs = Jobs(chances, self.scheduler, self.plan, self.jobs_table)
        self.waits = Waits(chances, self.scheduler, self.plan, self.lambda_)
        self.slots = Slots(self.jobs, self.jobs_table, self.executions, self.invariants)
        self.slots.now = lambda: self.scheduler.now
        self.slots.is_ahead = lambda: self.lambda_.sweeps_ahead > 0
        self.slots.waiting = self.waits.waiting
        self.preparations.waits = self.stepfunctions.waits = self.waits
        self.preparations.on_let_in = self.slots.on_let_in
        self.executions.on_skipped = lambda execution: self.slots.skipped.add(execution.spec.name)
        self.callers.of_job = self.jobs.asked

    def _prepare_badly(self) -> None:
        """How often Lambda fails the first state of a machine: in some worlds hardly a run gets through."""
        chances = self.preparations.chances = Random(f"{self.seed} and preparing")
        calm = self.plan.weather is Weather.CALM
        self.preparations.fails = 0.0 if calm else chances.choice((0.0, 0.1, 0.1, 0.4, 0.9))
        self.waits.fails = self.preparations.fails
        self.refuses = 0.0 if calm else chances.choice((0.0, 0.05))

    def _refuse_keys(self) -> None:
        """In some worlds the key of a machine of users is not ours to use, until somebody gives us that right."""
        share = Random(f"{self.seed} and keys").choice((0.0, 0.0, 0.0, 0.1, 0.5))
        self.stepfunctions.keys_refused = 0.0 if self.plan.weather is Weather.CALM else share
        self.invariants.is_withheld = self.stepfunctions.is_withheld

    def _connect(self) -> None:
        self.ecs.emit = self._task_changed
        self.bus.bury = self.lambda_.bury
        self.ecs.is_known = lambda task: not task.is_ours or self.invariants.record(task) is not None
        self.ecs.on_stop = self.invariants.on_stop
        self.ecs.own_answer = self.stepfunctions.own_answer
        self.executions.judge = self.judges.judge
        self.executions.prepare = self.preparations.prepare
        self.executions.prepares = lambda execution: execution.spec.machine_arn in OUR_MACHINES
        self.preparations.input_of = lambda execution: self.stepfunctions.inputs[execution.arn]
        self.executions.judging_machine = MACHINES.sync
        self.executions.on_status = self._status_changed
        self.stepfunctions.on_answer = self.invariants.on_answer
        self.stepfunctions.spec_of = self._spec_of
        self.stops.read = self.callers.read
        self.callers.on_accepted = self.stops.plan
        self.invariants.is_asked_to_stop = lambda run_id: run_id in self.stops.asked or self.slots.is_replaced(run_id)
        self.stops.is_replaced = self.slots.is_replaced
        self.lambda_.on_cold_start = self._begin_process
        self.lambda_.on_error = self.invariants.on_error
        self.lambda_.on_success = self.invariants.on_acknowledged
        self.lambda_.on_start = self.swept.on_start
        self.lambda_.on_return = self.swept.on_return
        self.invariants.now = lambda: self.scheduler.now
        self.invariants.is_recovery = lambda: self.network.caller is not None and self.network.caller.recovers

    # ---- putting the handlers in ---------------------------------------------------------------------------------

    @contextmanager
    def inhabited(self) -> Iterator["World"]:
        """Clients, clock, settings and output of the handlers are this world's."""
        with ExitStack() as stack:
            for service, twin in self._twins().items():
                stack.enter_context(patch.object(clients, service, factory_of(Client(service, twin)), create=True))
            stack.enter_context(patch.object(clients, "starts", clients.stepfunctions))
            stack.enter_context(patch.object(SystemClock, "now", lambda _self: self._now()))
            stack.enter_context(patch.object(SystemClock, "sleep", lambda _self, seconds: sleep(seconds), create=True))
            stack.enter_context(patch.object(start_run, "secrets", SeededSecrets(self.rng)))
            stack.enter_context(patch.dict(os.environ, clear=False))
            stack.enter_context(redirect_stdout(self.printed))
            stack.enter_context(redirect_stderr(self.printed))
            for quiet in self._output():
                stack.enter_context(quiet)
            stack.callback(forget_what_is_cached, self.functions)
            yield self

    def _output(self) -> Iterator[AbstractContextManager[object]]:
        """Where messages and metrics go. Making them is half of the work, so only some worlds do (invariant I9)."""
        yield patch.object(logging.getLogger(observability.SERVICE), "propagate", False)
        if self.profile.prints:
            for handler in observability.logger.handlers:
                yield patch.object(handler, "stream", self.printed)
        else:
            yield patch.object(observability, "single_metric", no_metric)
            yield patch.object(logging.getLogger(observability.SERVICE), "disabled", True)

    def _twins(self) -> dict[str, object]:
        return {
            "dynamodb": Tables(self.table, self.jobs_table),
            "stepfunctions": self.stepfunctions,
            "ecs": self.ecs,
            "logs": self.logs,
        }

    def _begin_process(self, function: Function) -> None:
        """Nothing is remembered, and the environment is what the function's settings are read from at its first use."""
        forget_what_is_cached((function.module,))
        for name in [name for each in template.functions().values() for name in each.environment]:
            os.environ.pop(name, None)
        os.environ.update({**function.environment, **CREDENTIALS, **self._changed_in(function)})

    def _changed_in(self, function: Function) -> Mapping[str, str]:
        """Settings of the function that are not the template's."""
        return {name: value for name, value in self.changes.environment.items() if name in function.environment}

    def _now(self) -> datetime:
        process = current_process()
        skew = process.skew if process else 0.0
        return BEGINNING + timedelta(seconds=self.scheduler.now + skew)

    def _lag(self) -> float:
        return 0.0 if self.plan.is_over else self.rng.random() * self.profile.lag

    # ---- what happens in it --------------------------------------------------------------------------------------

    def _task_changed(self, task: Task, detail: dict[str, Any]) -> None:
        self.bus.put(self.bus.envelope("aws.ecs", "ECS Task State Change", task.arn, detail))

    def _intrude(self, execution: Execution) -> None:
        """Somebody starts a task of their own with what the environment of an ended run's task says."""
        if self.plan.is_over or execution.status == "RUNNING":
            return
        given = {"RUN_ID": execution.spec.name, "RUN_EXECUTION_ARN": execution.arn, "RUN_ATTEMPT": "1"}
        kept = given if self.more.random() < 0.5 else {"RUN_ID": execution.spec.name}
        task = self.ecs.run_task(Order(Life.of(self.more, has_token=False), kept))
        self.invariants.intruders[task.arn] = execution

    def _start_anew(self, execution: Execution) -> None:
        """A run that could not be prepared has started nothing: somebody starts it again under another name."""
        if execution.error == NOT_PREPARED and execution.spec.name in self._planned and not execution.redrives:
            spec = replace(execution.spec, name=f"{execution.spec.name}-again", redrive_after=None)
            if not execution.spec.name.endswith("-again"):
                self.scheduler.after(1 + self.preparations.chances.random() * 60, self._start, spec)

    def _status_changed(self, execution: Execution) -> None:
        self._start_anew(execution)
        if self.intrudes and execution.status != "RUNNING" and execution.spec.says is Says.ALL and not execution.parent:
            later = JUST_AFTER.total_seconds() + 5 + self.more.random() * 60
            self.scheduler.after(later, self._intrude, execution)
        stopped = (
            None if execution.stopped is None else int(self.scheduler.datetime(execution.stopped).timestamp() * 1e3)
        )
        detail = {
            "executionArn": execution.arn,
            "stateMachineArn": execution.spec.machine_arn,
            "name": execution.spec.name,
            "status": execution.status,
            "startDate": int(self.scheduler.datetime(execution.started).timestamp() * 1_000),
            "stopDate": stopped,
            "input": "{}",
            "inputDetails": {"included": True},
            "output": None,
            "outputDetails": None,
            "error": execution.error,
            "cause": None,
            "redriveCount": execution.redrives,
        }
        event = self.bus.envelope("aws.states", "Step Functions Execution Status Change", execution.arn, detail)
        self.bus.put(event, best_effort=True)

    def begin(self) -> None:
        """Put runs, foreign tasks and poison on their way."""
        profile, rng = self.profile, self.rng
        self.jobs.begin()
        self.changes.begin(self.functions["sweep"].environment[TOKEN_NAMES], self.invariants)
        for n in range(profile.runs):
            spec = self._with_own_variable(spec_of(rng, f"run-{self.seed}-{n}", profile.theme))
            self.scheduler.after(rng.random() * profile.arrive_within, self._start, spec)
        for n in range(self.jobs.more_runs):
            spec = self.jobs.spec_of(f"job-run-{self.seed}-{n}")
            self.scheduler.after(self.jobs.chances.random() * 120, self._start, spec)
        for _ in range(profile.callers):
            start = self.callers.start_once if self.more.random() < 0.5 else self.callers.start
            self.scheduler.after(rng.random() * 100, start)
        for _ in range(profile.poison):
            self.scheduler.after(rng.random() * 300, self._poison)
        if rng.random() < 0.3:
            self.scheduler.after(rng.random() * 300, self._foreign)
        if rng.random() < 0.2:
            self.scheduler.after(rng.random() * profile.active_for, self.lambda_.redrive)
        self._schedule_sweep()

    def _with_own_variable(self, spec: RunSpec) -> RunSpec:
        """A machine of somebody else may have a name of its own for the variable that holds the token."""
        has_own = self.changes.renames_after is not None and spec.token_variable != "TASK_TOKEN"
        return replace(spec, token_variable=OWN_VARIABLE) if has_own else spec

    def _start(self, spec: RunSpec) -> None:
        """Somebody starts a run; a caller that got no answer does it again (fault F13)."""
        self._planned[spec.name] = spec = self._of_our_machine(spec)
        if self.refuses and self.preparations.chances.random() < self.refuses:
            self._bad_inputs.add(spec.name)
        self._start_execution(spec)
        self.stops.plan([f"{spec.name}:{n}" for n in range(spec.items)] or [spec.name])
        if self.plan.happens(0.2):
            self.scheduler.after(self.rng.random() * 3, self._start_execution, spec)

    def _start_execution(self, spec: RunSpec) -> None:
        """The same name and input: the same execution, or none where that one has ended."""
        with suppress(ClientError):
            given = BAD_INPUT if spec.name in self._bad_inputs else self._input_of(spec)
            self.stepfunctions.start_execution(stateMachineArn=spec.machine_arn, name=spec.name, input=given)

    def _of_our_machine(self, spec: RunSpec) -> RunSpec:
        """Only our machines ask for slots, and none of them tries again after a time-out of its state."""
        return replace(spec, retries_timeouts=False) if '"job"' in self._input_of(spec) else spec

    def _input_of(self, spec: RunSpec) -> str:
        return self.jobs.input_of(spec.name) if spec.machine_arn in OUR_MACHINES else "{}"

    def _spec_of(self, machine_arn: str, name: str) -> RunSpec:
        return self._planned.get(name) or spec_of_request(self.rng, machine_arn, name)

    def _poison(self) -> None:
        self.plan.count["F22"] += 1
        self.bus.send_raw("task_state_change", poison_of(self.rng))

    def _foreign(self) -> None:
        """Tasks that nobody started as runs: in our cluster they are recorded, in another they are nothing to us."""
        self.plan.count["F21"] += 1
        cluster = {} if self.rng.random() < 0.5 else {"cluster": OTHER_CLUSTER_ARN}
        self.ecs.run_task(Order(Life.of(self.rng, has_token=False), {}, started_by="ecs-svc/1", **cluster))

    def _schedule_sweep(self) -> None:
        profile, now = self.profile, self.scheduler.now
        if self.plan.is_over:
            return
        is_missed = self.plan.happens(profile.sweeps_missed)
        if not is_missed and not profile.sweep_pause[0] <= now < profile.sweep_pause[1]:
            for _ in range(1 + self.plan.happens(0.1)):
                self.sweep()
        self.scheduler.after(profile.sweep_every, self._schedule_sweep)

    def sweep(self) -> None:
        """EventBridge Scheduler invokes the sweep."""
        self.lambda_.invoke("sweep", {})

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.scheduler.run(self.scheduler.now + seconds)
        if self.printed.leak is not None or self.callers.leak is not None:
            raise ViolationError("I9", "a token or an environment value was printed, or answered by the API")
        if self.callers.unexpected is not None:
            raise ViolationError("I1", self.callers.unexpected)
