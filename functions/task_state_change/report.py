"""Log lines and metrics of one settled event."""

from fargate_runs.observability import count, logger
from fargate_runs.reading.events import TaskStateChange
from fargate_runs.runs.record import Delivery
from fargate_runs.usecases.record_task_state import Settlement


def report(change: TaskStateChange, done: Settlement) -> None:
    """One line, and a count for each thing that somebody may want to be woken for."""
    record, outcome = done.record, done.record.outcome
    logger.info(
        "task state taken in",
        event_id=change.event_id,
        run_id=record.run_id,
        task_arn=record.task_arn,
        task_version=change.task.version,
        last_status=change.task.last_status,
        step=done.step.name,
        outcome=outcome.status.value if outcome else None,
        error=outcome.error.value if outcome and outcome.error else None,
        delivery=done.delivery.value if done.delivery else None,
        decided=done.decided,
        log_problem=done.log_problem,
        stopped=done.stopped,
    )
    if done.decided and outcome:
        count("TasksSettled", error=outcome.error.value if outcome.error else "None")
    if done.delivery is Delivery.CLOSED_BY_OTHERS:
        count("TokensClosedByOthers")
    if done.refused:
        count("AnswersRefused")
    if done.withheld:
        logger.warning("the key of a token is not ours to use: the sweep tries again", run_id=record.run_id)
        count("AnswersWithheld", done.withheld)
    if done.stopped:
        count("TasksStopped", done.stopped)
    if done.contradicted:
        logger.warning("late evidence contradicts the outcome, which stands", run_id=record.run_id)
        count("LateEvidence")
    if done.unreadable_run:
        logger.warning("the run's own record cannot be read: it does not show this task", run_id=record.run_id)
        count("RecordsUnreadable")
    if done.log_problem:
        count("LogsUnread")
