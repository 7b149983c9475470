"""The sweep tells people of jobs that have not succeeded for too long: when, once, and with what words."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fargate_runs.aws.job_alarms import SnsJobAlarms
from fargate_runs.jobs.job import StoredJob
from fargate_runs.jobs.lateness import subject_of
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.ports import AlarmsUnavailableError, Place, RunPage, RunQuery
from fargate_runs.runs.run_state import RunRecord, TaskView
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from fargate_runs.usecases.sweep import late_jobs
from fargate_runs.usecases.sweep.jobs_read_once import JobsReadOnce
from fargate_runs.usecases.sweep.late_jobs import SweepLateJobs
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.job_alarms import InMemoryJobAlarms
from tests.fakes.lists import InMemoryRunLists
from tests.fakes.records import BADLY, WELL
from tests.fakes.store import InMemoryRunStore
from tests.fakes.stored_jobs import Jobs, a_job, stored

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Lists(InMemoryRunLists):
    def __init__(self, store: InMemoryRunStore) -> None:
        super().__init__(store)
        self.pages = 0

    def page(self, query: RunQuery, limit: int, after: Place | None = None) -> RunPage:
        self.pages += 1
        return super().page(query, limit, after)


class World:
    """Jobs that were made at noon, ten days before; each should succeed within 26 hours."""

    def __init__(self, *jobs: StoredJob) -> None:
        self.clock = StoppedClock(NOON + timedelta(days=10))
        self.store = InMemoryRunStore(self.clock)
        self.lists = Lists(self.store)
        self.alarms = InMemoryJobAlarms()
        self.jobs = Jobs(*(jobs or (of_26_hours(),)))
        self.new_process()

    def new_process(self) -> None:
        self.part = SweepLateJobs(JobsReadOnce(self.jobs), self.lists, self.alarms, self.clock)

    def sweep(self) -> SweepReport:
        report = SweepReport()
        report.attempt(self.part, report, lambda: None)
        return report

    def figures(self) -> tuple[int, int]:
        report = self.sweep()
        assert report.failures == 0
        return report.late_jobs, report.late_jobs_told

    def ran(self, ago: timedelta, outcome: Outcome | None = WELL, *, job: str = "nightly", **changes: Any) -> str:
        """A run that ended so long ago, after an hour."""
        ended = self.clock.now() - ago
        run_id = f"run-{len(self.store.runs):04}"
        view = TaskView("x#t#1#0000000002", outcome, ended - HOUR, ended) if outcome else None
        run = RunRecord(run_id, ended - HOUR, task=view, job=job)
        self.store.write_run(replace(run, **changes))
        return run_id

    @property
    def late_since(self) -> datetime | None:
        return self.jobs.jobs["nightly"].late_since


def of_26_hours(name: str = "nightly", **changes: Any) -> StoredJob:
    return stored(a_job(name, no_success_for_seconds=26 * 3_600), **changes)


@pytest.mark.parametrize(
    ("ago", "is_late"),
    [(timedelta(0), False), (26 * HOUR, False), (26 * HOUR + SECOND, True), (9 * 24 * HOUR, True), (None, True)],
)
def test_how_long_ago_the_last_success_may_be(ago: timedelta | None, is_late: bool) -> None:
    world = World()
    if ago is not None:
        world.ran(ago)
    world.ran(HOUR, BADLY)
    world.ran(HOUR, job="another")
    assert world.figures() == (is_late, is_late)
    assert world.late_since == (world.clock.now() if is_late else None)
    assert len(world.alarms.told) == is_late


@pytest.mark.parametrize(
    "job",
    [
        stored(),
        of_26_hours(paused_at=NOON),
        of_26_hours(deleted_at=NOON),
        of_26_hours(created_at=NOON + timedelta(days=10) - 26 * HOUR),
        of_26_hours(resumed_at=NOON + timedelta(days=10) - 26 * HOUR),
    ],
    ids=["no alarm", "paused", "deleted", "just created", "just resumed"],
)
def test_jobs_that_are_no_alarm(job: StoredJob) -> None:
    world = World(job)
    assert world.figures() == (0, 0)
    assert (world.lists.pages, world.alarms.told) == (0, [])


@pytest.mark.parametrize("field", ["created_at", "resumed_at"])
def test_the_time_of_a_new_job_ends_too(field: str) -> None:
    changes: dict[str, Any] = {field: NOON + timedelta(days=10) - 26 * HOUR}
    world = World(of_26_hours(**changes))
    world.clock.pass_by(SECOND)
    assert world.figures() == (1, 1)


def test_people_are_told_once_and_the_metric_goes_on() -> None:
    world = World()
    assert [world.figures() for _ in range(3)] == [(1, 1), (1, 0), (1, 0)]
    world.new_process()
    assert world.figures() == (1, 0)
    assert len(world.alarms.told) == 1


def test_after_a_success_it_can_be_told_again() -> None:
    world = World()
    world.sweep()
    world.ran(timedelta(0))
    assert world.figures() == (0, 0)
    assert world.late_since is None
    world.clock.pass_by(26 * HOUR + SECOND)
    assert world.figures() == (1, 1)


@pytest.mark.parametrize("changes", [{"paused_at": NOON}, {"deleted_at": NOON}])
def test_a_job_that_is_paused_or_deleted_is_no_longer_late(changes: dict[str, Any]) -> None:
    world = World()
    world.sweep()
    world.jobs.jobs["nightly"] = replace(world.jobs.jobs["nightly"], **changes)
    assert world.figures() == (0, 0)
    assert world.late_since is None


def test_a_job_whose_alarm_is_gone_is_no_longer_late() -> None:
    world = World()
    world.sweep()
    world.jobs.jobs["nightly"] = replace(world.jobs.jobs["nightly"], job=a_job())
    assert world.figures() == (0, 0)
    assert world.late_since is None


def test_the_words() -> None:
    world = World()
    world.ran(30 * HOUR, BADLY)
    success = world.ran(28 * HOUR)
    world.ran(3 * HOUR, BADLY)
    failed = world.ran(2 * HOUR, BADLY)
    world.ran(HOUR, None)
    away = TurnedAway(RunStatus.SKIPPED, "another one runs")
    world.ran(HOUR, None, turned_away=away)
    world.sweep()
    ((subject, message),) = world.alarms.told
    assert subject == "Job nightly has not succeeded for 26h"
    assert message == (
        "Job nightly of project reports has not succeeded since 2025-05-15T08:00:00Z.\n"
        "Its alarm is noSuccessFor 26h.\n"
        "\n"
        f"Last success: {success}, 2025-05-15T08:00:00Z\n"
        f"Last failure: {failed}, 2025-05-16T10:00:00Z, Container.ExitedNonZero: {BADLY.summary}\n"
        "\n"
        "See its runs with: runs list --job nightly\n"
        "You are told once. It is told again after a success, or when the job is paused and resumed."
    )


def test_the_words_of_a_job_that_never_ran() -> None:
    world = World()
    world.sweep()
    ((_, message),) = world.alarms.told
    assert "has not succeeded since 2025-05-06T12:00:00Z." in message
    assert "Last success: none is known\n" in message
    assert "Last failure: none since then: no run of it has ended\n" in message


def test_a_missed_run_is_a_failure_with_its_reason() -> None:
    world = World()
    missed = world.ran(HOUR, None, turned_away=TurnedAway(RunStatus.MISSED, "It was due at noon."))
    world.sweep()
    ((_, message),) = world.alarms.told
    assert f"Last failure: {missed}, 2025-05-16T10:00:00Z, Run.Missed: It was due at noon.\n" in message


@pytest.mark.parametrize(
    ("seconds", "said"), [(93_600, "26h"), (172_800, "2d"), (5_400, "90m"), (90, "90s"), (3_600, "1h")]
)
def test_the_subject_has_the_time_as_in_the_file(seconds: int, said: str) -> None:
    subject = subject_of(stored(a_job("j" * 38, no_success_for_seconds=seconds)))
    assert subject == f"Job {'j' * 38} has not succeeded for {said}"
    assert len(subject) <= 100


def test_a_job_whose_time_has_not_come_costs_no_call() -> None:
    """Its last success is remembered: it cannot become earlier."""
    world = World()
    world.ran(HOUR)
    for _ in range(3):
        world.sweep()
        world.clock.pass_by(HOUR)
    assert world.lists.pages == 1
    world.clock.pass_by(22 * HOUR)
    assert world.figures() == (0, 0)
    assert world.lists.pages == 1
    world.clock.pass_by(SECOND)
    assert world.figures() == (1, 1)
    assert world.lists.pages == 2


def test_people_who_could_not_be_told_are_told_by_the_next_sweep() -> None:
    world = World(of_26_hours(), of_26_hours("weekly"))
    world.alarms.is_down = True
    report = world.sweep()
    assert (report.late_jobs, report.late_jobs_told, report.failures) == (2, 0, 2)
    assert world.late_since is None
    world.alarms.is_down = False
    assert world.figures() == (2, 2)


def test_a_job_that_is_changed_at_the_same_time_is_noted_by_the_next_sweep() -> None:
    world = World()
    stands = world.jobs.jobs["nightly"]
    world.part = SweepLateJobs(_Old(world.jobs, stands), world.lists, world.alarms, world.clock)
    world.jobs.write_job(replace(stands, job=replace(stands.job, retries=1)))
    assert world.figures() == (1, 1)
    assert world.late_since is None
    assert world.jobs.jobs["nightly"].job.retries == 1


class _Old(JobsReadOnce):
    def __init__(self, jobs: Jobs, *old: StoredJob) -> None:
        super().__init__(jobs)
        self._kept = old


def test_all_runs_that_may_have_ended_in_the_time_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then some more, for the last success of the message."""
    monkeypatch.setattr(late_jobs, "PAGE", 2)
    monkeypatch.setattr(late_jobs, "MOST_RUNS", 4)
    world = World()
    for number in range(12):
        world.ran(timedelta(hours=2 + 4 * number), BADLY)
    last = world.ran(49 * HOUR)
    for number in range(12):
        world.ran(timedelta(hours=60 + 4 * number), BADLY)
    world.sweep()
    ((_, message),) = world.alarms.told
    assert f"Last success: {last}" in message
    world = World()
    for number in range(30):
        world.ran(timedelta(hours=2 + 4 * number), BADLY)
    assert world.figures() == (1, 1)
    assert world.lists.pages == 7, "those of 26 hours, and of a day before them"


def test_a_run_that_took_long_may_have_succeeded_last() -> None:
    """The list goes by creation."""
    world = World()
    began, ended = world.clock.now() - 30 * HOUR, world.clock.now() - HOUR
    view = TaskView("x#t#1#0000000002", WELL, began, ended)
    world.store.write_run(RunRecord("long", began, task=view, job="nightly"))
    world.ran(28 * HOUR)
    world.ran(2 * HOUR, None)
    assert world.figures() == (0, 0)


class TestTheJobsOfASweep:
    def test_they_are_read_once(self) -> None:
        jobs = _Counted(of_26_hours())
        once = JobsReadOnce(jobs)
        assert [each.job.name for each in once.all_jobs()] == ["nightly"]
        assert [each.job.name for each in once.taken()] == ["nightly"]
        assert jobs.lists == 1
        assert len(once.taken()) == 1
        assert jobs.lists == 2

    def test_what_could_not_be_read_is_not_kept_from_before(self) -> None:
        jobs = _Counted(of_26_hours())
        once = JobsReadOnce(jobs)
        once.all_jobs()
        jobs.breaks = True
        with pytest.raises(RuntimeError):
            once.all_jobs()
        with pytest.raises(RuntimeError):
            once.taken()

    def test_the_rest_is_the_store_s(self) -> None:
        once = JobsReadOnce(Jobs(of_26_hours()))
        found = once.find_job("nightly")
        assert found
        assert once.write_job(found) is None
        assert once.write_job(found) is not None


class _Counted(Jobs):
    lists = 0
    breaks = False

    def all_jobs(self) -> Iterator[StoredJob]:
        if self.breaks:
            raise RuntimeError
        self.lists += 1
        return super().all_jobs()


def test_the_topic_is_told() -> None:
    with mock_aws():
        names: Any = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        sns, sqs = boto3.client("sns", **names), boto3.client("sqs", **names)
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:mail")
        SnsJobAlarms(sns, topic).tell("subject", "first\nsecond")
        (mail,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        assert "first" in mail["Body"]
        with pytest.raises(AlarmsUnavailableError, match="the notification was not sent: NotFound"):
            SnsJobAlarms(sns, f"{topic}-gone").tell("subject", "message")
