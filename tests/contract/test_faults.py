"""Faults on demand are the faults of AWS: answers, texts, codes, events (facts B3, B9, B10, B13 to B18, B24, B37)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from urllib.error import HTTPError

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import outcome_of
from fargate_runs.reading.task import EcsTask
from local import faults_client
from local.access import OPENER, secret_of, signed
from local.ecs.faults import FAULT_KINDS
from local.faults_client import arm
from tests.contract.conftest import Aws, Json, state
from tests.contract.running import EXIT_0, STAY, containers, details, python, request, run, steps
from tests.runtimes import client_settings
from tests.waiting import eventually

RUN_TASK = "arn:aws:states:::ecs:runTask"
STUBBORN = python(
    "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('up').touch(); "
    "time.sleep(600)"
)
PULL = "CannotPullContainerError: pull image manifest has been retried"
HOST = "ECS is performing maintenance on the underlying infrastructure hosting the task"


@pytest.fixture(autouse=True)
def _no_fault_is_left(aws: Aws) -> Iterator[None]:
    """Nor a task of an earlier test, which could meet a fault that is armed for another."""
    faults_client.clear(aws.endpoint)
    aws.at_rest()
    yield
    assert faults_client.armed(aws.endpoint) == []
    faults_client.clear(aws.endpoint)


def last_detail(aws: Aws, task: str) -> Json:
    return details(aws.task_events(task))[-1]


def error_of(detail: Json) -> ErrorName | None:
    """What the application makes of the end of a task."""
    outcome = outcome_of(EcsTask.from_detail(detail), main_container="main")
    assert outcome is not None
    return outcome.error


def test_b37_no_capacity_is_a_failure_and_starts_nothing(aws: Aws) -> None:
    arm(aws.endpoint, "no-capacity", count=2)
    for _ in range(2):
        answer = aws.ecs.run_task(**request(aws, aws.task_definition({})))  # type: ignore[arg-type]
        assert answer["tasks"] == []
        assert [failure.get("reason") for failure in answer["failures"]] == ["RESOURCE:CPU"]
    aws.task_events(run(aws, aws.task_definition({}), EXIT_0))


def test_a_fault_of_one_provider_and_family_leaves_all_others_alone(aws: Aws) -> None:
    definition = aws.task_definition({})
    family = definition.rsplit("/", 1)[-1].split(":")[0]
    arm(aws.endpoint, "no-capacity", provider="FARGATE_SPOT", family=family)
    aws.task_events(run(aws, definition, EXIT_0, provider="FARGATE"))
    aws.task_events(run(aws, aws.task_definition({}), EXIT_0, provider="FARGATE_SPOT"))
    assert aws.ecs.run_task(**request(aws, definition, provider="FARGATE_SPOT"))["tasks"] == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "code", "text", "error"),
    [
        (
            "capacity-error",
            "ClientException",
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            "ECS.ClientException",
        ),
        (
            "vcpu-limit",
            "ClientException",
            "You\u2019ve reached the limit on the number of vCPUs you can run concurrently",
            "ECS.ClientException",
        ),
        ("throttled", "ThrottlingException", "Rate exceeded", "ECS.AmazonECSException"),
        (
            "server-error",
            "ServerException",
            "Service Unavailable. Please try again later.",
            "ECS.ServerException",
        ),
        (
            "parameter-throttle",
            "InvalidParameterException",
            "Error retrieving subnet information for [subnet-1]: Rate exceeded (ErrorCode: Throttling)",
            "ECS.InvalidParameterException",
        ),
    ],
)
def test_b24_b34_b37_run_task_is_refused(aws: Aws, kind: str, code: str, text: str, error: str) -> None:
    """As the API answers, and as Step Functions names it."""
    once = boto3.client("ecs", **client_settings(aws.endpoint), config=Config(retries={"total_max_attempts": 1}))
    arm(aws.endpoint, kind, count=2)
    with pytest.raises(ClientError) as refused:
        once.run_task(**request(aws, aws.task_definition({})))  # type: ignore[arg-type]
    assert refused.value.response["Error"] == {"Code": code, "Message": text}
    end = aws.run(state(RUN_TASK, aws.parameters(aws.task_definition({}))))
    assert (end["status"], end["error"]) == ("FAILED", error)
    status = 500 if code == "ServerException" else 400
    said = f"{text} (Service: AmazonECS; Status Code: {status}; Error Code: {code}; Request ID: "
    assert str(end["cause"]).startswith(said)
    assert str(end["cause"]).endswith("; Proxy: null)")


@pytest.mark.parametrize("suffix", ["", ".sync", ".waitForTaskToken"])
def test_b43_run_task_is_carried_out_and_the_retry_starts_a_second_task(aws: Aws, suffix: str) -> None:
    """B24: the first call's error is ServerException."""
    definition = aws.task_definition({"command": list(STAY)})
    retry = [{"ErrorEquals": ["ECS.ServerException"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    arm(aws.endpoint, "answer-lost")
    execution = aws.start(state(RUN_TASK + suffix, aws.parameters(definition), Retry=retry))
    eventually(lambda: len(aws.living()) == 2, "two tasks of one state")
    failed = [event for event in aws.history(execution) if event["type"] == "TaskFailed"]
    assert [event["taskFailedEventDetails"]["error"] for event in failed] == ["ECS.ServerException"]  # type: ignore[index]
    aws.sfn.stop_execution(executionArn=execution)


@pytest.mark.parametrize(
    ("kind", "text", "error"),
    [
        (
            "image-not-found",
            f"{PULL} 1 time(s): failed to resolve ref docker.io/library/any:latest: pull access denied, ",
            ErrorName.IMAGE_NOT_FOUND,
        ),
        (
            "image-pull-timeout",
            f"{PULL} 5 time(s): failed to resolve ref docker.io/library/any:latest: failed to do request: ",
            ErrorName.IMAGE_PULL_FAILED,
        ),
        (
            "secrets-error",
            "ResourceInitializationError: unable to pull secrets or registry auth: ",
            ErrorName.RESOURCE_INITIALIZATION_FAILED,
        ),
    ],
)
def test_b9_b14_b16_a_start_that_fails_in_pending(aws: Aws, kind: str, text: str, error: ErrorName) -> None:
    """B3: no exit code, and no `startedAt`."""
    arm(aws.endpoint, kind)
    events = aws.task_events(run(aws, aws.task_definition({}), STAY))
    assert steps(events) == [(1, "PROVISIONING"), (2, "PENDING"), (3, "DEPROVISIONING"), (4, "STOPPED")]
    last = details(events)[-1]
    assert last["stopCode"] == "TaskFailedToStart"
    assert str(last["stoppedReason"]).startswith(text)
    assert "startedAt" not in last
    assert not {"exitCode", "runtimeId"} & set(containers(last)["main"])
    assert error_of(last) == error


def test_b3_b9_b16_without_a_network_interface_a_task_has_no_containers_and_stops_at_two(aws: Aws) -> None:
    arm(aws.endpoint, "eni-timeout")
    events = aws.task_events(run(aws, aws.task_definition({}), STAY))
    assert steps(events) == [(1, "PROVISIONING"), (2, "STOPPED")]
    last = details(events)[-1]
    assert last["containers"] == []
    assert last["stopCode"] == "TaskFailedToStart"
    assert last["stoppedReason"] == "Timeout waiting for network interface provisioning to complete."
    assert error_of(last) == ErrorName.PROVISIONING_FAILED


def test_b21_sync_fails_when_its_task_has_no_containers(aws: Aws) -> None:
    arm(aws.endpoint, "eni-timeout")
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_0)))
    assert end["error"] == "States.TaskFailed"
    assert json.loads(str(end["cause"]))["Containers"] == []


def test_b16_any_other_text_can_be_the_reason(aws: Aws) -> None:
    arm(aws.endpoint, "secrets-error", reason="Timeout waiting for EphemeralStorage provisioning to complete. {image}")
    last = last_detail(aws, run(aws, aws.task_definition({}), STAY))
    assert last["stoppedReason"] == "Timeout waiting for EphemeralStorage provisioning to complete. {image}"


def test_b13_a_slow_start_is_spent_in_pending(aws: Aws) -> None:
    arm(aws.endpoint, "slow-start", seconds=1.5)
    events = aws.task_events(run(aws, aws.task_definition({}), EXIT_0))
    assert steps(events)[1:3] == [(2, "PENDING"), (3, "RUNNING")]
    running = details(events)[2]
    assert (moment(running["startedAt"]) - moment(running["pullStartedAt"])).total_seconds() >= 1.5


def test_a_slow_start_comes_on_top_of_another_fault(aws: Aws) -> None:
    arm(aws.endpoint, "image-not-found")
    arm(aws.endpoint, "out-of-memory")
    arm(aws.endpoint, "slow-start", seconds=0.1)
    first, second = (last_detail(aws, run(aws, aws.task_definition({}), STAY)) for _ in range(2))
    assert [error_of(first), error_of(second)] == [ErrorName.IMAGE_NOT_FOUND, ErrorName.OUT_OF_MEMORY]


def test_b18_out_of_memory_on_demand(aws: Aws) -> None:
    arm(aws.endpoint, "out-of-memory")
    last = last_detail(aws, run(aws, aws.task_definition({}), STAY))
    assert (last["stopCode"], last["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    main = containers(last)["main"]
    assert main["exitCode"] == 137
    assert main["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert error_of(last) == ErrorName.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("kind", "stop_code", "text", "error"),
    [
        ("infrastructure", "InfrastructureHealth", HOST, ErrorName.INFRASTRUCTURE_FAILED),
        ("termination-notice", "TerminationNotice", HOST, ErrorName.INFRASTRUCTURE_FAILED),
        ("stopped-by-user", "UserInitiated", "Task stopped by user", ErrorName.STOPPED_BY_USER),
    ],
)
def test_b14_b16_a_running_task_is_stopped(aws: Aws, kind: str, stop_code: str, text: str, error: ErrorName) -> None:
    """B6: the stop is seen while the task is still RUNNING."""
    arm(aws.endpoint, kind, after=0.2)
    events = aws.task_events(run(aws, aws.task_definition({}), STAY))
    assert steps(events)[2:] == [(3, "RUNNING"), (4, "RUNNING"), (5, "DEPROVISIONING"), (6, "STOPPED")]
    for detail in details(events)[3:]:
        assert (detail["desiredStatus"], detail["stopCode"], detail["stoppedReason"]) == ("STOPPED", stop_code, text)
    assert containers(details(events)[-1])["main"]["exitCode"] == 143
    assert error_of(details(events)[-1]) == error


def test_b16_a_user_stops_a_task_with_a_reason(aws: Aws) -> None:
    arm(aws.endpoint, "stopped-by-user", reason="not needed any more")
    assert last_detail(aws, run(aws, aws.task_definition({}), STAY))["stoppedReason"] == "not needed any more"


def stubborn_definition(aws: Aws, stop_timeout: int) -> str:
    """A container that ignores SIGTERM; the task is not RUNNING before it does."""
    check = {"command": ["CMD-SHELL", "test -f up"], "interval": 1, "retries": 10}
    return aws.task_definition(
        {"command": list(STAY), "dependsOn": [{"containerName": "stubborn", "condition": "HEALTHY"}]},
        {"name": "stubborn", "command": STUBBORN, "healthCheck": check, "stopTimeout": stop_timeout},
    )


@pytest.mark.parametrize(("stop_timeout", "warning"), [(1, 120), (120, 1)])
def test_b15_spot_warns_then_sigterm_then_sigkill(aws: Aws, stop_timeout: int, warning: int) -> None:
    """SIGKILL comes after stopTimeout, and no later than the warning is long."""
    arm(aws.endpoint, "spot-interruption", seconds=warning)
    events = aws.task_events(run(aws, stubborn_definition(aws, stop_timeout), provider="FARGATE_SPOT"))
    assert steps(events)[2:] == [(3, "RUNNING"), (4, "RUNNING"), (5, "DEPROVISIONING"), (6, "STOPPED")]
    warned, *_, last = details(events)[3:]
    for detail in (warned, last):
        assert detail["desiredStatus"] == "STOPPED"
        assert (detail["stopCode"], detail["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
        assert (detail["launchType"], detail["capacityProviderName"]) == ("FARGATE", "FARGATE_SPOT")
    assert containers(warned)["stubborn"]["lastStatus"] == "RUNNING"
    assert {name: each["exitCode"] for name, each in containers(last).items()} == {"main": 143, "stubborn": 137}
    assert (moment(last["executionStoppedAt"]) - moment(warned["stoppingAt"])).total_seconds() >= 1
    assert error_of(last) == ErrorName.SPOT_INTERRUPTED


def test_b15_only_tasks_on_spot_are_interrupted(aws: Aws) -> None:
    arm(aws.endpoint, "spot-interruption")
    for provider in ("FARGATE", None):
        last = last_detail(aws, run(aws, aws.task_definition({}), EXIT_0, provider=provider))
        assert last["stopCode"] == "EssentialContainerExited"
    last = last_detail(aws, run(aws, aws.task_definition({}), STAY, provider="FARGATE_SPOT"))
    assert last["stopCode"] == "SpotInterruption"


def events_seen(aws: Aws, task: str) -> list[Json]:
    """All events of a task that has stopped: those of a later task have come."""
    aws.until_status(task, "STOPPED")
    aws.task_events(run(aws, aws.task_definition({}), EXIT_0))
    return [event for event in aws.seen if event["resources"] == [task]]


def test_b10_an_event_is_dropped(aws: Aws) -> None:
    arm(aws.endpoint, "event-dropped", last_status=["STOPPED"])
    events = events_seen(aws, run(aws, aws.task_definition({}), EXIT_0))
    assert steps(events) == [(1, "PROVISIONING"), (2, "PENDING"), (3, "RUNNING"), (4, "DEPROVISIONING")]


def test_b9_b10_an_event_is_doubled_with_the_same_version_and_another_id(aws: Aws) -> None:
    arm(aws.endpoint, "event-doubled", last_status=["RUNNING"])
    events = events_seen(aws, run(aws, aws.task_definition({}), EXIT_0))
    assert [version for version, _ in steps(events)] == [1, 2, 3, 3, 4, 5]
    assert events[2]["detail"] == events[3]["detail"]
    assert events[2]["id"] != events[3]["id"]


def test_b10_an_event_comes_after_the_next_one(aws: Aws) -> None:
    arm(aws.endpoint, "event-reordered", last_status=["PENDING", "DEPROVISIONING", "STOPPED"], count=2)
    events = events_seen(aws, run(aws, aws.task_definition({}), EXIT_0))
    assert [version for version, _ in steps(events)] == [1, 3, 2, 5, 4]


def test_b10_an_event_comes_late(aws: Aws) -> None:
    arm(aws.endpoint, "event-delayed", last_status=["STOPPED"], seconds=3)
    event = aws.task_events(run(aws, aws.task_definition({}), EXIT_0))[-1]
    assert steps([event]) == [(5, "STOPPED")]
    detail = details([event])[0]
    # The envelope says when it was sent, in whole seconds.
    assert (moment(event["time"]) - moment(detail["stoppedAt"])).total_seconds() > 3 - 1


def test_what_is_armed_can_be_listed_and_cleared(aws: Aws) -> None:
    arm(aws.endpoint, "no-capacity", count=3, provider="FARGATE_SPOT")
    aws.ecs.run_task(**request(aws, aws.task_definition({}), provider="FARGATE_SPOT"))  # type: ignore[arg-type]
    arm(aws.endpoint, "event-delayed", last_status=["RUNNING"])
    first, second = faults_client.armed(aws.endpoint)
    assert {**first, "id": 0} == {"id": 0, "kind": "no-capacity", "provider": "FARGATE_SPOT", "left": 2}
    assert {**second, "id": 0} == {
        "id": 0,
        "kind": "event-delayed",
        "seconds": 5.0,
        "lastStatus": ["RUNNING"],
        "left": 1,
    }
    faults_client.clear(aws.endpoint)


@pytest.mark.parametrize("body", ["[]", "nonsense", '{"kind": "flood"}', "{}", '{"kind": "throttled", "count": 0}'])
def test_what_makes_no_sense_is_refused(aws: Aws, body: str) -> None:
    request = signed("POST", f"{aws.endpoint}/_local/faults", secret_of(aws.endpoint), body.encode())
    with pytest.raises(HTTPError) as refused:
        OPENER.open(request, timeout=30)
    with refused.value as answer:
        assert answer.code == 400
        assert json.loads(answer.read())["message"]


def test_an_unknown_kind_says_which_exist(aws: Aws) -> None:
    with pytest.raises(faults_client.FaultRefusedError) as refused:
        arm(aws.endpoint, "flood")
    assert all(kind in str(refused.value) for kind in FAULT_KINDS)


def moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
