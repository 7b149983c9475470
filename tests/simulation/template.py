"""What the simulation takes from the real template: the table, the rules, the functions and their settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.fakes.ecs import CLUSTER_ARN, MACHINES, TASK_DEFINITION_ARN
from tests.fakes.tables import JOBS_TABLE, TABLE
from tests.template.loading import Node, Object, load_template, resources_of_type

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
MAPPER_ARN: Final = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:fargate-runs-run-tasks"
#: What names of the template stand for in every world; any other resource is its own name.
KNOWN: Final[Mapping[str, str]] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "fargate-runs",
    "AWS::URLSuffix": "amazonaws.com",
    "RunsTable": TABLE,
    "JobsTable": JOBS_TABLE,
    "Cluster": CLUSTER_ARN.rpartition("/")[2],
    "Cluster.Arn": CLUSTER_ARN,
    "TaskDefinition": TASK_DEFINITION_ARN,
    "TaskLogGroup": "/jobs/tasks",
    "RunTaskStateMachine": MACHINES.request_response,
    "RunTaskSyncStateMachine": MACHINES.sync,
    "RunTaskCallbackStateMachine": MACHINES.callback,
    "RunTasksStateMachine": MAPPER_ARN,
    "FollowOtherStateMachines": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:*",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the template. `retries` are those of an asynchronous invocation; with `keeps_undelivered` what its
    rule cannot deliver ends in the dead-letter queue.
    """

    name: str
    handler: str
    timeout: float
    retries: int
    environment: Mapping[str, str]
    pattern: Mapping[str, Any] | None
    keeps_undelivered: bool
    schedule: str | None

    @property
    def module(self) -> str:
        """The package that its handler is in."""
        return self.handler.partition(".")[0]


@cache
def template() -> Object:
    """The template, read once."""
    return load_template()


@cache
def functions() -> Mapping[str, Function]:
    """The functions by the module of their handler."""
    found = resources_of_type(template(), "AWS::Serverless::Function")
    made = (_function(name, body["Properties"]) for name, body in found.items())
    return {function.module: function for function in made}


@cache
def table(name: str = "RunsTable") -> Object:
    """The properties of a table."""
    properties: Object = template()["Resources"][name]["Properties"]
    return properties


def archive_pattern() -> Mapping[str, Any] | None:
    """What the archive keeps; None while the template has none."""
    found = resources_of_type(template(), "AWS::Events::Archive")
    return next((value_of(body["Properties"]["EventPattern"]) for body in found.values()), None)


def value_of(node: Node) -> Any:
    """A value of the template as the stack's resources get it."""
    if isinstance(node, list):
        return [value_of(each) for each in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        ((name, content),) = node.items()
        if name in _INTRINSIC:
            return _INTRINSIC[name](content)
    return {key: value_of(each) for key, each in node.items()}


def _ref(name: str) -> Any:
    if name in KNOWN:
        return KNOWN[name]
    parameter = template()["Parameters"].get(name)
    return name if parameter is None else parameter["Default"]


def _get_att(path: list[str] | str) -> str:
    name = ".".join(path) if isinstance(path, list) else path
    resource = name.partition(".")[0]
    return KNOWN.get(name) or KNOWN.get(resource) or name


def _sub(content: Node) -> str:
    text, extra = (content, {}) if isinstance(content, str) else content
    for name, value in {**KNOWN, **{key: value_of(each) for key, each in extra.items()}}.items():
        text = text.replace(f"${{{name}}}", str(value))
    return str(text)


def _join(content: list[Node]) -> str:
    parts = value_of(content[1])
    return str(content[0]).join(parts if isinstance(parts, list) else [part for part in parts.split(",") if part])


def _if(content: list[Node]) -> Any:
    return value_of(content[1])


_INTRINSIC: Final[Mapping[str, Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::If": _if,
}


def _function(name: str, properties: Object) -> Function:
    shared = template()["Globals"]["Function"]
    variables = {
        **shared["Environment"]["Variables"],
        **properties.get("Environment", {}).get("Variables", {}),
    }
    events = properties.get("Events", {}).values()
    rule = next((each["Properties"] for each in events if each["Type"] == "EventBridgeRule"), None)
    schedule = next((each["Properties"] for each in events if each["Type"].startswith("Schedule")), None)
    return Function(
        name=name,
        handler=properties["Handler"],
        timeout=float(properties.get("Timeout", shared.get("Timeout", 3))),
        retries=int(properties.get("EventInvokeConfig", {}).get("MaximumRetryAttempts", 2)),
        environment={key: str(value_of(value)) for key, value in variables.items()},
        pattern=value_of(rule["Pattern"]) if rule else None,
        keeps_undelivered=bool(rule and rule.get("DeadLetterConfig", {}).get("Arn")),
        schedule=str(value_of(schedule["ScheduleExpression"])) if schedule else None,
    )
