"""Compares the records with ECS and Step Functions every minute, and settles every difference.

A piece of work that fails is counted and left to the next sweep. It raises nothing: Lambda tries no sweep again.
"""

from functools import cache
from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import sweep as assembly
from fargate_runs.first_event import collect_from_now_on
from fargate_runs.observability import count, logger
from fargate_runs.settings import SweepSettings
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.sweep import Sweep

# Kept back from the function's time for the last piece of work and the log line.
MARGIN_SECONDS: Final = 20.0
# Its alarm asks whether every sweep has some, so that one without any says so too.
FAILURES: Final = "SweepFailures"


@cache
def sweep() -> Sweep:
    """Returns the use case on AWS, made once for each process."""
    return assembly.sweep(SweepSettings.from_env())


@logger.inject_lambda_context(log_event=False, clear_state=True)
def handler(_event: object, context: LambdaContext) -> dict[str, object]:
    """Runs one sweep and returns its counts. Raises StoreUnavailableError if the table could not be read at all."""
    run = sweep()
    collect_from_now_on()
    seconds = context.get_remaining_time_in_millis() / 1_000 - MARGIN_SECONDS
    report = run(context.aws_request_id, seconds)
    logger.info("swept", extra={"report": report.as_json()})
    _count(report)
    return report.as_json()


def _count(report: SweepReport) -> None:
    counts = {
        "SweepsCompleted": int(report.is_complete),
        FAILURES: report.failures,
        "SweepUnreadableTasks": report.unreadable,
        "SweepUnreadableRecords": report.unreadable_records,
        "TasksRecovered": report.recovered,
        "TasksLost": report.lost,
        "TasksStopped": report.stopped,
        "TasksOpen": report.open_tasks,
        "AnswersRefused": report.refused,
        "AnswersWithheld": report.withheld,
        "SweepTasksRefused": report.refused_tasks,
        "SweepExecutionsNotShown": report.not_shown,
        "JobsLate": report.late_jobs,
        "SlotsReleased": report.slots_released,
        "SlotsTakenAgain": report.slots_taken,
        "TicketsAnswered": report.tickets_answered,
    }
    for name, value in counts.items():
        if value or (name == FAILURES and not report.is_skipped):
            count(name, value)
