"""RunTask calls that ECS refuses, as Step Functions tells of them (facts B24, B25, B30): none starts a task."""

from __future__ import annotations

import re

from verify.facts import Fact, Like, Scenario, Seen, scenario
from verify.machines import end, run_task
from verify.place import Json, Place

REQUEST_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def refusal(error: str, code: str, said: str) -> Json:
    """The end of an execution whose call is refused: error, and cause in the form of fact B24. `said` is a pattern."""
    form = (
        rf"{said} \(Service: AmazonECS; Status Code: 400; Error Code: {code}; Request ID: {REQUEST_ID}; Proxy: null\)"
    )
    return {"status": "FAILED", "error": error, "cause": Like(form)}


NO_DEFINITION = refusal("ECS.ClientException", "ClientException", r"TaskDefinition not found\.")
NO_CLUSTER = refusal("ECS.ClusterNotFoundException", "ClusterNotFoundException", r"Cluster not found\.")


def invalid(said: str) -> Json:
    """A refusal of what RunTask was given; `said` as it stands, with anything around it."""
    return refusal("ECS.InvalidParameterException", "InvalidParameterException", f".*{re.escape(said)}.*")


@scenario(
    Fact("no-definition", "B24", "A task definition that does not exist is ECS.ClientException.", NO_DEFINITION),
    Fact("no-cluster", "B24", "A cluster that does not exist is ECS.ClusterNotFoundException.", NO_CLUSTER),
    Fact("no-cluster-sync", "B24", "A cluster that does not exist is the same error under `.sync`.", NO_CLUSTER),
    Fact(
        "no-cluster-callback",
        "B24",
        "A cluster that does not exist is the same error under `.waitForTaskToken`.",
        NO_CLUSTER,
    ),
    Fact("neither", "B24", "The task definition is looked at before the cluster.", NO_DEFINITION),
)
def what_does_not_exist(place: Place) -> Seen:
    """A revision that the family does not have, and a cluster that the account does not have."""
    definition = place.definition({})
    nowhere = {**place.parameters(definition), "Cluster": f"{place.name}-none"}
    unknown = f"{definition.rpartition(':')[0]}:999999"
    yield "no-definition", _refused(place, place.parameters(unknown))
    yield "no-cluster", _refused(place, nowhere)
    yield "no-cluster-sync", _refused(place, nowhere, ".sync")
    yield "no-cluster-callback", _refused(place, nowhere, ".waitForTaskToken")
    yield "neither", _refused(place, {**nowhere, "TaskDefinition": unknown})


@scenario(
    Fact(
        "launch-type-and-strategy",
        "B25",
        "LaunchType and CapacityProviderStrategy exclude each other.",
        invalid("Specifying both a launch type and capacity provider strategy is not supported"),
    ),
    Fact(
        "no-such-container",
        "B25",
        "An override for a container that the definition does not have is refused.",
        invalid("Override for container named other is not a container in the TaskDefinition."),
    ),
    Fact(
        "overrides-too-long",
        "B30",
        "Overrides have at most 8192 characters.",
        invalid("Container Overrides length must be at most 8192"),
    ),
    Fact(
        "eleven-tasks",
        "B34",
        "A call starts at most ten tasks.",
        invalid(""),
    ),
    Fact("no-subnets", "", "A network without subnets is refused.", invalid("subnets can not be empty.")),
    Fact(
        "no-task-role",
        "B24",
        "EnableExecuteCommand needs a task role.",
        invalid("The execute command failed because a valid task role is not being used."),
    ),
)
def parameters_that_do_not_fit(place: Place) -> Seen:
    """ECS says what is wrong."""
    definition = place.definition({})
    both = place.parameters(definition, CapacityProviderStrategy=[{"CapacityProvider": "FARGATE", "Weight": 1}])
    yield "launch-type-and-strategy", _refused(place, both)
    other = place.parameters(definition, Overrides={"ContainerOverrides": [{"Name": "other"}]})
    yield "no-such-container", _refused(place, other)
    yield "overrides-too-long", _refused(place, place.parameters(definition, "#" * 8192))
    yield "eleven-tasks", _refused(place, place.parameters(definition, Count=11))
    network: Json = {"AwsvpcConfiguration": {"Subnets": []}}
    yield "no-subnets", _refused(place, place.parameters(definition, NetworkConfiguration=network))
    alone = place.definition({}, task_role=False)
    yield "no-task-role", _refused(place, place.parameters(alone, EnableExecuteCommand=True))


@scenario(
    Fact(
        "not-allowed",
        "B24",
        "A call that the machine's role may not make is ECS.AccessDeniedException.",
        {
            "status": "FAILED",
            "error": "ECS.AccessDeniedException",
            "cause": Like(r"User: .* is not authorized to perform: ecs:RunTask on resource: .*"),
        },
    ),
)
def a_role_that_may_not(place: Place) -> Seen:
    """The stack's own task definition is not the suite's to run."""
    yield "not-allowed", _refused(place, place.parameters(place.outputs["TaskDefinitionArn"]))


def _refused(place: Place, parameters: Json, suffix: str = "") -> Json:
    return end(place.execute(run_task(place, suffix, parameters)))


SCENARIOS: tuple[Scenario, ...] = (what_does_not_exist, parameters_that_do_not_fit, a_role_that_may_not)
