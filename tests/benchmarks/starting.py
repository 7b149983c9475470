"""A whole process that handles its first event, beside one that makes the same calls with boto3 and does nothing else.

Both have what Lambda has: Python, its boto3 with bytecode, and (the function) the package that `sam build` made. AWS is
one server in this process that gives short answers.
"""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.gates import gate_item
from fargate_runs.aws.items import run_item, task_item
from fargate_runs.aws.job_items import job_item
from fargate_runs.jobs.gate import Gate, Position
from fargate_runs.jobs.job import Concurrency, JobSchedule, Policy
from fargate_runs.runs.run_folding import with_task
from tests.fakes.clock import NOON
from tests.fakes.records import execution, open_task, pending_run
from tests.fakes.stored_jobs import a_job, stored

Json = dict[str, object]
#: What Lambda's Python has beside the standard library.
OF_LAMBDA: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
SERVICES: Final = {"DynamoDB_20120810": "dynamodb", "AWSStepFunctions": "stepfunctions", "Logs_20140328": "logs"}
WAITS: Final = "20250506T110200-0a1b2c3d"  # the run of events/wait-for-slot
ARN = "arn:aws:states:us-east-1:123456789012:execution:fargate-runs-run-task-callback:20250507T110153-5ca1ab1e"
ANSWERS: Final[Mapping[str, Json]] = {
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "GetLogEvents": {"events": [], "nextBackwardToken": "b/1", "nextForwardToken": "f/1"},
    "DescribeExecution": {"executionArn": ARN, "status": "RUNNING", "startDate": 1_746_615_713, "stateMachineArn": ARN},
    "ListTasks": {"taskArns": []},
    "ListExecutions": {"executions": []},
    "StartExecution": {"executionArn": ARN, "startDate": 1_746_615_713},
}

FUNCTION = """
import importlib, json, sys
module, event = sys.argv[1], json.load(open(sys.argv[2]))
class Context:
    function_name = "f"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    def get_remaining_time_in_millis(self): return 30000
answer = importlib.import_module(module).handler(event, Context())
if isinstance(answer, dict) and answer.get("statusCode", 200) >= 300:
    raise SystemExit(answer["body"])
"""
BARE = """
import json, sys
import boto3
from botocore import xform_name
calls, clients = json.load(open(sys.argv[1])), {}
for service, operation, values in calls:
    if service not in clients:
        clients[service] = boto3.client(service)
    getattr(clients[service], xform_name(operation))(**values)
"""


def of_a_run() -> Mapping[str, Json]:
    """What AWS answers where a run is on record that runs: its records, its input and its log."""
    task = open_task()
    run = with_task(pending_run(execution=execution("RUNNING")), task, follows=True)
    items = [
        serialized(run_item(run, now=NOON, expires_at=0)),
        serialized(task_item(task, now=NOON, expires_at=0)),
    ]
    described = {**ANSWERS["DescribeExecution"], "input": '{"commands": ["job"], "environment": {"STAGE": "test"}}'}
    lines = [{"timestamp": 1_746_615_713_000, "ingestionTime": 1_746_615_713_000, "message": "at work"}]
    return {
        "Query": {"Items": items, "Count": len(items), "ScannedCount": len(items)},
        "GetItem": {"Item": items[0]},
        "DescribeExecution": described,
        "GetLogEvents": {"events": lines, "nextBackwardToken": "b/1", "nextForwardToken": "f/1"},
        "StopExecution": {"stopDate": 1_746_615_713},
    }


def of_a_job() -> Mapping[str, Json]:
    """What AWS answers where a job is on record that has a schedule and one slot, which another run holds."""
    schedule = JobSchedule("weekdays", "cron(0 6 ? * MON-FRI *)", "Europe/Berlin")
    job = serialized(
        job_item(stored(a_job(schedules=(schedule,), concurrency=Concurrency(1, Policy.QUEUE))), expires_at=0)
    )
    taken = Gate("nightly", 1, {"another": Position(ARN, NOON)}, {WAITS: Position(ARN, NOON)}, revision=1)
    return {
        "Query": {"Items": [job], "Count": 1, "ScannedCount": 1},
        "GetItem of JOBS/nightly": {"Item": job},
        "GetItem of GATE#nightly/GATE": {"Item": serialized(gate_item(taken))},
    }


def of_a_job_with_room() -> Mapping[str, Json]:
    """The same, but nobody holds the slot yet."""
    return {name: answer for name, answer in of_a_job().items() if name.startswith("GetItem of JOBS")}


def named(operation: str, body: Json) -> str:
    """The name of a call among the answers: `GetItem of JOBS/nightly` reads that item of a table."""
    key = body.get("Key")
    keys = [next(iter(part.values())) for part in key.values()] if isinstance(key, dict) else []
    return f"{operation} of {'/'.join(keys)}"


@dataclass
class Aws:
    """Every service at one address. `calls` are what was asked: service, operation, values.

    `answers` are given instead of ANSWERS, by operation, those of one item of a table first (see `named`).
    """

    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    answers: Mapping[str, Json] = field(default_factory=dict)
    endpoint: str = ""

    def answer(self, operation: str, body: Json) -> Json:
        """What is answered to a call."""
        given = self.answers.get(named(operation, body), self.answers.get(operation))
        return ANSWERS.get(operation, {}) if given is None else given


@contextmanager
def aws() -> Iterator[Aws]:
    """Serve, on a free port."""
    seen = Aws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet: a second one would wait 40 ms for the first one's receipt

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            target, _, operation = self.headers["X-Amz-Target"].partition(".")
            seen.calls.append((SERVICES.get(target, "ecs"), operation, body))
            answer = json.dumps(seen.answer(operation, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()


def of_lambda(directory: Path) -> Path:
    """A folder with the packages that Lambda has, with their bytecode."""
    for name in OF_LAMBDA:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        origin = Path(found.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, directory / origin.name)
    compileall.compile_dir(directory, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return directory


def cpu_seconds(program: str, arguments: Sequence[str], paths: Sequence[Path], environment: Mapping[str, str]) -> float:
    """What a whole process took of the processor, in user and system time; as Lambda it can write no bytecode."""
    start = f"import sys; sys.path[1:1] = {[str(path) for path in paths]!r}\n"
    command = [sys.executable, "-I", "-S", "-B", "-c", start + program, *arguments]
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said.decode()
    return usage.ru_utime + usage.ru_stime
