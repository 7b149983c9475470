"""How a run begins: which inputs are refused and what is said then, what a good one becomes, and what is recorded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.attempts import Plan, Provider
from fargate_runs.runs.request import Capacity, RunRequest
from fargate_runs.runs.run_folding import LONG_BEFORE
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.prepare_run import Prepared
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, EXECUTION_ARN, MACHINES, RUN_ID, life
from tests.fakes.preparing import BEGINS, OWN, REPORT, TOKENS, overrides_of, prepare_run
from tests.fakes.settling import World
from tests.fakes.store import InMemoryRunStore

#: What an execution may be given, and a part of what is said about it.
REFUSED: list[tuple[Any, str]] = [
    (None, "must be a JSON object"),
    ("echo", "must be a JSON object"),
    (3, "must be a JSON object"),
    ([], "must be a JSON object"),
    ([{"commands": ["echo"]}], "must be a JSON object"),
    ({"command": ["echo"]}, "command: is not known; the keys are commands, environment"),
    ({"commands": ["echo"], "pattern": "sync", "x": None}, "pattern: is not known; the keys are commands, environment"),
    ({"commands": None}, "commands: must be a list of at least one text"),
    ({"commands": "echo"}, "commands: must be a list of at least one text"),
    ({"commands": {}}, "commands: must be a list of at least one text"),
    ({"commands": []}, "commands: must be a list of at least one text"),
    ({"commands": [1]}, "commands: every part must be a text"),
    ({"commands": ["echo", None]}, "commands: every part must be a text"),
    ({"commands": ["echo", True]}, "commands: every part must be a text"),
    ({"commands": [["echo"]]}, "commands: every part must be a text"),
    ({"commands": [[]]}, "commands: every part must be a text"),
    ({"environment": None}, "environment: must be an object of names and texts"),
    ({"environment": []}, "environment: must be an object of names and texts"),
    ({"environment": [{"A": "1"}]}, "environment: must be an object of names and texts"),
    ({"environment": {"1A": "x"}}, "environment: '1A' is no name"),
    ({"environment": {"": "x"}}, "environment: '' is no name"),
    ({"environment": {"A-B": "x", "C": "x", "D E": "x"}}, "environment: 'D E' is no name"),
    ({"environment": {"A\n": "x"}}, "is no name"),
    ({"environment": {"É": "x"}}, "environment: 'É' is no name"),
    ({"environment": {"RUN_ID": "x"}}, "environment: RUN_ID is set by the application"),
    ({"environment": {"RUN_EXECUTION_ARN": "x"}}, "environment: RUN_EXECUTION_ARN is set by the application"),
    ({"environment": {"RUN_ATTEMPT": "x"}}, "environment: RUN_ATTEMPT is set by the application"),
    ({"environment": {"TASK_TOKEN": "x"}}, "environment: TASK_TOKEN is set by the application"),
    (
        {"environment": {"A": "x", "TASK_TOKEN_ENV_VARIABLE": "x"}},
        "environment: TASK_TOKEN_ENV_VARIABLE is set by the application",
    ),
    ({"environment": {"RUN_TIMEOUT_SECONDS": "x"}}, "environment: RUN_TIMEOUT_SECONDS is set by the application"),
    ({"environment": {"JOB_TOKEN": "x", "RUN_ID": "x"}}, "environment: JOB_TOKEN is set by the application"),
    ({"environment": {"A": 1}}, "environment: A must have a text"),
    ({"environment": {"A": "x", "B": None, "C": ["x"]}}, "environment: C must have a text"),
    ({"taskDefinition": None}, "taskDefinition: must be a task definition"),
    ({"taskDefinition": ""}, "taskDefinition: must be a task definition"),
    ({"taskDefinition": ["fargate-runs"]}, "taskDefinition: must be a task definition"),
    (
        {"taskDefinition": "other"},
        "taskDefinition: other is not allowed here; allowed are fargate-runs:7, report:3, jobs:*",
    ),
    ({"taskDefinition": "fargate-runs:6"}, "is not allowed here"),
    ({"taskDefinition": "fargate"}, "is not allowed here"),
    ({"taskDefinition": "report:4"}, "is not allowed here"),
    ({"taskDefinition": "jobs-of-others:1"}, "is not allowed here"),
    ({"taskDefinition": OWN.replace("fargate-runs:7", "jobs-of-others:1")}, "is not allowed here"),
    ({"taskDefinition": "arn:aws:ecs:us-east-1:999999999999:task-definition/jobs:1"}, "is not allowed here"),
    ({"cpu": 512}, 'cpu: must be one of "256"'),
    ({"cpu": ""}, 'cpu: must be one of "256"'),
    ({"cpu": "1 vCPU"}, 'cpu: must be one of "256"'),
    ({"cpu": None, "memory": "1GB"}, "memory: must be MiB as digits"),
    ({"memory": ["1024"]}, "memory: must be MiB as digits"),
    ({"capacity": "SPOT"}, "capacity: must be one of"),
    ({"capacity": None}, "capacity: must be one of"),
    ({"capacity": ["spot"]}, "capacity: must be one of"),
    ({"timeoutSeconds": "60"}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"timeoutSeconds": True}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"timeoutSeconds": None}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"timeoutSeconds": 0}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"timeoutSeconds": -5}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"timeoutSeconds": 1.5}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"timeoutSeconds": 100000000}, "timeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"retries": -1}, "retries: must be a whole number from 0 to 10"),
    ({"retries": 11}, "retries: must be a whole number from 0 to 10"),
    ({"retries": 1.5}, "retries: must be a whole number from 0 to 10"),
    ({"retries": "3"}, "retries: must be a whole number from 0 to 10"),
    ({"retries": None}, "retries: must be a whole number from 0 to 10"),
    ({"retries": True}, "retries: must be a whole number from 0 to 10"),
    ({"retries": [3]}, "retries: must be a whole number from 0 to 10"),
    ({"retryOnExitCodes": 3}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": None}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": {}}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": ["3"]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": [0]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": [3, 256]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": [3, 1.5]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": [True]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": [[3]]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"retryOnExitCodes": [None]}, "retryOnExitCodes: must be a list of whole numbers from 1 to 255"),
    ({"commands": ["x" * 8200]}, "and ECS takes 8192"),
    # What has no end: it is counted first, and no message is longer than a cause may be.
    ({f"key-{n}": n for n in range(51)}, "the request has 51 keys"),
    ({f"key-{n}": "x" * 200 for n in range(1_000)}, "the request has 1000 keys"),
    ({"k" * 100_000: "x"}, f"{'k' * 79}…: is not known"),
    ({"commands": ["a"] * 1_001}, "commands: has 1001 parts, and 1000 is the most"),
    ({"commands": [1] * 50_000}, "commands: has 50000 parts"),
    ({"environment": {f"V{n}": "" for n in range(301)}}, "environment: has 301 variables, and 300 is the most"),
    ({"environment": {"V" * 100_000: 1}}, f"environment: {'V' * 80} must have a text"),
    ({"environment": {"-" * 100_000: ""}}, f"environment: '{'-' * 79}…' is no name"),
    ({"environment": {"A": "x" * 200_000}}, "and ECS takes 8192"),
    ({"taskDefinition": "x" * 200_000}, "taskDefinition: must be a task definition"),
    ({"taskDefinition": [[["x"] * 10_000]]}, "taskDefinition: must be a task definition"),
    ({"cpu": "5" * 100_000}, "cpu: must be one of"),
    ({"retryOnExitCodes": "all"}, 'or the text "any"'),
    ({"totalTimeoutSeconds": 0}, "totalTimeoutSeconds: must be a whole number of seconds from 1 to 99999999"),
    ({"totalTimeoutSeconds": "60"}, "totalTimeoutSeconds: must be a whole number of seconds"),
    ({"job": "Nightly"}, "job: must be a name of 1 to 38 characters"),
    ({"schedule": "a", "scheduledTime": "2026-11-30T06:00:00Z"}, "schedule: goes only with job"),
    ({"force": True}, "force: goes only with job"),
    ({"retryOnExitCodes": [1] * 256}, "retryOnExitCodes: has 256 codes, and 255 is the most"),
    ({"retryOnExitCodes": [1] * 87_000}, "retryOnExitCodes: has 87000 codes"),
    ({"environment": {f"NAME_{n}": "x" * 100 for n in range(90)}}, "and ECS takes 8192"),
    ({"cpu": "512"}, 'cpu: "512" does not go with the memory "512" of the task definition'),
    ({"memory": "4096"}, 'memory: "4096" does not go with the cpu "256" of the task definition'),
    ({"cpu": "512", "memory": "512"}, 'memory: "512" does not go with cpu "512"'),
]
VARIABLES = {f"V{n}": "" for n in range(200)}  # more fit into the overrides of no machine
PLAN = replace(Plan.first(Capacity.ON_DEMAND, 3, (), 10), timeout_seconds=3_600)
#: What an execution may be given, and what differs from the defaults: of the plan, or of what is prepared.
ACCEPTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"commands": ["echo"]}, {"Command": ["echo"]}),
    ({"commands": ["sh", "-c", ""]}, {"Command": ["sh", "-c", ""]}),
    ({"commands": ["a"] * 1_000}, {"Command": ["a"] * 1_000}),
    ({"environment": {}}, {}),
    ({"environment": {"A": ""}}, {"environment": {"A": ""}}),
    ({"environment": {"_a1": "x", "B": "{% $states %}"}}, {"environment": {"_a1": "x", "B": "{% $states %}"}}),
    ({"environment": VARIABLES}, {"environment": VARIABLES}),
    ({"cpu": "256"}, {"Cpu": "256"}),
    ({"memory": "1024"}, {"Memory": "1024"}),
    ({"cpu": "512", "memory": "1024"}, {"Cpu": "512", "Memory": "1024"}),
    ({"cpu": "4096", "taskDefinition": "report"}, {"Cpu": "4096", "task_definition": REPORT}),
    ({"capacity": "on-demand"}, {}),
    ({"capacity": "spot"}, {"capacity": Capacity.SPOT, "provider": Provider.SPOT}),
    ({"capacity": "spot-first"}, {"capacity": Capacity.SPOT_FIRST, "provider": Provider.SPOT}),
    ({"retries": 0}, {"retries": 0}),
    ({"retries": 10}, {"retries": 10}),
    ({"retries": 2.0}, {"retries": 2}),
    ({"retryOnExitCodes": []}, {}),
    ({"retryOnExitCodes": [75]}, {"retry_on_exit_codes": (75,)}),
    ({"retryOnExitCodes": [1, 255, 1]}, {"retry_on_exit_codes": (1, 255, 1)}),
    ({"retryOnExitCodes": [*range(1, 256)]}, {"retry_on_exit_codes": tuple(range(1, 256))}),
    ({"retryOnExitCodes": "any"}, {"retry_on_any": True}),
    ({"totalTimeoutSeconds": 90}, {"timeout_seconds": 90, "deadline": NOON + timedelta(seconds=90)}),
    (
        {"totalTimeoutSeconds": 90, "timeoutSeconds": 60},
        {"timeout_seconds": 60, "deadline": NOON + timedelta(seconds=90)},
    ),
    ({"timeoutSeconds": 1}, {"timeout_seconds": 1}),
    ({"timeoutSeconds": 99999999}, {"timeout_seconds": 99999999}),
    ({"timeoutSeconds": 6e1}, {"timeout_seconds": 60}),
    ({"taskDefinition": "fargate-runs"}, {}),
    ({"taskDefinition": "fargate-runs:7"}, {}),
    ({"taskDefinition": OWN}, {}),
    ({"taskDefinition": "report"}, {"task_definition": REPORT}),
    ({"taskDefinition": "jobs"}, {"task_definition": "jobs"}),
    ({"taskDefinition": "jobs:12"}, {"task_definition": "jobs:12"}),
    (
        {"taskDefinition": OWN.replace("fargate-runs:7", "jobs:12")},
        {"task_definition": OWN.replace("fargate-runs:7", "jobs:12")},
    ),
]
ASKED = {"commands": ["job"], "environment": {"SECRET": CANARY}, "retries": 1}


def prepared(given: object, pattern: Pattern = Pattern.CALLBACK, store: InMemoryRunStore | None = None) -> Prepared:
    return prepare_run(store or InMemoryRunStore())(given, BEGINS, pattern)


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_refuses_what_is_wrong_and_says_so(given: object, said: str, pattern: Pattern) -> None:
    store = InMemoryRunStore()
    with pytest.raises(InvalidRunRequestError) as refused:
        prepared(given, pattern, store)
    message = str(refused.value.cut())
    assert said in message
    assert len(message) < 4_000
    assert not store.runs, "the run is recorded by its end"


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize(("given", "differing"), ACCEPTED)
def test_takes_what_is_right(given: dict[str, Any], differing: dict[str, Any], pattern: Pattern) -> None:
    run = prepared(given, pattern)
    of_plan = {name: value for name, value in differing.items() if hasattr(PLAN, name)}
    assert run.plan == replace(PLAN, **of_plan)
    assert (run.run_id, run.container) == (RUN_ID, "main")
    assert run.task_definition == differing.get("task_definition", OWN)
    assert run.timeout_seconds == differing.get("timeout_seconds", 3_600)
    overrides = overrides_of(run)
    (container,) = overrides["ContainerOverrides"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    users = {name: value for name, value in variables.items() if not name.startswith(("RUN_", "TASK_TOKEN"))}
    assert users == differing.get("environment", {})
    assert (variables["RUN_ID"], variables["RUN_EXECUTION_ARN"]) == (RUN_ID, EXECUTION_ARN)
    assert variables["RUN_ATTEMPT"] == "hole"
    assert variables.get("TASK_TOKEN") == ("hole" if pattern is Pattern.CALLBACK else None)
    limit = str(run.timeout_seconds) if pattern is Pattern.REQUEST_RESPONSE else None
    assert variables.get("RUN_TIMEOUT_SECONDS") == limit
    asked = {name: given for name, given in differing.items() if name[0].isupper()}
    found = {**{name: overrides.get(name) for name in ("Cpu", "Memory")}, "Command": container.get("Command")}
    assert {name: value for name, value in found.items() if value is not None} == asked


OBJECTS = [case for case in REFUSED if isinstance(case[0], dict) and "pattern" not in case[0]]


def api_takes(given: Mapping[str, Any]) -> bool:
    """As the API reads it, but for `commands`, which it wants."""
    try:
        request = RunRequest.from_mapping(given, require_commands=False, token_variables=TOKENS)
        prepare_run(InMemoryRunStore())._definitions.check(request)
    except InvalidRunRequestError:
        return False
    return True


@pytest.mark.parametrize("given", [given for given, _ in OBJECTS])
def test_the_api_refuses_it_too(given: Mapping[str, Any]) -> None:
    """So that a run which the API has accepted never fails on its input. The key `pattern` is the API's alone."""
    assert not api_takes(given)


@pytest.mark.parametrize("given", [given for given, _ in ACCEPTED])
def test_the_api_takes_it_too(given: Mapping[str, Any]) -> None:
    assert api_takes(given)
    accepted = RunRequest.from_mapping({"commands": ["true"], **given}).execution_input()
    assert prepared(accepted).run_id == RUN_ID


def test_every_problem_is_named_and_a_great_many_are_counted() -> None:
    with pytest.raises(InvalidRunRequestError) as refused:
        prepared({"commands": 1, "cpu": 1, "x": 1})
    assert [problem.partition(":")[0] for problem in refused.value.cut().problems] == ["x", "commands", "cpu"]
    with pytest.raises(InvalidRunRequestError) as refused:
        prepared({"environment": {f"V{n}": n for n in range(300)}})
    problems = refused.value.cut().problems
    assert (len(problems), problems[-1]) == (21, "and 280 more")


def test_twenty_problems_are_all_said() -> None:
    few = InvalidRunRequestError([str(n) for n in range(20)])
    assert few.cut() is few
    assert InvalidRunRequestError([str(n) for n in range(21)]).cut().problems == (*few.problems, "and 1 more")


@pytest.mark.parametrize("given", [{"\ud800": 1}, {"environment": {"\ud800": "x"}}, {"commands": ["\ud800"]}])
def test_what_is_said_can_be_sent(given: object) -> None:
    with pytest.raises(InvalidRunRequestError) as refused:
        prepared(given)
    assert str(refused.value).encode()


def test_no_value_of_the_environment_is_said_or_recorded() -> None:
    with pytest.raises(InvalidRunRequestError) as refused:
        prepared({"environment": {"A-B": CANARY, "RUN_ID": CANARY, "C": [CANARY]}})
    assert CANARY not in str(refused.value)
    store = InMemoryRunStore()
    run = prepared(ASKED, store=store)
    assert CANARY in str(run.overrides)
    assert CANARY not in repr(run) + repr(store.runs)


class TestTheRecord:
    """Who, what and when, by whatever door the run came."""

    @pytest.mark.parametrize("pattern", Pattern)
    def test_a_run_of_which_nothing_is_recorded(self, pattern: Pattern) -> None:
        store = InMemoryRunStore()
        prepared(ASKED, pattern, store)
        run = store.runs[RUN_ID]
        assert (run.created_at, run.execution_arn, run.pattern) == (NOON, EXECUTION_ARN, pattern)
        assert (run.follows, run.status, run.execution) == (True, RunStatus.PENDING, BEGINS)
        assert run.input == RunRequest.from_input(ASKED, pattern).recorded_input()
        assert run.input
        assert run.input["environmentNames"] == ["SECRET"]

    def test_a_second_call_changes_nothing(self) -> None:
        store = InMemoryRunStore()
        first = prepared(ASKED, store=store)
        stands = store.runs[RUN_ID]
        assert prepared(ASKED, store=store) == first
        assert store.runs[RUN_ID].revision == stands.revision

    def test_a_run_that_the_api_has_written(self) -> None:
        store, asked = InMemoryRunStore(), {"commands": ["another"]}
        created = NOON - timedelta(seconds=2)
        store.write_run(
            RunRecord(RUN_ID, created, Pattern.CALLBACK, EXECUTION_ARN, follows=True, input={"commands": ["another"]})
        )
        prepared(ASKED, store=store)
        run = store.runs[RUN_ID]
        assert (run.created_at, run.input, run.execution) == (created, asked, BEGINS)

    def test_what_settling_knows_stays(self) -> None:
        """The function is called late, or once more: the task has run and the execution is over."""
        world = World()
        for each in life():
            world.settle(each)
        world.end_run(ExecutionStatus.SUCCEEDED)
        before = world.store.runs[RUN_ID]
        prepare_run(world.store)(ASKED, replace(BEGINS, started_at=before.created_at), Pattern.CALLBACK)
        after = world.store.runs[RUN_ID]
        assert after.input
        assert replace(after, input=None) == before
        assert after.status is RunStatus.SUCCEEDED

    def test_a_name_that_was_used_long_ago(self) -> None:
        store = InMemoryRunStore()
        prepared({"commands": ["of old"]}, store=store)
        again = replace(BEGINS, started_at=NOON + LONG_BEFORE)
        prepare_run(store)(ASKED, again, Pattern.CALLBACK)
        run = store.runs[RUN_ID]
        assert (run.created_at, run.execution) == (again.started_at, again)
        assert run.input
        assert run.input["commands"] == ["job"]
        prepared({"commands": ["of old"]}, store=store)
        assert store.runs[RUN_ID] == run

    def test_an_execution_of_another_machine_with_this_name_changes_nothing(self) -> None:
        store = InMemoryRunStore()
        prepared(ASKED, store=store)
        run = store.runs[RUN_ID]
        another = replace(BEGINS, arn=f"{MACHINES.sync.replace(':stateMachine:', ':execution:')}:{RUN_ID}")
        assert prepare_run(store)({"commands": ["x"]}, another, Pattern.SYNC).run_id == RUN_ID
        assert store.runs[RUN_ID] == run

    def test_a_redrive_that_prepares_again(self) -> None:
        store = InMemoryRunStore()
        prepared(ASKED, store=store)
        prepare_run(store)(ASKED, replace(BEGINS, redrive_count=1), Pattern.CALLBACK)
        run = store.runs[RUN_ID]
        assert run.execution
        assert run.execution.redrive_count == 1

    def test_a_record_that_cannot_be_read_holds_up_nothing(self) -> None:
        store = InMemoryRunStore()
        prepared(ASKED, store=store)
        store.unreadable[RUN_ID, None] = "a word of tomorrow"
        run = prepared(ASKED, store=store)
        assert run.unreadable_record
        assert not prepared(ASKED).unreadable_record

    def test_a_table_that_is_down_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def is_down(_self: InMemoryRunStore, _run: RunRecord) -> RunRecord | None:
            raise StoreUnavailableError("the runs table: throttled")

        store = InMemoryRunStore()
        monkeypatch.setattr(InMemoryRunStore, "write_run", is_down)
        with pytest.raises(StoreUnavailableError):
            prepared(ASKED, store=store)


def test_times_are_those_of_the_context() -> None:
    read = Execution.from_detail(
        {"executionArn": EXECUTION_ARN, "startDate": "2025-05-06T12:00:00.123Z", "redriveCount": 0, "status": "RUNNING"}
    )
    assert lenient.iso(read.started_at) == "2025-05-06T12:00:00.123Z"
