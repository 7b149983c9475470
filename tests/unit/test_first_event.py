"""When a process of a function looks for garbage: not while it starts, and always after that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.conftest import ENVIRONMENT

FUNCTIONS = Path(__file__).parents[2] / "functions"
PACKAGES = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))

AFTER_ONE_EVENT = """
import gc
from fargate_runs.first_event import collect_from_now_on, then_collect

@then_collect
def handler(event, context):
    print("in", gc.isenabled())
    if event: raise ValueError(event)
    return context

try:
    print("gives", handler({event!r}, "answer"))
except ValueError as error:
    print("raises", error)
print("then", gc.isenabled(), gc.get_freeze_count() > 0)
gc.unfreeze()
collect_from_now_on()
print("later", gc.isenabled(), gc.get_freeze_count())
"""


def run(program: str, *, on_lambda: bool) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_FUNCTION_NAME"}
    if on_lambda:
        environment["AWS_LAMBDA_FUNCTION_NAME"] = "f"
    environment["PYTHONPATH"] = str(FUNCTIONS)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    return done.stdout.splitlines()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_starts_without_looking_for_garbage(package: str) -> None:
    program = f"import gc, {package}; print(gc.isenabled())"

    assert run(program, on_lambda=True) == ["False"]
    assert run(program, on_lambda=False) == ["True"]


@pytest.mark.parametrize(("event", "ends"), [("", "gives answer"), ("bad", "raises bad")])
def test_after_the_first_event_it_is_looked_for_again_but_not_among_what_stands(event: str, ends: str) -> None:
    seen = run(AFTER_ONE_EVENT.replace("{event!r}", repr(event)), on_lambda=True)

    assert seen == ["in False", ends, "then True True", "later True 0"]


def test_elsewhere_nothing_changes() -> None:
    seen = run(AFTER_ONE_EVENT.replace("{event!r}", "''"), on_lambda=False)

    assert seen == ["in True", "gives answer", "then True False", "later True 0"]


JUDGE = """
import json, sys
import judge_task.handler
class Context:
    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "f", 256, "arn:f", "1"
error, cause = "ECS.AmazonECSException", "Rate exceeded (Service: AmazonECS; Error Code: ThrottlingException)"
answer = judge_task.handler.handler({"error": error, "cause": cause, "runId": "r"}, Context())
sdk = {"boto3", "botocore.session", "botocore.config", "urllib3"}
print(answer["throttled"], sorted(sdk & {*sys.modules}), file=sys.stderr)
"""


def test_a_failure_is_judged_without_an_sdk() -> None:
    """Until a log is read: a throttled call has none. Powertools imports the package botocore, and nothing of it."""
    environment = {**ENVIRONMENT, "PYTHONPATH": str(FUNCTIONS)}
    done = subprocess.run([sys.executable, "-c", JUDGE], capture_output=True, text=True, env=environment, check=False)

    assert done.stderr == "True []\n"
