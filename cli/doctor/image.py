"""Whether a task can fetch its image: where the image is, and which way leads there from the stack's subnets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor.finding import Finding, Place, State, code_of, not_told

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)
#: What a task without a way to the internet needs to fetch from a private ECR repository, and to log.
ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "s3", "logs")
ANYWHERE: Final = "0.0.0.0/0"
NO_WAY: Final = (
    "Give the subnets a NAT gateway, or deploy with AssignPublicIp=ENABLED in subnets with an internet gateway."
)


def image(place: Place) -> Iterator[Finding]:
    """The image of the main container, and the way there."""
    name = _image(place)
    private = _PRIVATE.fullmatch(name)
    yield _in_ecr(place, name, private) if private else Finding("image", State.OK, name)
    subnets = [subnet for subnet in place.outputs["SubnetIds"].split(",") if subnet]
    ec2 = place.client("ec2")
    found = {_way(ec2, subnet, place.parameters.get("AssignPublicIp", "ENABLED") == "ENABLED") for subnet in subnets}
    yield _judged(found, _missing_endpoints(ec2, subnets, place.region) if "" in found else [], private is not None)


def _image(place: Place) -> str:
    answer = place.client("ecs").describe_task_definition(taskDefinition=place.outputs["TaskDefinitionArn"])
    containers = answer["taskDefinition"]["containerDefinitions"]
    main = place.outputs.get("ContainerName")
    return str(next((each["image"] for each in containers if each["name"] == main), containers[0]["image"]))


def _in_ecr(place: Place, name: str, private: re.Match[str]) -> Finding:
    digest, tag = private["digest"], private["tag"] or "latest"
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag}
    try:
        place.client("ecr").describe_images(
            registryId=private["account"], repositoryName=private["name"], imageIds=[wanted]
        )
    except (ClientError, BotoCoreError) as error:
        if code_of(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            return Finding(
                "image", State.PROBLEM, f"{name} is not there", "Push it, or deploy with another ContainerImage."
            )
        return not_told("image", error)
    return Finding("image", State.OK, f"{name} is there")


def _way(ec2: Any, subnet: str, has_address: bool) -> str:
    """How a subnet's tasks reach the internet; empty: they do not."""
    for target in _targets(ec2, subnet):
        if target.startswith("igw-"):
            return "an internet gateway" if has_address else ""
        if target:
            return "a NAT gateway" if target.startswith("nat-") else target
    return ""


def _targets(ec2: Any, subnet: str) -> Iterator[str]:
    """Where the routes to anywhere lead, by the subnet's own table or else its VPC's main one."""
    own = {"Name": "association.subnet-id", "Values": [subnet]}
    tables = ec2.describe_route_tables(Filters=[own])["RouteTables"]
    if not tables:
        vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
        main = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        tables = ec2.describe_route_tables(Filters=main)["RouteTables"]
    for route in (route for table in tables for route in table["Routes"]):
        if route.get("DestinationCidrBlock") == ANYWHERE and route.get("State") == "active":
            ids = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId")
            yield next((route[key] for key in ids if route.get(key)), "")


def _missing_endpoints(ec2: Any, subnets: list[str], region: str) -> list[str]:
    vpc = ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    answer = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    there = {one["ServiceName"] for one in answer["VpcEndpoints"]}
    return [name for name in ENDPOINTS if f"com.amazonaws.{region}.{name}" not in there]


def _judged(ways: set[str], missing: list[str], is_private: bool) -> Finding:
    if not ways:
        return Finding("way to the image", State.UNKNOWN, "the stack names no subnets")
    if "" not in ways:
        return Finding("way to the image", State.OK, f"by {' and '.join(sorted(ways))}")
    if not is_private:
        return Finding(
            "way to the image", State.PROBLEM, "tasks have no way to the internet, where the image is", NO_WAY
        )
    if missing:
        found = f"no way to the internet, and no endpoint of the VPC for {', '.join(missing)}"
        return Finding("way to the image", State.PROBLEM, found, NO_WAY)
    return Finding("way to the image", State.OK, "by endpoints of the VPC")
