"""What the caller may do, by kind of command: asked by calls that change nothing, then of IAM's simulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor.finding import Finding, Place, State, not_told
from cli.errors import BadInputError, CliError, RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.api_client import ApiClient

#: No run has this id, and no pattern this name.
NOBODY: Final = "doctor-asks-for-no-run"
_KINDS: Final = (
    (
        "dead letters",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "lambda:InvokeFunction"),
    ),
    ("replay", ("events:StartReplay", "events:DescribeReplay")),
)
_ALLOWED: Final = "allowed"


def api(client: ApiClient) -> Iterator[Finding]:
    """Whether the API answers, and what it lets the caller do. Its refusal of a wrong request is a yes."""
    yield _asked("list runs", lambda: client.list_runs({"limit": 1}), None)
    yield _asked("show runs", lambda: client.get_run(NOBODY), RunNotFoundError)
    yield _asked("read logs", lambda: client.read_log(NOBODY, {"limit": 1}), RunNotFoundError)
    yield _asked("start runs", lambda: client.start_run({"pattern": NOBODY, "commands": []}), BadInputError)


def _asked(what: str, call: Callable[[], object], yes: type[CliError] | None) -> Finding:
    try:
        call()
    except CliError as error:
        if yes is not None and isinstance(error, yes):
            return Finding(what, State.OK, "the API answers")
        return Finding(what, State.PROBLEM, error.message, "The caller needs execute-api:Invoke on this route.")
    if yes is None:
        return Finding(what, State.OK, "the API answers")
    return Finding(
        what, State.WARNING, "the API took a request that it should have refused", "Deploy the present template."
    )


def others(place: Place) -> Iterator[Finding]:
    """Dead letters and replays: the harmless read first, then the simulator for what is not harmless."""
    reads = {"dead letters": _queue, "replay": _archive}
    for what, actions in _KINDS:
        try:
            reads[what](place)
        except (ClientError, BotoCoreError) as error:
            found = not_told(what, error)
            yield Finding(what, State.WARNING, found.found, "These commands cannot be used by this caller.")
            continue
        yield _simulated(place, what, actions)


def stops(place: Place) -> Iterator[Finding]:
    """Stop and rerun: asked of the simulator alone, for a request that the API took would stop or start something."""
    _, partition, _, _, account, *_ = place.caller_arn.split(":")
    api, stage = re.findall(r"[^/]+", place.outputs["ApiUrl"].partition("://")[2])[:2]
    own = f"arn:{partition}:execute-api:{place.region}:{account}:{api.partition('.')[0]}/{stage}/POST/runs/*"
    yield _simulated(place, "stop and rerun", ("execute-api:Invoke",), (f"{own}/stop", f"{own}/rerun"))


def _queue(place: Place) -> None:
    url = place.outputs["DeadLetterQueueUrl"]
    place.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])


def _archive(place: Place) -> None:
    place.client("events").describe_archive(ArchiveName=place.outputs["EventArchiveArn"].rpartition("/")[2])


def _simulated(place: Place, what: str, actions: tuple[str, ...], arns: tuple[str, ...] = ("*",)) -> Finding:
    try:
        iam = place.client("iam")
        source = _policy_source(place.caller_arn, iam)
        answer = iam.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=list(actions), ResourceArns=list(arns)
        )
    except (ClientError, BotoCoreError):
        return Finding(what, State.UNKNOWN, f"IAM does not tell of {', '.join(actions)}")
    denied = [one["EvalActionName"] for one in answer["EvaluationResults"] if one["EvalDecision"] != _ALLOWED]
    if denied:
        # A policy for single resources is not seen by a simulation without them.
        advice = "Where the caller's policy names single resources, this may be wrong."
        return Finding(what, State.WARNING, f"perhaps not allowed: {', '.join(denied)}", advice)
    return Finding(what, State.OK, "allowed")


def _policy_source(arn: str, iam: object) -> str:
    """The user or role whose policies hold. A session's ARN leaves out the path of its role."""
    if ":assumed-role/" not in arn:
        return arn
    get_role: Callable[..., dict[str, dict[str, str]]] = iam.get_role  # type: ignore[attr-defined]
    return get_role(RoleName=arn.split("/")[1])["Role"]["Arn"]
