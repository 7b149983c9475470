"""`sam local invoke` of the functions with the samples of events/, against a local runtime with containers in Docker.

What docs/development.md tells a person to type, with an image made here in place of Lambda's base image.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]

from local import control
from local.deploy import aws_environment
from local.paths import PROJECT
from tests.runtimes import free_port
from tools.docker.forward import forwarding, gateway
from tools.docker.images import PYTHON
from tools.docker.skip import SkippedError

EVENTS = PROJECT / "events"
HOST = "host.docker.internal"
INVOKE_IMAGE = "fargate-runs/invoke"
INVOKE_SECONDS = 120
BUILD_SECONDS = 600  # packages come over the network, as in images.py
LOOKS_SECONDS = 3 * INVOKE_SECONDS  # each look is an invocation, and one that comes too early must not be the last
STAGE = "Prod"
Json = dict[str, Any]


@dataclass(frozen=True)
class Sam:
    """Runs SAM's command line in a directory of its own."""

    directory: Path
    environment: Mapping[str, str]

    def build(self) -> None:
        """`sam build` for the image's Python."""
        runtime = f"Runtime=python{PYTHON}"
        places = ["--build-dir", str(self.directory / "build")]
        self._run("build", *places, "--parameter-overrides", runtime, limit_seconds=BUILD_SECONDS)

    def invoke(self, function: str, event: Path) -> Json:
        """`sam local invoke`; gives what the function returned, or its error as Lambda shows it."""
        template = str(self.directory / "build/template.yaml")
        variables = str(self.directory / "env.json")
        network = ["--add-host", f"{HOST}:host-gateway", "--invoke-image", INVOKE_IMAGE, "--skip-pull-image"]
        places = ["--template-file", template, "--env-vars", variables, "--event", str(event)]
        parameters = ["--parameter-overrides", f"Runtime=python{PYTHON}"]
        answer = self._run("local", "invoke", function, *places, *network, *parameters)
        lines = [line for line in answer.splitlines() if line.strip()]
        found = json.loads(lines[-1]) if lines else None
        return found if isinstance(found, dict) else {}

    def _run(self, *arguments: str, limit_seconds: float = INVOKE_SECONDS) -> str:
        program = Path(sys.executable).parent / "sam"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [str(program), *arguments],
            check=False,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=limit_seconds,
            env={**clean, **self.environment, "PATH": f"{program.parent}{os.pathsep}{clean['PATH']}"},
        )
        if done.returncode != 0:
            raise AssertionError(f"sam {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def check(client: Any, test_image: str, lambda_image: str) -> None:
    """Invokes the functions and checks what they did. Raises AssertionError, which says what is wrong."""
    if shutil.which(f"python{PYTHON}") is None:
        raise SkippedError(f"`sam build` for the image needs python{PYTHON} on this machine")
    directory = Path(tempfile.mkdtemp(prefix="fargate-runs-invoke-"))
    os.environ.update(FARGATE_RUNS_LOCAL_DIR=str(directory / "runtime"), FARGATE_RUNS_CONTAINERS="docker")
    try:
        status = control.up(port=free_port(), parameters={"ContainerImage": test_image}, progress=_say)
        _check_against(status, client, lambda_image, directory)
    finally:
        control.down()
        shutil.rmtree(directory, ignore_errors=True)


def _check_against(status: control.RuntimeStatus, client: Any, lambda_image: str, directory: Path) -> None:
    address = _bridge()
    port = int(status.endpoint.rsplit(":", 1)[1])
    _image_that_knows_the_runtime(client, lambda_image, f"http://{HOST}:{port}", directory)
    (directory / "env.json").write_text(json.dumps(_variables(status.outputs)))
    sam = Sam(directory, {**aws_environment(status.endpoint), "SAM_CLI_TELEMETRY": "0"})
    _say("sam build")
    sam.build()
    with forwarding(address, port):
        _check_events(sam, directory)
        _check_api(sam, directory)
        _check_sweep(sam)


def _check_events(sam: Sam, directory: Path) -> None:
    for name in ("running", "stopped-exit-0"):
        _expect(name, sam.invoke("TaskStateChangeFunction", EVENTS / f"task-state-change/{name}.json"), {})
    malformed = directory / "malformed.json"
    malformed.write_text('{"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": {"taskArn": 1}}')
    refused = sam.invoke("TaskStateChangeFunction", malformed)
    _expect("a malformed event", {"errorType": refused.get("errorType")}, {"errorType": "MalformedEventError"})
    foreign = sam.invoke("TaskStateChangeFunction", EVENTS / "task-state-change/another-cluster.not-ours.json")
    _expect("another cluster's event", {"errorType": foreign.get("errorType")}, {"errorType": "ForeignEventError"})
    for name in ("running", "succeeded"):
        answer = sam.invoke("ExecutionStateChangeFunction", EVENTS / f"execution-state-change/{name}.json")
        _expect(f"an execution that is {name}", answer, {})
    prepared = sam.invoke("PrepareRunFunction", EVENTS / "prepare-run/callback.json")
    _expect("prepare-run", {"attempt": prepared.get("plan", {}).get("attempt")}, {"attempt": 1})
    refused = sam.invoke("PrepareRunFunction", EVENTS / "prepare-run/refused.json")
    _expect("a refused input", {"errorType": refused.get("errorType")}, {"errorType": "InvalidRunRequestError"})
    judged = sam.invoke("JudgeTaskFunction", EVENTS / "judge-task/sync-exit-3.json")
    _expect("sync-exit-3", {"error": judged.get("error")}, {"error": "Container.ExitedNonZero"})


def _check_sweep(sam: Sam) -> None:
    deadline = time.monotonic() + LOOKS_SECONDS
    while True:
        swept = sam.invoke("SweepFunction", EVENTS / "sweep/schedule.json")
        if not swept.get("isSkipped") or time.monotonic() > deadline:  # the runtime's own schedule sweeps too
            break
    found = {name: swept.get(name) for name in ("isComplete", "failures", "firstFailure")}
    _expect("a sweep", found, {"isComplete": True, "failures": 0, "firstFailure": None})


def _check_api(sam: Sam, directory: Path) -> None:
    refused = sam.invoke("ApiFunction", EVENTS / "api/start-run-refused.json")
    _expect("start-run-refused", _reply(refused, "error"), {"statusCode": 400, "error": "Run.InvalidInput"})
    shown = sam.invoke("ApiFunction", EVENTS / "api/get-run.json")
    _expect("get-run", _reply(shown, "status"), {"statusCode": 200, "status": "SUCCEEDED"})
    for name, status, error in (
        ("list-runs", 200, None),
        ("get-logs", 404, "Log.Gone"),  # its container was never here
        ("stop-run", 409, "Run.Ended"),
        ("rerun-run", 409, "Run.InputForgotten"),
        ("start-job-run", 404, "Job.NotFound"),
    ):
        answer = sam.invoke("ApiFunction", EVENTS / f"api/{name}.json")
        _expect(name, _reply(answer, "error"), {"statusCode": status, "error": error})
    started = sam.invoke("ApiFunction", EVENTS / "api/start-run.json")
    _expect("start-run", _reply(started, "status"), {"statusCode": 202, "status": "PENDING"})
    _await_end(sam, directory, json.loads(started["body"])["runId"])


def _await_end(sam: Sam, directory: Path, run_id: str) -> None:
    """The run that was started really runs, in a container, and its record is there."""
    event = json.loads((EVENTS / "api/get-run.json").read_text())
    event["pathParameters"] = {"runId": run_id}
    event["path"] = f"/runs/{run_id}"
    (directory / "get.json").write_text(json.dumps(event))
    deadline = time.monotonic() + LOOKS_SECONDS
    while True:
        shown = _reply(sam.invoke("ApiFunction", directory / "get.json"), "status", "result")
        if shown.get("status") not in {"PENDING", "RUNNING"} or time.monotonic() > deadline:
            break
    _expect("the run", shown, {"statusCode": 200, "status": "SUCCEEDED", "result": {"rows": 42}})


def _reply(answer: Json, *names: str) -> Json:
    body = json.loads(answer.get("body") or "{}")
    return {"statusCode": answer.get("statusCode"), **{name: body.get(name) for name in names}}


def _expect(what: str, found: Json, wanted: Json) -> None:
    if found != wanted:
        raise AssertionError(f"sam local invoke, {what}: {found}, not {wanted}")
    _say(f"sam local invoke, {what}: {wanted or 'handled'}")


def _variables(outputs: Mapping[str, str]) -> Json:
    """events/env.json with the names of the stack that is deployed, but for the cluster of the samples."""
    tables = {"RUNS_TABLE_NAME": outputs["RunsTableName"], "JOBS_TABLE_NAME": outputs["JobsTableName"]}
    own = {
        **tables,
        "RUN_TASK_STATE_MACHINE_ARN": outputs["RunTaskStateMachineArn"],
        "RUN_TASK_SYNC_STATE_MACHINE_ARN": outputs["RunTaskSyncStateMachineArn"],
        "RUN_TASK_CALLBACK_STATE_MACHINE_ARN": outputs["RunTaskCallbackStateMachineArn"],
    }
    given = json.loads((EVENTS / "env.json").read_text())
    given["ApiFunction"].update(own, TASK_DEFINITION_ARN=outputs["TaskDefinitionArn"])
    for name in ("TaskStateChangeFunction", "ExecutionStateChangeFunction", "PrepareRunFunction"):
        given[name].update(tables)
    given["SweepFunction"].update(own, CLUSTER_ARN=outputs["ClusterArn"])
    return dict(given)


def _image_that_knows_the_runtime(client: Any, base: str, endpoint: str, directory: Path) -> None:
    """`sam local invoke` hands on only variables that the template has; an image's own are there too."""
    context = directory / "image"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {base}\nENV AWS_ENDPOINT_URL={endpoint}\n")
    client.images.build(path=str(context), tag=INVOKE_IMAGE, rm=True)


def _bridge() -> str:
    try:
        return gateway()
    except (docker.errors.DockerException, LookupError) as error:
        raise SkippedError(f"the engine has no default network, which `sam local invoke` needs: {error}") from error


def _say(text: str) -> None:
    print(f"  {text}", flush=True)
