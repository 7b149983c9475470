"""Start a run: claim its id with a record, then start its execution.

The record comes first. A crash between the two leaves a visible PENDING run that never started. The other order would
leave an execution that runs and bills, with a record that does not have its input. If Step Functions refuses the start,
the record is removed. If the result is unknown, the record stays.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fargate_runs.errors import (
    IdempotencyKeyReusedError,
    RunAlreadyExistsError,
    RunNotStartedError,
    RunStartUnknownError,
    RunThrottledError,
)
from fargate_runs.ports import (
    Claim,
    Clock,
    ExecutionExistsError,
    ExecutionRefusedError,
    ExecutionStarts,
    ExecutionThrottledError,
    ExecutionUnknownError,
    RunStore,
    StartClaims,
    StartedExecution,
    StoreUnavailableError,
    UnreadableRecordError,
)
from fargate_runs.reading import lenient
from fargate_runs.reading.patterns import Pattern, StateMachines, execution_arn
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.request import RunRequest
from fargate_runs.runs.run_folding import LONG_BEFORE
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.folding import fold_run

_FIXED: Final = "run id\n"  # begins the key of a run with a fixed id; no caller's key has a line break
NAMES_ARE_KEPT: Final = timedelta(days=90)  # fact B32


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that Step Functions has accepted. `is_new` is false if an earlier call with the same key asked for it."""

    run_id: str
    pattern: Pattern
    execution_arn: str
    started_at: datetime
    status: RunStatus = RunStatus.PENDING
    is_new: bool = True
    rerun_of: str | None = None

    def as_document(self) -> dict[str, object]:
        """Return the API's answer. The run can be read at once."""
        return {
            "runId": self.run_id,
            "pattern": self.pattern,
            "status": self.status,
            "executionArn": self.execution_arn,
            "startedAt": lenient.iso(self.started_at),
            "rerunOf": self.rerun_of,
        }


def _fingerprint(request: RunRequest, rerun_of: str | None) -> str:
    """The digest of everything that is asked for. Two requests with the same one are the same request."""
    asked = [request.pattern, request.execution_input(), rerun_of]
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _is_same(stands: RunRecord, run: RunRecord) -> bool:
    """Return whether the stored record is this run: an earlier try of the same call has written it."""
    times = lenient.iso(stands.created_at), lenient.iso(run.created_at)
    return times[0] == times[1] and stands.execution_arn == run.execution_arn


def _is_of_long_ago(run: RunRecord, now: datetime) -> bool:
    """Return whether Step Functions may have forgotten the execution of this run, and its name."""
    return run.created_at is not None and now - run.created_at >= NAMES_ARE_KEPT


def _random_suffix() -> str:
    return secrets.token_hex(4)


class StartRun:
    """The use case."""

    def __init__(
        self,
        store: RunStore,
        executions: ExecutionStarts,
        claims: StartClaims,
        clock: Clock,
        *,
        state_machines: StateMachines,
        task_definitions: AllowedDefinitions,
        suffix: Callable[[], str] = _random_suffix,
    ) -> None:
        self._store = store
        self._executions = executions
        self._claims = claims
        self._clock = clock
        self._state_machines = state_machines
        self._definitions = task_definitions
        self._suffix = suffix

    def __call__(
        self, request: RunRequest, *, key: str | None = None, rerun_of: str | None = None, run_id: str | None = None
    ) -> StartedRun:
        """Start one run. With an idempotency key, the same request starts one run however often it is made.

        `rerun_of` is the id of a run that this one repeats. With `run_id` the run has this id, which is its own key:
        there is one run of it, whatever is asked for the second time. Whoever starts a run of a job has read the job,
        and has checked the request with it.

        Raises InvalidRunRequestError, RunAlreadyExistsError, IdempotencyKeyReusedError, RunNotStartedError,
        RunThrottledError or RunStartUnknownError. Raises StoreUnavailableError before anything was started.
        """
        if request.job is None:
            self._definitions.check(request)
        now = self._clock.now()
        if run_id is not None:
            return self._start_claimed(f"{_FIXED}{run_id}", Claim(_FIXED, run_id, now), request, rerun_of)
        run_id = f"{now:%Y%m%dT%H%M%S}-{self._suffix()}"
        if key is None:
            return self._start_new(self._record(run_id, now, request, rerun_of), request)
        return self._start_claimed(key, Claim(_fingerprint(request, rerun_of), run_id, now), request, rerun_of)

    def _start_claimed(self, key: str, ours: Claim, request: RunRequest, rerun_of: str | None) -> StartedRun:
        """The claim comes before the record, and it has the run's id: every call with the key starts the same run.

        StartExecution with the same name and input is one execution (fact B32), so a call whose earlier one was cut
        off in the middle does the rest.
        """
        stands = self._claims.claim(key, ours)
        if stands.fingerprint != ours.fingerprint:
            raise IdempotencyKeyReusedError(stands.run_id)
        run = self._record(stands.run_id, stands.created_at, request, rerun_of)
        is_new = stands == ours
        if not is_new and (started := self._started_before(run)):
            return started
        try:
            return replace(self._start_new(run, request), is_new=is_new)
        except RunAlreadyExistsError:
            # The execution has ended already, so its name does not start it again.
            if not is_new and (started := self._started_before(run, is_certain=True)):
                return started
            raise
        except RunThrottledError:
            raise
        except RunNotStartedError:
            self._claims.drop(key, stands)
            raise

    def _started_before(self, run: RunRecord, *, is_certain: bool = False) -> StartedRun | None:
        """The run as an earlier call started it, if its record shows that, or if it `is_certain` from elsewhere."""
        stands = self._store.find_run(run.run_id)
        if stands is None or not _is_same(stands, run):
            return None
        if not is_certain and stands.execution is None and stands.task is None:
            return None
        began = (stands.execution and stands.execution.started_at) or run.created_at
        return StartedRun(
            run.run_id,
            run.pattern or Pattern.CALLBACK,
            run.execution_arn or "",
            began or self._clock.now(),
            stands.status,
            is_new=False,
            rerun_of=run.rerun_of,
        )

    def _record(self, run_id: str, created_at: datetime, request: RunRequest, rerun_of: str | None) -> RunRecord:
        machine = self._state_machines.arn_of(request.pattern)
        return RunRecord(
            run_id=run_id,
            created_at=created_at,
            pattern=request.pattern,
            execution_arn=execution_arn(machine, run_id),
            follows=True,
            input=request.recorded_input(),
            rerun_of=rerun_of,
            job=request.job,
            schedule=request.schedule,
            scheduled_at=request.scheduled_time,
        )

    def _start_new(self, run: RunRecord, request: RunRequest) -> StartedRun:
        machine = self._state_machines.arn_of(request.pattern)
        stands = self._store.write_run(run)
        if stands and not _is_same(stands, run):
            started = self._start_in_place_of(stands, run, machine, request)
        else:
            started = self._start_recorded(machine, run.run_id, request)
        return StartedRun(run.run_id, request.pattern, started.arn, started.started_at, rerun_of=run.rerun_of)

    def _start_recorded(self, machine: str, run_id: str, request: RunRequest) -> StartedExecution:
        try:
            return self._start(machine, run_id, request)
        except RunNotStartedError:
            self._store.forget_run(run_id)
            raise

    def _start_in_place_of(self, old: RunRecord, run: RunRecord, machine: str, request: RunRequest) -> StartedExecution:
        """Only Step Functions knows whether the name of an old run is free again. The old record does not.

        So the start comes first here. If it is refused, the old record stays. If the execution starts and a crash
        prevents its record, its events repair that: an execution that began long after the recorded time is a new run.
        """
        if not _is_of_long_ago(old, self._clock.now()):
            raise RunAlreadyExistsError(run.run_id)
        try:
            started = self._start(machine, run.run_id, request)
        except RunStartUnknownError:
            self._write_over(run)
            raise
        if old.created_at and started.started_at - old.created_at < LONG_BEFORE:
            raise RunAlreadyExistsError(run.run_id)  # it still runs, and has the same input
        self._write_over(run)
        return started

    def _write_over(self, run: RunRecord) -> None:
        """Replace an old record. Never raises: a caller would start the run again, which would do its work twice."""

        def written(stands: RunRecord | None) -> RunRecord:
            if stands is None or _is_of_long_ago(stands, self._clock.now()):
                return replace(run, revision=stands.revision if stands else 0)
            return replace(stands, input=run.input, rerun_of=run.rerun_of)  # an event of the new execution was first

        with suppress(StoreUnavailableError, UnreadableRecordError):
            fold_run(self._store, run.run_id, written)

    def _start(self, machine: str, run_id: str, request: RunRequest) -> StartedExecution:
        execution_input = json.dumps(request.execution_input(), ensure_ascii=False)
        try:
            return self._executions.start(machine, run_id, execution_input)
        except ExecutionExistsError:
            raise RunAlreadyExistsError(run_id) from None
        except ExecutionThrottledError as error:
            raise RunThrottledError(run_id, str(error)) from error
        except ExecutionRefusedError as error:
            raise RunNotStartedError(run_id, str(error)) from error
        except ExecutionUnknownError as error:
            raise RunStartUnknownError(run_id) from error
