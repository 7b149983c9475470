"""How a run of a job begins: what its job says, what the run itself says, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.jobs.job import Job
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import Capacity
from fargate_runs.usecases.prepare_run import Prepared
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import RUN_ID
from tests.fakes.preparing import BEGINS, REPORT, overrides_of, prepare_run
from tests.fakes.store import InMemoryRunStore
from tests.fakes.stored_jobs import OWN_DEFINITION, Jobs, a_job, stored

NIGHTLY = a_job(timeout_seconds=600, total_timeout_seconds=900, retries=1, retry_on_any=True, capacity=Capacity.SPOT)
SCHEDULED = {"job": "nightly", "schedule": "weekdays", "scheduledTime": "2025-05-06T14:00:00+02:00"}


class TestARunOfAJob:
    """The job is read when the run begins. What the run asks for wins."""

    def test_it_is_the_job_s_task_definition_with_its_settings(self) -> None:
        store, jobs = InMemoryRunStore(), Jobs(stored(NIGHTLY))
        run = prepare_run(store, jobs=jobs)({**SCHEDULED, "retries": 2}, BEGINS, Pattern.CALLBACK)
        assert (run.task_definition, run.timeout_seconds, jobs.reads) == (OWN_DEFINITION, 600, 1)
        assert run.plan.deadline == NOON + timedelta(seconds=900)
        assert (run.plan.retries, run.plan.retry_on_any, run.plan.capacity) == (2, True, Capacity.SPOT)
        (container,) = overrides_of(run)["ContainerOverrides"]
        variables = {each["Name"]: each["Value"] for each in container["Environment"]}
        assert (variables["RUN_JOB"], variables["RUN_SCHEDULED_TIME"]) == ("nightly", "2025-05-06T12:00:00Z")
        recorded = store.runs[RUN_ID]
        assert (recorded.job, recorded.deadline) == ("nightly", run.plan.deadline)
        assert (recorded.schedule, recorded.scheduled_at) == ("weekdays", NOON)
        assert recorded.input
        assert recorded.input["retries"] == 2
        assert recorded.input["timeoutSeconds"] is None, "what was asked for"

    def test_one_that_nobody_scheduled_has_no_time(self) -> None:
        run = prepare_run(InMemoryRunStore(), jobs=Jobs(stored()))({"job": "nightly"}, BEGINS, Pattern.CALLBACK)
        assert "RUN_JOB" in str(run.overrides)
        assert "RUN_SCHEDULED_TIME" not in str(run.overrides)

    @pytest.mark.parametrize(
        ("jobs", "said"),
        [
            (Jobs(), "job: there is no job nightly; apply it first"),
            (Jobs(stored(deleted_at=NOON)), "job: nightly was deleted before the run began"),
            (Jobs(stored(task_definition_arn=None)), "job: nightly has no task definition yet"),
            (Jobs(stored(a_job(task_definition="other:1"))), "taskDefinition: other:1 is not allowed here"),
        ],
    )
    def test_which_runs_are_refused(self, jobs: Jobs, said: str) -> None:
        store = InMemoryRunStore()
        with pytest.raises(InvalidRunRequestError, match=said):
            prepare_run(store, jobs=jobs)({"job": "nightly"}, BEGINS, Pattern.CALLBACK)
        assert not store.runs

    def test_a_run_that_began_before_its_job_was_deleted_runs(self) -> None:
        jobs = Jobs(stored(deleted_at=NOON + timedelta(milliseconds=1)))
        assert prepare_run(InMemoryRunStore(), jobs=jobs)({"job": "nightly"}, BEGINS, Pattern.CALLBACK)

    def test_a_job_with_a_task_definition_that_the_stack_allows(self) -> None:
        jobs = Jobs(stored(a_job(task_definition="report", command=("a",), cpu=512, memory=1024)))
        run = prepare_run(InMemoryRunStore(), jobs=jobs)({"job": "nightly"}, BEGINS, Pattern.SYNC)
        assert run.task_definition == REPORT
        assert (overrides_of(run)["Cpu"], overrides_of(run)["ContainerOverrides"][0]["Command"]) == ("512", ["a"])

    @pytest.mark.parametrize(
        ("job", "given", "said"),
        [
            (a_job(cpu=512, memory=1024), {"cpu": "4096"}, 'with the memory "1024" of the task definition'),
            (a_job(), {"cpu": "4096"}, 'with the memory "512" of the task definition'),
            (a_job(cpu=4096, memory=8192), {"cpu": "2048"}, None),
        ],
    )
    def test_half_a_size_goes_with_the_job_s_own(self, job: Job, given: dict[str, Any], said: str | None) -> None:
        def prepare() -> Prepared:
            jobs = Jobs(stored(job))
            return prepare_run(InMemoryRunStore(), jobs=jobs)({"job": "nightly", **given}, BEGINS, Pattern.SYNC)

        if said is None:
            assert overrides_of(prepare())["Cpu"] == given["cpu"]
            return
        with pytest.raises(InvalidRunRequestError, match=said):
            prepare()

    def test_a_jobs_table_that_is_down_is_asked_again(self) -> None:
        jobs = Jobs(stored())
        jobs.is_down = True
        with pytest.raises(StoreUnavailableError, match="the jobs table is down"):
            prepare_run(InMemoryRunStore(), jobs=jobs)({"job": "nightly"}, BEGINS, Pattern.CALLBACK)

    def test_a_run_without_a_job_asks_for_none(self) -> None:
        jobs = Jobs(stored())
        prepare_run(InMemoryRunStore(), jobs=jobs)({}, BEGINS, Pattern.CALLBACK)
        assert jobs.reads == 0

    def test_what_is_left_of_the_total_is_the_limit(self) -> None:
        """The run has waited for 850 of its 900 seconds. One whose time is over gets a second, and times out."""
        jobs = Jobs(stored(NIGHTLY))
        limits = []
        for waited in (0.4, 850, 850.5, 900, 2_000):
            clock = StoppedClock(NOON + timedelta(seconds=waited))
            run = prepare_run(InMemoryRunStore(), clock, jobs)({"job": "nightly"}, BEGINS, Pattern.REQUEST_RESPONSE)
            limits.append(run.timeout_seconds)
            assert run.timeout_seconds == run.plan.timeout_seconds
            assert f'"RUN_TIMEOUT_SECONDS","Value":"{run.timeout_seconds}"' in "".join(run.overrides)
        assert limits == [600, 50, 50, 1, 1]
