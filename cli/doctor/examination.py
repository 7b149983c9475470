"""One thing after the other: without credentials nothing can be said of a stack, without a stack of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor import caller, image, permissions, quotas, stack
from cli.doctor.finding import Check, Finding, Place, State, not_told
from cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3.session import Session
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from cli.surroundings import Surroundings
    from cli.target import Target
    from cli.target_choice import StackChoice

CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("stop and rerun", permissions.stops),
    ("permissions", permissions.others),
    ("vCPU quotas", quotas.vcpus),
    ("functions at once", quotas.functions),
    ("image", image.image),
)


def of_stack(choice: StackChoice, surroundings: Surroundings) -> Iterator[Finding]:
    """What there is to say of a stack in AWS and its caller."""
    from cli.target import session_of, target_of

    try:
        session = session_of(choice)
    except (BotoCoreError, CliError) as error:
        yield Finding(
            "configuration", State.PROBLEM, getattr(error, "message", str(error)), "Check --profile and --region."
        )
        return
    region = session.region_name
    yield Finding("Region", State.OK, region)
    arn = ""
    for found in caller.caller(session, region, surroundings.now()):
        if isinstance(found, Finding):
            yield found
        else:
            arn = found
    if not arn:
        return
    standing, description = stack.described(session, region, choice.stack)
    yield standing
    if description is None:
        return
    yield from of_target(target_of(session, choice, description), surroundings)
    yield from _of_place(_place(session, arn, description, surroundings))


def of_local(surroundings: Surroundings) -> Iterator[Finding]:
    """What there is to say of the local runtime. It has no account, quotas, images or network of its own."""
    from cli.target import local_runtime

    try:
        target = local_runtime(surroundings)
    except CliError as error:
        yield Finding("local runtime", State.PROBLEM, error.message)
        return
    yield Finding("local runtime", State.OK, f"{target.endpoint} ({target.region})")
    yield from of_target(target, surroundings)


def of_target(target: Target, surroundings: Surroundings) -> Iterator[Finding]:
    """Whether its API answers the caller."""
    from cli.api_client import ApiClient

    yield from permissions.api(ApiClient(target, sleep=surroundings.sleep))


def _place(session: Session, arn: str, description: StackTypeDef, surroundings: Surroundings) -> Place:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in description.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in description.get("Parameters", [])}
    return Place(session, session.region_name, arn, outputs, parameters, surroundings.now())


def _of_place(place: Place) -> Iterator[Finding]:
    for what, check in CHECKS:
        try:
            yield from check(place)
        except (ClientError, BotoCoreError) as error:
            yield not_told(what, error)
