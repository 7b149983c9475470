"""The failure of a `.sync` state in the words of an outcome.

Step Functions fails the state if any container of the task exited with a code other than 0, sidecars and injected
containers included (fact B22). The task's own outcome counts the main container alone, so the two may differ.
"""

from collections.abc import Iterable
from dataclasses import replace

from fargate_runs.outcomes.evidence import worst
from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.outcomes.outcome import Outcome, outcome_of
from fargate_runs.outcomes.starts import Start, start_of
from fargate_runs.reading.task import STOPPED, Container, EcsTask, is_injected

_SIDECAR_ADVICE = (
    "The work is done: the record shows the run as SUCCEEDED. Step Functions fails a .sync state for any container's"
    " exit code; use the pattern callback for tasks with sidecars, where the main container alone counts, or let"
    " {culprit} exit with 0."
)


def sync_failure_of(task: EcsTask) -> Outcome:
    """Returns why Step Functions failed the state of this task: the task's outcome, or a failure only for `.sync`."""
    # Step Functions says that the task is over, whatever last status the copy in the Cause has.
    outcome = outcome_of(replace(task, last_status=STOPPED))
    if outcome is None or not outcome.succeeded:
        return outcome or _unknown(task)
    others = sorted((each for each in task.containers if each.name != outcome.container), key=lambda each: each.name)
    culprit = _culprit(each for each in others if not is_injected(each.name)) or _culprit(others)
    return _sidecar_failed(outcome, culprit, task) if culprit else _unknown(task)


def _culprit(others: Iterable[Container]) -> Container | None:
    """Returns the container that failed by itself, else was killed, else was told to stop, else has no exit code."""
    found = [each for each in others if each.exit_code != 0]
    return worst(each for each in found if each.exit_code is not None) or next(iter(found), None)


def _sidecar_failed(outcome: Outcome, culprit: Container, task: EcsTask) -> Outcome:
    ended = "has no exit code" if culprit.exit_code is None else f"exited with code {culprit.exit_code}"
    return replace(
        outcome,
        status=KINDS[ErrorName.SIDECAR_FAILED].status,
        error=ErrorName.SIDECAR_FAILED,
        transient=KINDS[ErrorName.SIDECAR_FAILED].transient,
        summary=f"Container {culprit.name} {ended}, which fails a .sync state although the main container"
        f" {outcome.container} exited with code 0.",
        advice=_SIDECAR_ADVICE.format(culprit=culprit.name),
        culprit=culprit.name,
        may_have_logged=start_of(culprit, task, [each for each in task.containers if not is_injected(each.name)])
        is not Start.NEVER,
    )


def _unknown(task: EcsTask) -> Outcome:
    kind = KINDS[ErrorName.UNKNOWN]
    return Outcome(
        kind.status,
        ErrorName.UNKNOWN,
        kind.transient,
        "Step Functions failed the .sync state, and the task in its cause does not show why.",
        "Look at the task's record, and at the TaskFailed event in the execution's history.",
        stop_code=task.stop_code,
        stopped_reason=task.stopped_reason,
    )
