"""Where a command talks to: the local runtime, or a stack in AWS.

Both are described by the outputs of the same template; they differ in the endpoint and in whose credentials sign.
"""

from __future__ import annotations

import functools
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.errors import BadInputError, NotRunningError, UnavailableError
from cli.program import program
from cli.surroundings import readable_runtime_errors
from cli.target_choice import (
    FROM_SAMCONFIG,
    SAMCONFIG,
    STACK_VARIABLE,
    TargetOptions,
    choose,
    local_options,
    samconfig_hint,
)
from cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from boto3.session import Session
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.exceptions import ClientError
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

    from cli.surroundings import Surroundings
    from cli.target_choice import StackChoice
    from local.control import RuntimeStatus

API_URL_OUTPUT = "ApiUrl"
ACCOUNT_OUTPUT = "ClusterArn"
LONGEST_INVOCATION_SECONDS = 900  # what Lambda allows a function
_STACK_HELP = (
    f"A stack in AWS; {FROM_SAMCONFIG}: that of {SAMCONFIG}. Default: {STACK_VARIABLE}, or else the local runtime."
)
_NO_STACK = re.compile(r"does not exist", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """One deployed stack and how to reach it."""

    label: str
    """For messages: `the local runtime`, `stack jobs in eu-west-1`."""
    options: str
    """What a command needs to reach the same target again: empty, or ` --stack jobs --region eu-west-1`."""
    region: str
    api_url: str
    """Base address of the REST API, without a slash at the end."""
    session: Session
    endpoint: str | None
    """Address of the embedded AWS; None: AWS itself."""
    outputs: Mapping[str, str]
    """Everything that the template gives out."""
    most_attempts: int | None = None
    """How often a call is made at most, where AWS throttles it or fails; None: as often as botocore says."""

    def output(self, name: str) -> str:
        """One output of the stack. Raises UnavailableError when the stack has none of this name."""
        if not self.outputs.get(name):
            raise UnavailableError(f"{self.label} has no output {name}: deploy the present template to it.")
        return self.outputs[name]

    def has_ended(self, surroundings: Surroundings) -> bool:
        """Whether it is the local runtime, and that is not up any more: it will never answer again."""
        return self.endpoint is not None and surroundings.control().status() is None

    def credentials(self) -> Credentials:
        """Returns the credentials that sign. Raises UnavailableError if there are none."""
        from botocore.exceptions import BotoCoreError

        try:
            found = self.session.get_credentials()
        except BotoCoreError as error:
            raise UnavailableError(f"Cannot get AWS credentials: {error}") from error
        if found is None:
            raise UnavailableError(
                "No AWS credentials: set AWS_PROFILE or give --profile, or sign in with `aws sso login`."
            )
        return found

    def stepfunctions(self) -> SFNClient:
        """A client for the executions behind the runs."""
        return self.session.client("stepfunctions", self.region, endpoint_url=self.endpoint, config=self._config())

    def sqs(self) -> SQSClient:
        """A client for the queues."""
        return self.session.client("sqs", self.region, endpoint_url=self.endpoint, config=self._config())

    def events(self) -> EventBridgeClient:
        """A client for archives and replays."""
        return self.session.client("events", self.region, endpoint_url=self.endpoint, config=self._config())

    def ecs(self) -> ECSClient:
        """A client for tasks and task definitions."""
        return self.session.client("ecs", self.region, endpoint_url=self.endpoint, config=self._config())

    def logs(self) -> CloudWatchLogsClient:
        """A client for what containers wrote."""
        return self.session.client("logs", self.region, endpoint_url=self.endpoint, config=self._config())

    def iam(self) -> IAMClient:
        """A client for roles."""
        return self.session.client("iam", self.region, endpoint_url=self.endpoint, config=self._config())

    def functions(self) -> LambdaClient:
        """Returns a client that waits for the end of any invocation. One that gives up never learns the result."""
        config = self._config(read_timeout=LONGEST_INVOCATION_SECONDS + 30)
        return self.session.client("lambda", self.region, endpoint_url=self.endpoint, config=config)

    def _config(self, read_timeout: int = 30) -> Config:
        from botocore.config import Config

        # A proxy of the environment must not stand between this machine and itself.
        proxies: dict[str, str] | None = {} if self.endpoint else None
        usual, more = Config(retries={"mode": "standard"}), self.most_attempts
        attempts = usual if more is None else Config(retries={"mode": "standard", "total_max_attempts": more})
        connection = Config(connect_timeout=5, read_timeout=read_timeout, proxies=proxies, tcp_keepalive=True)
        return connection.merge(attempts)


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --stack, --region, --profile and --local to a command, which gets them together as `options`."""

    @functools.wraps(command)
    def with_options(
        *arguments: object, stack: str | None, region: str | None, profile: str | None, local: bool, **others: object
    ) -> None:
        command(*arguments, options=TargetOptions(stack, region, profile, local), **others)

    for option in (
        click.option("--local", is_flag=True, help=f"The local runtime, whatever {STACK_VARIABLE} says."),
        click.option("--profile", help="Profile of the AWS configuration to use, with a stack in AWS."),
        click.option("--region", help="AWS Region of the stack; default: the one that is configured."),
        click.option("--stack", metavar="NAME", help=_STACK_HELP),
    ):
        with_options = option(with_options)
    return with_options


def resolve(options: TargetOptions, surroundings: Surroundings) -> Target:
    """Returns the target that was asked for. Names one in AWS on stderr, so that no account is called unawares.

    Raises NotRunningError when it is the local runtime and that is down, UnavailableError with the way out otherwise.
    """
    choice = choose(options)
    if choice is not None:
        target = _stack_target(choice)
        click.echo(_named(target, choice), err=True)
        return target
    return local_runtime(surroundings)


def local_runtime(surroundings: Surroundings) -> Target:
    """The local runtime of this machine. Raises NotRunningError when it is down."""
    with readable_runtime_errors(UnavailableError):
        status = surroundings.control().status()
    if status is not None and not status.outputs:
        raise NotRunningError(f"The local runtime is up, but nothing is deployed to it: type `{program()} local up`.")
    if status is None:
        raise NotRunningError(
            f"The local runtime is not running: start it with `{program()} local up`, or name a stack with "
            f"--stack{samconfig_hint()}."
        )
    return local_target(status)


def local_target(status: RuntimeStatus) -> Target:
    """The local runtime as a target, signed for as its root user."""
    import boto3
    import botocore.session

    from local.access import ACCESS_KEY_ID

    # Without this an AWS_PROFILE of the environment that does not exist would break local work.
    no_profile = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=status.secret_access_key,
        region_name=status.region,
        botocore_session=no_profile,
    )
    api_url = _api_url(status.outputs, "the local runtime")
    return Target(
        "the local runtime", local_options(), status.region, api_url, session, status.endpoint, status.outputs
    )


def _named(target: Target, choice: StackChoice) -> str:
    account = target.outputs.get(ACCOUNT_OUTPUT, "").split(":")[4:5]
    of_account = f", account {account[0]}" if account else ""
    return clean(f"On {target.label}{of_account}" + (f" (from {choice.source})" if choice.source else "") + ".")


def _stack_target(choice: StackChoice) -> Target:
    from botocore import exceptions

    stack = choice.stack
    try:
        session = session_of(choice)
        description = _describe(session, stack)
    except exceptions.ClientError as error:
        raise UnavailableError(_why_no_stack(choice, error)) from error
    except exceptions.BotoCoreError as error:
        raise UnavailableError(_cannot_look_up(choice, str(error))) from error
    return target_of(session, choice, description)


def target_of(session: Session, choice: StackChoice, description: StackTypeDef) -> Target:
    """A stack as CloudFormation describes it. Raises UnavailableError for one of another application."""
    stack, region = choice.stack, session.region_name
    label = f"stack {stack} in {region}"
    again = _options(stack, region, choice.profile)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in description.get("Outputs", [])}
    return Target(label, again, region, _api_url(outputs, label), session, None, outputs)


def session_of(choice: StackChoice) -> Session:
    """Credentials and Region. Raises BadInputError without a Region, botocore's ProfileNotFound without the profile."""
    import boto3

    session = boto3.Session(profile_name=choice.profile, region_name=choice.region)
    if not session.region_name:
        raise BadInputError("No AWS Region: give --region, or set AWS_REGION.")
    return session


def _describe(session: Session, stack: str) -> StackTypeDef:
    return session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]


def _options(stack: str, region: str | None, profile: str | None) -> str:
    """What names the same stack once more."""
    given = (("--stack", stack), ("--region", region), ("--profile", profile))
    return "".join(f" {option} {shlex.quote(value)}" for option, value in given if value)


def _why_no_stack(choice: StackChoice, error: ClientError) -> str:
    message = error.response["Error"].get("Message", str(error))
    if _NO_STACK.search(message):
        advice = "check its name, --region and --profile"
        return f"There is no stack {choice.stack} here: {advice}. (CloudFormation: {message})"
    return _cannot_look_up(choice, message)


def _cannot_look_up(choice: StackChoice, why: str) -> str:
    doctor = f"{program()} doctor{_options(choice.stack, choice.region, choice.profile)}"
    return f"Cannot look up stack {choice.stack}: {why.rstrip('.')}. Find out what to do:  {doctor}"


def _api_url(outputs: Mapping[str, str], label: str) -> str:
    if not outputs.get(API_URL_OUTPUT):
        raise UnavailableError(
            f"{label} has no output {API_URL_OUTPUT}: it is not a stack of this application's template."
        )
    return outputs[API_URL_OUTPUT].rstrip("/")
