"""What is mutated, the tests that must notice, and the mutants that nobody can notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = PROJECT / "build/mutation"  # where `make mutation` puts requirements/mutation.txt
REPORT = PROJECT / "docs/mutation.md"


def name_of(module: str) -> str:
    """Returns the place of a module in the package."""
    return module.removeprefix("fargate_runs.").replace(".", "/") + ".py"


@dataclass(frozen=True)
class Target:
    """A module of decisions, and its tests."""

    module: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """The place of the module in the package, as in `jobs/slots.py`."""
        return name_of(self.module)

    @property
    def path(self) -> Path:
        """The source of the module."""
        return PROJECT / "functions" / (self.module.replace(".", "/") + ".py")


@dataclass(frozen=True)
class Equivalent:
    """A mutant that behaves as the code does, and why. `before` and `after` are the changed line."""

    module: str
    before: str
    after: str
    why: str


_DECISIONS = "tests/unit/test_decisions.py"
_DOCUMENT = "tests/unit/test_settling_document.py"
_ATTEMPTS = "tests/unit/test_attempts_of_a_run.py"
_RUN_STATE = "tests/unit/test_run_state.py"
_SLOTS = "tests/unit/test_slots.py"
_SLOT_KEEPER = "tests/unit/test_slot_keeper.py"
_CRON = "tests/unit/test_cron.py"
_LATE_JOBS = "tests/unit/test_late_jobs.py"
_JOBS = "tests/unit/test_jobs_use_cases.py"
_OUTCOMES = ("tests/unit/test_outcome.py", "tests/unit/test_start_failures.py")
# The tests that most mutants fail stand first: a mutant's run ends with the first failure.
TARGETS = (
    Target("fargate_runs.runs.settle", ("tests/unit/test_settle.py", _DECISIONS, _DOCUMENT)),
    Target(
        "fargate_runs.runs.abandoned",
        (
            "tests/unit/test_abandoned.py",
            "tests/unit/test_started_twice.py",
            "tests/unit/test_stop_asked.py",
            _DECISIONS,
            _DOCUMENT,
        ),
    ),
    Target(
        "fargate_runs.runs.run_state",
        (
            _RUN_STATE,
            _DECISIONS,
            _ATTEMPTS,
            "tests/unit/test_run_state_folding.py",
            "tests/unit/test_stop_run.py",
            _DOCUMENT,
        ),
    ),
    Target(
        "fargate_runs.runs.run_folding",
        (
            "tests/unit/test_run_state_folding.py",
            "tests/unit/test_names_used_again.py",
            "tests/unit/test_unseen_tasks.py",
            _DECISIONS,
            _ATTEMPTS,
            _RUN_STATE,
        ),
    ),
    Target("fargate_runs.runs.billed", ("tests/unit/test_usage.py",)),
    Target("fargate_runs.runs.attempts", ("tests/unit/test_attempts.py",)),
    Target("fargate_runs.runs.overrides", ("tests/unit/test_overrides.py",)),
    Target(
        "fargate_runs.runs.allowed_definitions",
        (
            "tests/unit/test_prepare_run.py",
            "tests/unit/test_prepare_run_of_a_job.py",
            "tests/unit/test_start_and_show.py",
        ),
    ),
    Target("fargate_runs.runs.time_limit", ("tests/unit/test_time_limit.py",)),
    Target("fargate_runs.runs.run_verdict", (_RUN_STATE, _DOCUMENT)),
    Target("fargate_runs.answers.cursor", ("tests/unit/test_cursor.py",)),
    Target("fargate_runs.usecases.stop_run", ("tests/unit/test_stop_run.py", "tests/unit/test_stop_asked.py")),
    Target("fargate_runs.usecases.rerun", ("tests/unit/test_rerun.py",)),
    Target("fargate_runs.outcomes.starts", ("tests/unit/test_starts.py", *_OUTCOMES)),
    Target("fargate_runs.outcomes.evidence", ("tests/unit/test_evidence.py", *_OUTCOMES)),
    Target("fargate_runs.outcomes.refused_start", ("tests/unit/test_refused_start.py",)),
    Target("fargate_runs.jobs.slots", (_SLOTS, "tests/unit/test_gatekeeper.py")),
    Target("fargate_runs.jobs.gate", (_SLOTS,)),
    Target("fargate_runs.usecases.slots.admission", ("tests/unit/test_admission.py",)),
    Target("fargate_runs.usecases.slots.gatekeeper", ("tests/unit/test_gatekeeper.py",)),
    Target("fargate_runs.usecases.slots.slot_keeper", (_SLOT_KEEPER, "tests/unit/test_unseen_tasks.py")),
    Target("fargate_runs.usecases.slots.wait_for_slot", (_SLOT_KEEPER,)),
    Target("fargate_runs.usecases.sweep.slots", ("tests/unit/test_sweep_slots.py", "tests/unit/test_unseen_tasks.py")),
    Target("fargate_runs.jobs.merging", ("tests/unit/test_merging.py",)),
    Target("fargate_runs.runs.run_status", (_RUN_STATE, "tests/unit/test_settle.py")),
    Target("fargate_runs.jobs.cron", (_CRON,)),
    Target("fargate_runs.jobs.expressions", (_CRON,)),
    Target("fargate_runs.jobs.run_ids", ("tests/unit/test_scheduled_run_ids.py",)),
    Target("fargate_runs.usecases.jobs.start_scheduled", ("tests/unit/test_start_scheduled_run.py",)),
    Target("fargate_runs.jobs.lateness", (_LATE_JOBS,)),
    Target("fargate_runs.usecases.sweep.late_jobs", (_LATE_JOBS,)),
    Target("fargate_runs.usecases.jobs.apply", ("tests/unit/test_apply_job.py",)),
    Target("fargate_runs.usecases.jobs.delete", (_JOBS,)),
    Target("fargate_runs.usecases.jobs.backfill", ("tests/unit/test_backfill.py",)),
    Target("fargate_runs.usecases.jobs.pause", (_JOBS,)),
    Target("fargate_runs.usecases.jobs.start", ("tests/unit/test_start_job_run.py", _JOBS)),
)

_MEMBERS = "Both sides are members of one enum: singletons, and none equals another."

EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent(
        "fargate_runs.runs.overrides",
        "if pattern is Pattern.CALLBACK:",
        "if pattern <= Pattern.CALLBACK:",
        "As texts, no other member is less.",
    ),
    Equivalent(
        "fargate_runs.runs.overrides",
        'return {"RUN_TIMEOUT_SECONDS": str(timeout_seconds)} if pattern is Pattern.REQUEST_RESPONSE else {}',
        'return {"RUN_TIMEOUT_SECONDS": str(timeout_seconds)} if pattern <= Pattern.REQUEST_RESPONSE else {}',
        "A callback does not come here, and sync is the greater text.",
    ),
    Equivalent(
        "fargate_runs.runs.attempts",
        "provider = Provider.ON_DEMAND if capacity is Capacity.ON_DEMAND else Provider.SPOT",
        "provider = Provider.ON_DEMAND if capacity <= Capacity.ON_DEMAND else Provider.SPOT",
        "As texts, no other member is less.",
    ),
    Equivalent(
        "fargate_runs.runs.attempts",
        "on_spot = plan.capacity is Capacity.SPOT_FIRST and plan.provider is Provider.SPOT",
        "on_spot = plan.capacity >= Capacity.SPOT_FIRST and plan.provider is Provider.SPOT",
        "As texts, no other member is greater.",
    ),
    Equivalent(
        "fargate_runs.runs.attempts",
        "on_spot = plan.capacity is Capacity.SPOT_FIRST and plan.provider is Provider.SPOT",
        "on_spot = plan.capacity is Capacity.SPOT_FIRST and plan.provider >= Provider.SPOT",
        "As texts, no other member is greater.",
    ),
    Equivalent(
        "fargate_runs.runs.attempts",
        "_Row(_leaves_spot, lambda plan: replace(plan, provider=Provider.ON_DEMAND), lambda _: 0),",
        "_Row(_leaves_spot, lambda plan: replace(plan, provider=Provider.ON_DEMAND), lambda _: -1),",
        "A part below one of one second, in whole seconds, is as little as a part of none.",
    ),
    Equivalent(
        "fargate_runs.outcomes.evidence",
        "killed = [each for each in self.containers if each.exit_code == SIGKILL]",
        "killed = [each for each in self.containers if each.exit_code is SIGKILL]",
        "CPython has one object for each small number.",
    ),
    Equivalent(
        "fargate_runs.outcomes.evidence",
        "return counted[0] if len(counted) == 1 else None",
        "return counted[ -1] if len(counted) == 1 else None",
        "The first of one is the last.",
    ),
    Equivalent(
        "fargate_runs.runs.run_state",
        "stands = self.task is None and self.given_up and status is _GIVEN_UP_AT[self.given_up]",
        "stands = self.task is None and self.given_up and status == _GIVEN_UP_AT[self.given_up]",
        _MEMBERS,
    ),
    Equivalent(
        "fargate_runs.outcomes.refused_start",
        "return next(rule.advice for rule in RULES if rule.error is error)",
        "return next(rule.advice for rule in RULES if rule.error == error)",
        _MEMBERS,
    ),
    Equivalent(
        "fargate_runs.outcomes.refused_start",
        "no_capacity = error is ErrorName.CAPACITY_UNAVAILABLE",
        "no_capacity = error <= ErrorName.CAPACITY_UNAVAILABLE",
        "Only errors of a task's start come here, and as texts none of them is less.",
    ),
    Equivalent(
        "fargate_runs.runs.abandoned",
        "return verdict is Verdict.STOP",
        "return verdict <= Verdict.STOP",
        "Only LEAVE and STOP come here, and as texts LEAVE is the greater one.",
    ),
    Equivalent(
        "fargate_runs.runs.abandoned",
        "return False",
        "return None",
        "Only any() asks, and None counts as False there.",
    ),
    Equivalent(
        "fargate_runs.runs.abandoned",
        "kept = machine_and_name[: LONGEST_REASON - len(text) + len(execution_arn)]",
        "kept = machine_and_name[: LONGEST_REASON - len(text) % len(execution_arn)]",
        "A text that is too long is longer than its ARN and shorter than two of it: the remainder is the difference.",
    ),
    Equivalent(
        "fargate_runs.runs.run_state",
        "return task.outcome if task and task.outcome else lost()",
        "return task.outcome if task or task.outcome else lost()",
        "The table asks only where there is a task with an outcome; the other branch is for the types.",
    ),
    Equivalent(
        "fargate_runs.runs.run_folding",
        "if run.task and run.task.order >= order:",
        "if run.task and run.task.order > order:",
        "An equal order is the same state of the same task: it would be replaced by an equal view.",
    ),
    Equivalent(
        "fargate_runs.outcomes.starts",
        "if says is Says.RAN and len(counted) == 1:",
        "if says is Says.RAN and len(counted) <= 1:",
        "The container is one of them: there is at least one.",
    ),
    Equivalent(
        "fargate_runs.runs.run_state",
        "if self._says is Says.TASK:",
        "if self._says >= Says.TASK:",
        "As texts, no other member is greater.",
    ),
    Equivalent(
        "fargate_runs.runs.run_state",
        "if self._says is Says.TIMED_OUT:",
        "if self._says <= Says.TIMED_OUT:",
        "As texts, no other member is less.",
    ),
    Equivalent(
        "fargate_runs.answers.cursor",
        "if version != VERSION or not _is_place(place):",
        "if version is not VERSION or not _is_place(place):",
        "CPython has one object for each small number.",
    ),
    Equivalent(
        "fargate_runs.usecases.stop_run",
        "return run.execution is not None and run.execution.status is ExecutionStatus.SUCCEEDED",
        "return run.execution is not None and run.execution.status >= ExecutionStatus.SUCCEEDED",
        "A run whose execution has ended otherwise does not come here, and as texts the open ones are less.",
    ),
    Equivalent(
        "fargate_runs.runs.run_state",
        "return own or (TIMEOUT if self._says is Says.TIMED_OUT else None)",
        "return own or (TIMEOUT if self._says <= Says.TIMED_OUT else None)",
        "As texts, no other member is less.",
    ),
    Equivalent(
        "fargate_runs.runs.run_state",
        "return False if self._says is Says.TIMED_OUT else None",
        "return False if self._says <= Says.TIMED_OUT else None",
        "As texts, no other member is less.",
    ),
    Equivalent(
        "fargate_runs.usecases.slots.admission",
        "if found.standing is Standing.WITHDRAWN:",
        "if found.standing >= Standing.WITHDRAWN:",
        "Only ABSENT and WITHDRAWN come here, and as texts ABSENT is the less one.",
    ),
    Equivalent(
        "fargate_runs.usecases.slots.slot_keeper",
        "is_redriven = execution is not None and execution.redrive_count > 0 and not execution.is_closed",
        "is_redriven = execution is not None and execution.redrive_count != 0 and not execution.is_closed",
        "A count is never less than 0.",
    ),
    Equivalent(
        "fargate_runs.usecases.slots.slot_keeper",
        "return replace(self.answer(job, found.to_answer), changed=found.step is Step.LEAVE)",
        "return replace(self.answer(job, found.to_answer), changed=found.step <= Step.LEAVE)",
        "An end comes to LEAVE or NOTHING, and as texts NOTHING is the greater one.",
    ),
    Equivalent(
        "fargate_runs.usecases.slots.slot_keeper",
        "return replace(self.answer(run.job, found.to_answer), changed=found.step is Step.HOLD_FORCED)",
        "return replace(self.answer(run.job, found.to_answer), changed=found.step <= Step.HOLD_FORCED)",
        "A redrive comes to HOLD_FORCED or STAY, and as texts STAY is the greater one.",
    ),
    Equivalent(
        "fargate_runs.usecases.sweep.slots",
        "if gate.revision and gate.limit != limit:",
        "if gate.revision and gate.limit is not limit:",
        "The limit that a gate has already changes nothing there, and nothing is written.",
    ),
    Equivalent(
        "fargate_runs.usecases.sweep.slots",
        "return False",
        "return None",
        "Only a condition asks, and None counts as False there.",
    ),
    Equivalent(
        "fargate_runs.jobs.slots",
        "if arriving not in {Arriving.TICKET, Arriving.ENDED}",
        "if arriving not in {Arriving.ENDED, Arriving.ENDED}",
        "The entries below say it again for the cell that comes in.",
    ),
    Equivalent(
        "fargate_runs.jobs.slots",
        "if arriving not in {Arriving.TICKET, Arriving.ENDED}",
        "if arriving not in {Arriving.TICKET, Arriving.TICKET}",
        "The entries below say it again for the cell that comes in.",
    ),
    Equivalent(
        "fargate_runs.jobs.slots",
        "if asks.policy is not Policy.SKIP and waiting >= MOST_WAITING:",
        "if asks.policy < Policy.SKIP and waiting >= MOST_WAITING:",
        "As texts, all other members are less.",
    ),
    Equivalent(
        "fargate_runs.jobs.slots",
        "if not (free and gate.waiting):",
        "if not (free or gate.waiting):",
        "It saves the rest, which changes nothing if no slot is free or nobody waits.",
    ),
    Equivalent(
        "fargate_runs.jobs.slots",
        "position = replace(position, is_forced=step is Step.HOLD_FORCED)",
        "position = replace(position, is_forced=step >= Step.HOLD_FORCED)",
        "Only HOLD and HOLD_FORCED come here, and as texts HOLD is the less one.",
    ),
    Equivalent(
        "fargate_runs.usecases.slots.slot_keeper",
        "return False",
        "return None",
        "Only all() asks, and None counts as False there.",
    ),
    Equivalent(
        "fargate_runs.jobs.run_ids",
        "def scheduled_run_id(job: str, schedule: str, at: datetime, number: int = 1) -> str:",
        "def scheduled_run_id(job: str, schedule: str, at: datetime, number: int = 0) -> str:",
        "Every number below 2 gives the same id.",
    ),
    Equivalent(
        "fargate_runs.jobs.run_ids",
        'again = f"-{number}" if number > 1 else ""',
        'again = f"-{number}" if number != 1 else ""',
        "Tries are counted from 1.",
    ),
    Equivalent(
        "fargate_runs.runs.run_status",
        "ENDED: Final = frozenset({*RunStatus} - {RunStatus.PENDING, RunStatus.QUEUED, RunStatus.RUNNING})",
        "ENDED: Final = frozenset({*RunStatus} ^ {RunStatus.PENDING, RunStatus.QUEUED, RunStatus.RUNNING})",
        "All that is taken away is in the first set.",
    ),
)
