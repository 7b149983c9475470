"""The verdict on a task: `outcome_of`, a function from data to data that never raises.

The names are in `kinds.py`, the rules and their order in `rules.py`, the table for readers in docs/outcomes.md.
"""

from dataclasses import dataclass, field

from fargate_runs.outcomes.evidence import Evidence
from fargate_runs.outcomes.kinds import KINDS, ErrorName, OutcomeStatus
from fargate_runs.outcomes.rules import LOST_ADVICE, LOST_SUMMARY, RULES, Rule
from fargate_runs.outcomes.starts import Start
from fargate_runs.reading.task import Container, EcsTask

__all__ = ["ErrorName", "Outcome", "OutcomeStatus", "lost", "outcome_of"]

_LONGEST_REASON_IN_SUMMARY = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended, and what to do about it.

    `container` and `exit_code` are the main container's, or the judged container's if no main one is known. `culprit`
    is another container that failed and ended that one too. `stop_code` and `stopped_reason` are as ECS gave them.
    `may_have_logged` says whether the culprit, else `container`, may have a log. It is not stored.
    """

    status: OutcomeStatus
    error: ErrorName | None
    transient: bool
    summary: str
    advice: str
    container: str | None = None
    culprit: str | None = None
    exit_code: int | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    may_have_logged: bool = field(default=True, compare=False, repr=False)

    @property
    def succeeded(self) -> bool:
        """True if the token gets a success."""
        return self.status is OutcomeStatus.SUCCEEDED


def outcome_of(task: EcsTask, *, main_container: str | None = None) -> Outcome | None:
    """Returns the outcome of a task; None while it has not ended.

    `main_container` names the main container of a task whose own overrides name none.
    """
    if not task.has_ended:
        return None
    evidence = Evidence.of(task, main_container)
    rule = next(rule for rule in RULES if rule.applies(evidence))
    return _outcome(rule, evidence, task)


def lost(container: str | None = None) -> Outcome:
    """Returns the outcome of a task that ECS no longer knows, if nothing shows how it ended."""
    kind = KINDS[ErrorName.LOST]
    return Outcome(kind.status, ErrorName.LOST, kind.transient, LOST_SUMMARY, LOST_ADVICE, container=container)


def _outcome(rule: Rule, evidence: Evidence, task: EcsTask) -> Outcome:
    kind = KINDS[rule.error] if rule.error else None
    transient = rule.transient if rule.transient is not None else kind is not None and kind.transient
    judged = evidence.judged
    to_blame = rule.culprit(evidence)
    culprit = to_blame if to_blame != judged else None
    words = _words(evidence, to_blame)
    return Outcome(
        status=kind.status if kind else OutcomeStatus.SUCCEEDED,
        error=rule.error,
        transient=transient,
        summary=rule.summary.format_map(words),
        advice=rule.advice.format_map(words),
        container=judged.name if judged else None,
        culprit=culprit.name if culprit else None,
        exit_code=judged.exit_code if judged else None,
        stop_code=task.stop_code,
        stopped_reason=task.stopped_reason,
        may_have_logged=evidence.start(culprit) is not Start.NEVER if culprit else evidence.may_have_logged,
    )


def _words(evidence: Evidence, culprit: Container | None) -> dict[str, object]:
    judged = evidence.judged
    unseen = evidence.ran_unseen
    # The task's own reason of a stop by a user counts, whatever its containers say about the start.
    failed_by_itself = evidence.never_ran and evidence.stop_code != "UserInitiated"
    return {
        "reason": _short(evidence.start_reason if failed_by_itself else evidence.reason),
        "stop_code": evidence.stop_code or "none",
        "container": judged.name if judged else "?",
        "exit_code": judged.exit_code if judged else "?",
        "culprit": culprit.name if culprit else "?",
        "culprit_code": culprit.exit_code if culprit else "?",
        "culprit_ended": _ended(culprit) if culprit else "?",
        "unseen": unseen.name if unseen else "?",
        "unseen_ran": "has run" if unseen and evidence.shows_its_run(unseen) else "may have run",
        "unseen_reason": _short((unseen.reason if unseen else None) or evidence.reason),
    }


def _ended(container: Container) -> str:
    if container.exit_code is None:
        return f"could not be started ({_short(container.reason or '')})"
    return f"exited with code {container.exit_code}"


def _short(reason: str) -> str:
    said = " ".join(reason.split()) or "ECS gave no reason"
    return said if len(said) <= _LONGEST_REASON_IN_SUMMARY else said[: _LONGEST_REASON_IN_SUMMARY - 1] + "…"
