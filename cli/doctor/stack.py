"""Whether the stack is there, whole, and of a template that these commands know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor.finding import Finding, State, client_of, not_told

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

#: What the commands ask a stack for.
NEEDED: Final = ("ApiUrl", "ClusterArn", "TaskDefinitionArn", "DeadLetterQueueUrl", "EventArchiveArn", "SubnetIds")
DEPLOY: Final = "Deploy the present template: `make build && sam deploy`."


def described(session: Session, region: str, name: str) -> tuple[Finding, StackTypeDef | None]:
    """The finding, and what CloudFormation says of the stack; None where there is none to talk to."""
    try:
        found: StackTypeDef = client_of(session, "cloudformation", region).describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            there = f"there is no {name} in {region}"
            return Finding("stack", State.PROBLEM, there, "Check --stack, --region and --profile."), None
        return not_told("stack", error), None
    except BotoCoreError as error:
        return not_told("stack", error), None
    outputs = {one["OutputKey"] for one in found.get("Outputs", [])}
    missing = [output for output in NEEDED if output not in outputs]
    return _standing(name, found["StackStatus"], missing), None if missing else found


def _standing(name: str, status: str, missing: list[str]) -> Finding:
    said = f"{name}: {status}"
    if status.endswith("_FAILED") or status.startswith("DELETE_") or status == "ROLLBACK_COMPLETE":
        return Finding("stack", State.PROBLEM, said, "Look at its events in CloudFormation, mend it and deploy again.")
    if status.endswith("_IN_PROGRESS"):
        return Finding("stack", State.WARNING, said, "Wait for the end of the deployment.")
    if missing:
        return Finding("stack", State.PROBLEM, f"{said}; it has no output {', '.join(missing)}", DEPLOY)
    if "ROLLBACK" in status:
        return Finding(
            "stack", State.WARNING, f"{said}: as before its last update", "Mend the update and deploy again."
        )
    return Finding("stack", State.OK, said)
