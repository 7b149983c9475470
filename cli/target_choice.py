"""Which target a command was asked to talk to. Nothing is called here.

    --stack NAME, or --local                        what is typed comes first
    FARGATE_RUNS_STACK                              then what somebody has set for this shell
    nothing                                         then the local runtime

A samconfig.toml is read only where `@samconfig` stands for the name: this project's own checkout has one, and nobody
who types `runs start` beside a local runtime wants to start something in an account. What is read there is what
`sam deploy` would take, so its Region and profile come before those of the environment.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.errors import BadInputError
from cli.text import clean

STACK_VARIABLE: Final = "FARGATE_RUNS_STACK"
#: botocore itself reads only the second one.
REGION_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
SAMCONFIG: Final = "samconfig.toml"
#: In the place of a stack's name; behind a colon the name of SAM's environment (`--config-env`).
FROM_SAMCONFIG: Final = "@samconfig"


@dataclass(frozen=True)
class TargetOptions:
    """What was said on the command line about where to talk to."""

    stack: str | None = None
    region: str | None = None
    profile: str | None = None
    local: bool = False


@dataclass(frozen=True)
class StackChoice:
    """A stack in AWS, as far as it was named. boto3 finds the rest."""

    stack: str
    region: str | None
    profile: str | None
    source: str
    """Who named it, where that is not the command line itself: FARGATE_RUNS_STACK, a file."""


def choose(options: TargetOptions, directory: Path | None = None) -> StackChoice | None:
    """The stack in AWS that was asked for; None: the local runtime. Raises BadInputError."""
    if options.local:
        if options.stack or options.region or options.profile:
            raise BadInputError("--local is the local runtime: it goes with neither --stack, --region nor --profile.")
        return None
    named = os.environ.get(STACK_VARIABLE) if options.stack is None else options.stack
    source = STACK_VARIABLE if options.stack is None else ""
    if options.stack == "":
        raise BadInputError("--stack has no name.")
    if not named:
        if options.region or options.profile:
            raise BadInputError(
                f"--region and --profile belong to a stack in AWS: name it with --stack or {STACK_VARIABLE}."
            )
        return None
    if named.startswith("@"):
        return _of_samconfig(named, options, source, directory or Path.cwd())
    return StackChoice(named, options.region or region_of_environment(), options.profile, source)


def region_of_environment() -> str | None:
    """The Region that the environment names."""
    return next((region for name in REGION_VARIABLES if (region := os.environ.get(name))), None)


def local_options() -> str:
    """What a command needs to reach the local runtime from this shell."""
    return " --local" if os.environ.get(STACK_VARIABLE) else ""


def samconfig_hint(directory: Path | None = None) -> str:
    """Returns a hint at the stack that a samconfig.toml here names; empty if there is none."""
    try:
        found = _of_samconfig(FROM_SAMCONFIG, TargetOptions(), "", directory or Path.cwd())
    except BadInputError:
        return ""
    return f" ({FROM_SAMCONFIG}: {found.stack}, as {SAMCONFIG} says)"


def _of_samconfig(named: str, options: TargetOptions, source: str, directory: Path) -> StackChoice:
    name, _, environment = named.partition(":")
    if name != FROM_SAMCONFIG:
        raise BadInputError(f"{clean(named)} is no stack: give a name, or {FROM_SAMCONFIG} for that of {SAMCONFIG}.")
    environment = environment or "default"
    parameters = _parameters(directory / SAMCONFIG, environment)
    stack = parameters.get("stack_name")
    if not stack:
        raise BadInputError(
            f"{SAMCONFIG} names no stack_name for `sam deploy` in its environment {clean(environment)}."
        )
    region = options.region or parameters.get("region") or region_of_environment()
    told = f"{source}, {SAMCONFIG}" if source else SAMCONFIG
    return StackChoice(stack, region, options.profile or parameters.get("profile"), told)


def _parameters(path: Path, environment: str) -> dict[str, str]:
    """The texts that `sam deploy` would take from the file: the command's own before the global ones."""
    try:
        document: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"There is no {SAMCONFIG} here that can be read: {error.strerror}: {path}") from error
    except ValueError as error:  # not TOML, not UTF-8
        raise BadInputError(f"{path} cannot be read: {clean(str(error))}") from error
    found: dict[str, str] = {}
    for command in ("global", "deploy"):
        parameters = _table(_table(_table(document, environment), command), "parameters")
        found |= {name.replace("-", "_"): value for name, value in parameters.items() if isinstance(value, str)}
    return found


def _table(document: object, name: str) -> dict[str, object]:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}
