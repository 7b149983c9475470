"""Memory limits that really kill (fact B18), and containers that wait for each other (facts B3, B6, B9, B14, B16)."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws, Json, prepared
from tests.contract.running import (
    AWS_LOGS,
    EXIT_0,
    STAY,
    containers,
    details,
    logged,
    python,
    request,
    run,
    steps,
)
from tests.runtimes import bare_runtime
from tests.waiting import eventually

# Health checks and stop time-outs are ten times faster; the containers themselves live in the machine's time.
TIME_SCALE = 10
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
TAKE = "taken = b'x' * ({mib} * 1024 * 1024); print('taken', flush=True); import time; time.sleep({seconds})"
IN_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
# Four processes that share 40 MiB: together they use them once.
SHARED = (
    "import os, time; taken = b'x' * (40 * 1024 * 1024); children = [os.fork() for _ in range(2)]; time.sleep(1); "
    "all(children) and [os.wait() for _ in children]; os._exit(0)"
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A bare runtime in fast time."""
    with bare_runtime(tmp_path_factory.mktemp("fast"), time_scale=TIME_SCALE) as endpoint:
        yield prepared(endpoint)


def last_detail(aws: Aws, task: str) -> Json:
    return details(aws.task_events(task))[-1]


def take(mib: int, seconds: float = 600) -> str:
    return TAKE.format(mib=mib, seconds=seconds)


@pytest.mark.parametrize("program", [take(200), IN_A_CHILD.format(program=take(200))], ids=["itself", "in a child"])
def test_b18_more_than_the_containers_memory_is_killed(aws: Aws, program: str) -> None:
    last = last_detail(aws, run(aws, aws.task_definition({}), python(program), memory=64))
    assert (last["stopCode"], last["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    main = containers(last)["main"]
    assert (main["exitCode"], main["reason"]) == (137, OUT_OF_MEMORY)


def test_b18_the_memory_of_the_definition_is_a_limit_too(aws: Aws) -> None:
    definition = aws.task_definition({"memory": 64, "command": python(take(200))})
    assert containers(last_detail(aws, run(aws, definition)))["main"]["reason"] == OUT_OF_MEMORY


@pytest.mark.parametrize("program", [take(30, seconds=1), SHARED], ids=["one process", "shared by three"])
def test_b18_less_than_the_containers_memory_is_left_alone(aws: Aws, program: str) -> None:
    last = last_detail(aws, run(aws, aws.task_definition({}), python(program), memory=100))
    main = containers(last)["main"]
    assert (main["exitCode"], main.get("reason")) == (0, None)


def test_b18_the_tasks_memory_is_shared_by_its_containers(aws: Aws) -> None:
    """Who uses most is killed; alone, each would be within the limit."""
    side = {"name": "side", "essential": False, "command": python(take(60))}
    definition = aws.task_definition({"command": python(take(100))}, side)
    last = last_detail(aws, run(aws, definition, overrides={"memory": "150"}))
    found = containers(last)
    assert (found["main"]["exitCode"], found["main"]["reason"]) == (137, OUT_OF_MEMORY)
    assert (found["side"]["exitCode"], found["side"].get("reason")) == (143, None)


@pytest.mark.parametrize("exit_code", [0, 3])
def test_b6_complete_waits_for_the_end_whatever_it_is(aws: Aws, exit_code: int) -> None:
    """The container that has ended is shown as STOPPED when the task becomes RUNNING."""
    first = python(f"import sys, time; time.sleep(0.5); print('done', flush=True); sys.exit({exit_code})")
    definition = aws.task_definition(
        {"command": python("print('go', flush=True)"), **AWS_LOGS, **depends_on("first", "COMPLETE")},
        {"name": "first", "essential": False, "command": first, **AWS_LOGS},
    )
    task = run(aws, definition)
    events = aws.task_events(task)
    running = next(detail for detail in details(events) if detail["lastStatus"] == "RUNNING")
    assert containers(running)["first"]["lastStatus"] == "STOPPED"
    assert exit_codes(details(events)[-1]) == {"main": 0, "first": exit_code}
    assert logged(aws, task, "first")[0][0] <= logged(aws, task, "main")[0][0]


def test_success_lets_go_on_after_exit_code_0(aws: Aws) -> None:
    definition = aws.task_definition(
        {"command": list(EXIT_0), **depends_on("first", "SUCCESS")},
        {"name": "first", "essential": False, "command": list(EXIT_0)},
    )
    events = aws.task_events(run(aws, definition))
    assert steps(events)[2] == (3, "RUNNING")
    assert exit_codes(details(events)[-1]) == {"main": 0, "first": 0}


def test_b3_b9_b14_b16_a_dependency_without_success_fails_the_start(aws: Aws) -> None:
    definition = aws.task_definition(
        {"command": list(STAY), **depends_on("first", "SUCCESS")},
        {"name": "first", "essential": False, "command": python("raise SystemExit(3)")},
    )
    events = aws.task_events(run(aws, definition))
    assert steps(events) == [(1, "PROVISIONING"), (2, "PENDING"), (3, "DEPROVISIONING"), (4, "STOPPED")]
    last = details(events)[-1]
    assert (last["stopCode"], last["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert exit_codes(last) == {"main": None, "first": 3}
    assert containers(last)["main"]["reason"] == (
        "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency "
        "[first(any) (STOPPED->RUNNING) - Exit: 3] for target [main(any) (NONE->RUNNING)] "
        "as dependency did not exit successfully."
    )


def test_a_container_that_is_not_essential_is_given_up_alone(aws: Aws) -> None:
    definition = aws.task_definition(
        # It ends after the others were given up: its end is the task's.
        {"command": list(EXIT_0), **depends_on("first", "COMPLETE")},
        {"name": "first", "essential": False, "command": python("raise SystemExit(3)")},
        {"name": "second", "essential": False, "command": list(STAY), **depends_on("first", "SUCCESS")},
        {"name": "third", "essential": False, "command": list(STAY), **depends_on("second", "START")},
    )
    last = last_detail(aws, run(aws, definition))
    assert last["stopCode"] == "EssentialContainerExited"
    assert exit_codes(last) == {"main": 0, "first": 3, "second": None, "third": None}
    assert "dependency will never start" in str(containers(last)["third"]["reason"])


def with_health(command: list[str], test: str, **more: object) -> Json:
    """An essential container `db` with a health check every 5 seconds."""
    check = {"command": ["CMD-SHELL", test], "interval": 5, "timeout": 60, "retries": 1}
    return {"name": "db", "command": command, "healthCheck": {**check, **more}, **AWS_LOGS}


def test_healthy_waits_until_the_health_check_passes(aws: Aws) -> None:
    ready = python(
        "import pathlib, time; time.sleep(1); print('ready', flush=True); "
        "pathlib.Path('ready').touch(); time.sleep(600)"
    )
    definition = aws.task_definition(
        {"command": python("print('go', flush=True)"), **AWS_LOGS, **depends_on("db", "HEALTHY")},
        with_health(ready, "test -f ready"),
    )
    task = run(aws, definition)
    assert exit_codes(last_detail(aws, task)) == {"main": 0, "db": 143}
    assert logged(aws, task, "db")[0][0] <= logged(aws, task, "main")[0][0]


def test_b5_health_is_described_but_not_in_events(aws: Aws) -> None:
    """A check can be a command of its own; a task that is not healthy goes on, only a service would replace it."""
    check = {"command": ["CMD", "python", "-c", "raise SystemExit(1)"], "interval": 5, "timeout": 60, "retries": 2}
    task = run(aws, aws.task_definition({"command": list(STAY), "healthCheck": check}))
    described = eventually(lambda: with_status(aws, task, "UNHEALTHY"), "a container that is not healthy")
    assert containers(described)["main"]["healthStatus"] == "UNHEALTHY"
    assert described["lastStatus"] == "RUNNING"
    aws.ecs.stop_task(cluster=aws.cluster, task=task)
    assert "healthStatus" not in last_detail(aws, task)


def with_status(aws: Aws, task: str, health: str) -> Json | None:
    described = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0]
    return dict(described) if described.get("healthStatus") == health else None


def test_b16_a_start_time_out_gives_up_on_health(aws: Aws) -> None:
    definition = aws.task_definition(
        {"command": list(STAY), **depends_on("db", "HEALTHY")},
        {**with_health(list(STAY), "exit 1"), "startTimeout": 10},
    )
    last = last_detail(aws, run(aws, definition))
    assert (last["stopCode"], last["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert str(containers(last)["main"]["reason"]).endswith("for target [main(any) (NONE->RUNNING)] has timed out.")
    assert exit_codes(last) == {"main": None, "db": 143}


def test_b14_the_end_of_an_essential_container_ends_a_task_that_is_still_starting(aws: Aws) -> None:
    definition = aws.task_definition(
        {"command": list(STAY), **depends_on("db", "HEALTHY")}, with_health(python("raise SystemExit(4)"), "exit 1")
    )
    events = aws.task_events(run(aws, definition))
    assert [status for _, status in steps(events)] == ["PROVISIONING", "PENDING", "DEPROVISIONING", "STOPPED"]
    last = details(events)[-1]
    assert last["stopCode"] == "EssentialContainerExited"
    assert exit_codes(last) == {"main": None, "db": 4}


def test_a_task_can_be_stopped_while_a_container_waits(aws: Aws) -> None:
    definition = aws.task_definition(
        {"command": list(STAY), **depends_on("db", "HEALTHY")},
        with_health(python("print('up', flush=True); import time; time.sleep(600)"), "exit 1"),
    )
    task = run(aws, definition)
    eventually(lambda: aws.until_status(task, "PENDING") and started(aws, task, "db"), "the first container")
    aws.ecs.stop_task(cluster=aws.cluster, task=task)
    last = last_detail(aws, task)
    assert last["stopCode"] == "UserInitiated"
    assert exit_codes(last) == {"main": None, "db": 143}


def started(aws: Aws, task: str, container: str) -> bool:
    described = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])["tasks"][0]
    return containers(dict(described))[container]["lastStatus"] == "RUNNING"


def test_b15_containers_are_stopped_before_those_that_they_depend_on(aws: Aws) -> None:
    told = python(
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    print('told', flush=True); time.sleep(0.5); print('ended', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )
    # The longest that there is: in this runtime the usual 30 seconds are 3, and whoever is told needs half a one.
    patient: Json = {"command": told, "stopTimeout": 120, **AWS_LOGS}
    definition = aws.task_definition({**patient, **depends_on("side", "START")}, {"name": "side", **patient})
    task = run(aws, definition)
    aws.until_status(task, "RUNNING")
    eventually(lambda: bool(logged(aws, task, "main") and logged(aws, task, "side")), "both handlers")
    aws.ecs.stop_task(cluster=aws.cluster, task=task)
    assert exit_codes(last_detail(aws, task)) == {"main": 0, "side": 0}
    lines = {name: {text: at for at, text in logged(aws, task, name)} for name in ("main", "side")}
    assert lines["main"]["ended"] <= lines["side"]["told"]


@pytest.mark.parametrize(
    ("dependencies", "message"),
    [
        ([("nobody", "START")], "Cannot depend on container + 'nobody' because it does not exist"),
        (
            [("essential", "SUCCESS")],
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            [("essential", "COMPLETE")],
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        ([("main", "START")], "Container dependencies should not have a cycle"),
        ([("circle", "START")], "Container dependencies should not have a cycle"),
        (
            [("essential", "HEALTHY")],
            "Container 'essential' must have a health check to be a dependency with condition HEALTHY",
        ),
        (
            [("essential", "RUNNING")],
            "Invalid condition 'RUNNING' of dependsOn: it must be START, COMPLETE, SUCCESS, HEALTHY",
        ),
    ],
)
def test_b24_what_cannot_be_depended_on_is_refused(aws: Aws, dependencies: list[tuple[str, str]], message: str) -> None:
    entries = [{"containerName": name, "condition": condition} for name, condition in dependencies]
    definition = aws.task_definition(
        {"dependsOn": entries}, {"name": "essential"}, {"name": "circle", **depends_on("main", "START")}
    )
    with pytest.raises(ClientError) as refused:
        aws.ecs.run_task(**request(aws, definition))  # type: ignore[arg-type]
    assert refused.value.response["Error"] == {"Code": "ClientException", "Message": message}


def depends_on(container: str, condition: str) -> Json:
    return {"dependsOn": [{"containerName": container, "condition": condition}]}


def exit_codes(detail: Json) -> dict[object, object]:
    return {name: container.get("exitCode") for name, container in containers(detail).items()}


@pytest.mark.parametrize(
    "command", ["sleep 600 & exit 0", "setsid sleep 600 & exit 0", "setsid sleep 600 > /dev/null 2>&1 & exit 0"]
)
def test_the_end_of_the_main_process_is_the_end_of_what_it_started(aws: Aws, command: str) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    task = run(aws, aws.task_definition({}), ["sh", "-c", f"export MARKER={marker}; {command}"])
    assert containers(details(aws.task_events(task))[-1])["main"]["exitCode"] == 0
    eventually(lambda: not with_variable(marker), "the end of every process that the container started")


def with_variable(value: str) -> list[int]:
    """Living processes with a value in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("MARKER") == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
