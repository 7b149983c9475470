"""The account's quotas that hold runs up: vCPUs of Fargate, and functions at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cli.doctor.finding import Finding, Place, State

if TYPE_CHECKING:
    from collections.abc import Iterator

#: docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html, section Fargate
VCPU_QUOTAS: Final = {"FARGATE": ("vCPU on demand", "L-3032A538"), "FARGATE_SPOT": ("vCPU on Spot", "L-36FBB829")}
UNITS_OF_A_VCPU: Final = 1024
BUSY: Final = 0.8
MOST_TASKS: Final = 1_000
AT_ONCE: Final = 100  # what DescribeTasks takes
FEW_FUNCTIONS: Final = 50  # a new account may have 10
ASK_FOR_MORE: Final = "Ask for more in Service Quotas; runs wait or fail as Task.CapacityUnavailable."


def vcpus(place: Place) -> Iterator[Finding]:
    """What Fargate lets run at once, and how much of that this cluster uses."""
    definition = place.client("ecs").describe_task_definition(taskDefinition=place.outputs["TaskDefinitionArn"])
    needed = _vcpus(definition["taskDefinition"].get("cpu"))
    used, tasks = _used(place)
    quotas = place.client("service-quotas")
    for provider, (what, code) in VCPU_QUOTAS.items():
        limit = float(quotas.get_service_quota(ServiceCode="fargate", QuotaCode=code)["Quota"]["Value"])
        yield _judged(what, limit, used.get(provider, 0.0), needed)
    told = f"{tasks} of this cluster" + (" or more" if tasks >= MOST_TASKS else "")
    yield Finding("tasks at work", State.OK, told)


def _judged(what: str, limit: float, used: float, needed: float) -> Finding:
    found = f"{limit:g} allowed, {used:g} used by this cluster, {needed:g} for each run unless told"
    if limit < needed:
        return Finding(what, State.PROBLEM, found, f"No run can start. {ASK_FOR_MORE}")
    if used + needed > limit * BUSY:
        return Finding(what, State.WARNING, found, ASK_FOR_MORE)
    return Finding(what, State.OK, found)


def _used(place: Place) -> tuple[dict[str, float], int]:
    """vCPUs by capacity provider, and the number of tasks; of the first 1,000."""
    ecs, cluster = place.client("ecs"), place.outputs["ClusterArn"]
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, PaginationConfig={"MaxItems": MOST_TASKS})
    arns = [arn for page in pages for arn in page["taskArns"]]
    used: dict[str, float] = {}
    for first in range(0, len(arns), AT_ONCE):
        answer: dict[str, Any] = ecs.describe_tasks(cluster=cluster, tasks=arns[first : first + AT_ONCE])
        for task in answer["tasks"]:
            provider = task.get("capacityProviderName") or "FARGATE"
            used[provider] = used.get(provider, 0.0) + _vcpus(task.get("cpu"))
    return used, len(arns)


def _vcpus(units: str | None) -> float:
    return int(units) / UNITS_OF_A_VCPU if units and units.isdigit() else 0.0


def functions(place: Place) -> Iterator[Finding]:
    """How many functions may work at once: every run needs a few calls, and every event one."""
    limit = place.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < FEW_FUNCTIONS:
        advice = "A burst of runs waits for its turn. Ask for more in Service Quotas (Lambda, concurrent executions)."
        yield Finding("functions at once", State.WARNING, f"{limit} allowed", advice)
    else:
        yield Finding("functions at once", State.OK, f"{limit} allowed")
