"""`sam build` and `sam deploy` of the real template into the local runtime, only when something changed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.access import ACCESS_KEY_ID, secret_of
from local.bytecode import add_bytecode
from local.errors import DeployFailedError, MissingInterpreterError
from local.fingerprint import of_sources
from local.leftovers import temporary_directory
from local.paths import (
    PRIVATE_UMASK,
    PROJECT,
    REGION,
    STACK_NAME,
    make_private,
    make_state_directory,
    private_file,
    private_stream,
    state_directory,
)

BUCKET: Final = "fargate-runs-packages"
MADE_BY_SAM: Final = ("build", "build.toml", "sam-cache", "sam-cli", ".aws-sam")
FINGERPRINT_TAG: Final = "local-fingerprint"
ARCHITECTURES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
EVERY_STATE_MACHINE: Final = f"arn:aws:states:{REGION}:000000000000:stateMachine:*"
#: All state machines are followed unless told otherwise: here they are all of one person.
OF_A_NEW_STACK: Final = {"FollowOtherStateMachines": EVERY_STATE_MACHINE}
# SAM asks every 5 s unless told: a stack here is made in less.
SAM_SETTINGS: Final = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_BETA_FEATURES": "0", "SAM_CLI_POLL_DELAY": "0.3"}
LOOPBACK: Final = "127.0.0.1"
Progress = Callable[[str], None]


def aws_environment(endpoint: str) -> dict[str, str]:
    """Environment with which any AWS SDK or tool talks to the local runtime as its root user."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": secret_of(endpoint),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
    }


def deploy(endpoint: str, progress: Progress, parameters: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Brings the stack up to date and returns its outputs. Raises DeployFailedError, with the last line of what failed.

    `parameters` are the template's, beside the runtime and architecture, which are always those at hand. A parameter
    that is not among them keeps the value that it has.
    """
    sources, given = of_sources(), dict(parameters or {})
    stack = _stack(endpoint)
    if stack is not None and stack.complete and stack.fingerprint == sources and stack.has(given):
        progress("the stack is up to date")
        return stack.outputs
    build(sources, progress)
    progress("deploying template.yaml (sam deploy)")
    _sam(
        [
            "deploy",
            "--template-file",
            str(_build_directory() / "template.yaml"),
            "--stack-name",
            STACK_NAME,
            "--s3-bucket",
            _bucket(endpoint),
            "--capabilities",
            "CAPABILITY_IAM",
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--no-progressbar",
            "--tags",
            f"{FINGERPRINT_TAG}={sources}",
            "--parameter-overrides",
            _parameters(given if stack is not None and stack.stands else {**OF_A_NEW_STACK, **given}),
        ],
        aws_environment(endpoint),
    )
    progress("the stack is deployed")
    return _outputs(endpoint)


def deployed(endpoint: str) -> Mapping[str, str] | None:
    """Returns the stack's outputs; None if it is not there or not complete."""
    stack = _stack(endpoint)
    return stack.outputs if stack is not None and stack.complete else None


@dataclass(frozen=True)
class _Stack:
    status: str
    fingerprint: str | None
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether its last deployment went well."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}

    @property
    def stands(self) -> bool:
        """Whether another deployment updates it: it keeps the parameters that the deployment does not name."""
        return self.complete or self.status == "UPDATE_ROLLBACK_COMPLETE"

    def has(self, parameters: Mapping[str, str]) -> bool:
        """Whether its parameters have these values already."""
        return parameters.items() <= self.parameters.items()


def _stack(endpoint: str) -> _Stack | None:
    try:
        stack = _client("cloudformation", endpoint).describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except (ClientError, BotoCoreError, IndexError):
        return None
    return _Stack(
        status=stack["StackStatus"],
        fingerprint={tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}.get(FINGERPRINT_TAG),
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
    )


def running_tasks(endpoint: str) -> int | None:
    """Returns how many tasks run in all clusters; None if the runtime does not answer."""
    ecs = _client("ecs", endpoint)
    try:
        clusters = ecs.list_clusters()["clusterArns"]
        return sum(
            len(page["taskArns"]) for one in clusters for page in ecs.get_paginator("list_tasks").paginate(cluster=one)
        )
    except (ClientError, BotoCoreError):
        return None


def _outputs(endpoint: str) -> Mapping[str, str]:
    outputs = deployed(endpoint)
    if outputs is None:
        raise DeployFailedError("sam deploy", "the stack is not complete", str(_log_file()))
    return outputs


def build(fingerprint: str, progress: Progress) -> Path:
    """The packages of the functions as `sam build` makes them, with bytecode, anew where the fingerprint is another."""
    mark = _build_directory() / "fingerprint"
    if mark.exists() and mark.read_text() == fingerprint:
        return mark.parent
    progress("building the functions (sam build)")
    _sam(
        [
            "build",
            "--template-file",
            str(PROJECT / "template.yaml"),
            "--build-dir",
            str(_build_directory()),
            "--cached",
            "--cache-dir",
            str(state_directory() / "sam-cache"),
            "--parameter-overrides",
            _parameters(),
        ],
        {"AWS_DEFAULT_REGION": REGION},
    )
    add_bytecode(_build_directory())
    make_private(_build_directory())
    mark.write_text(fingerprint)
    return mark.parent


def _parameters(given: Mapping[str, str] | None = None) -> str:
    """Writes a file of parameters: JSON, which every reader of YAML reads. SAM itself drops a backslash before a quote.

    The functions run in the interpreter at hand, so the template's runtime and architecture are this one's.
    """
    own = {
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Architecture": ARCHITECTURES.get(platform.machine().lower(), "x86_64"),
    }
    path = make_state_directory() / "parameters.yaml"
    private_file(path, json.dumps({**(given or {}), **own}))
    return f"file://{path.resolve()}"


def _sam(arguments: list[str], environment: Mapping[str, str]) -> None:
    program = Path(sys.executable).parent / "sam"
    if not program.exists():
        raise MissingInterpreterError("sam")
    log = _log_file()
    directory = make_state_directory()
    # What SAM would keep in the home directory.
    own = {"TMPDIR": str(temporary_directory()), "__SAM_CLI_APP_DIR": str(directory / "sam-cli")}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = f"{program.parent}{os.pathsep}{clean.get('PATH', '')}"
    with private_stream(log) as output:
        result = subprocess.run(
            [str(program), *arguments],
            check=False,
            # `sam build` keeps what it makes in .aws-sam here, and takes away what another build has made there.
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**clean, **past_proxies(clean), **SAM_SETTINGS, **environment, **own, "PATH": path},
            umask=PRIVATE_UMASK,
        )
    for name in MADE_BY_SAM:
        make_private(directory / name)
    if result.returncode != 0:
        raise DeployFailedError(f"sam {arguments[0]}", _last_line(log), str(log))


def past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that keep a proxy out of the way to this machine, and leave it on the way to a package registry."""
    excepted = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(filter(None, (excepted, LOOPBACK))))


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("Error", "Build Failed"))]
    return (told or lines or ["no output"])[-1]


def _build_directory() -> Path:
    return state_directory() / "build"


def _log_file() -> Path:
    return state_directory() / "sam.log"


def _bucket(endpoint: str) -> str:
    """Where the functions' packages go. SAM would make one with a stack of its own, and wait for that."""
    _client("s3", endpoint).create_bucket(Bucket=BUCKET)
    return BUCKET


def _client(service: Any, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=secret_of(endpoint),
        # A proxy of the environment must not stand between this machine and itself.
        config=Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2}, proxies={}),
    )
