"""What each role may do: all of it, written down once more, so that nothing is added unseen."""

import re
from collections import defaultdict

import pytest
from ministack.services.cloudformation import engine

from tests.template.loading import Object, branches, resources_of_type
from tests.template.roles import as_list, policies, statements, statements_on

#: Actions that IAM can give on "*" alone, or, for the two of ECS, before there is a task to name (facts B31, B33).
ON_EVERYTHING = {
    "ecr:GetAuthorizationToken",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "ecs:RegisterTaskDefinition",
    "ecs:StopTask",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
    "states:SendTaskSuccess",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
#: Given only when a parameter asks for it, and then by these conditions of the template.
OPTIONAL = {"log": "LogsStateMachines", "trace": "Traces"}
ANSWERS = {f"states:SendTask{answer}" for answer in ("Success", "Failure", "Heartbeat")}
FOLLOWS = {"states:DescribeExecution", "ecs:StopTask"}
STARTS = {"ecs:RunTask", "iam:PassRole"}
ASKS = {"lambda:InvokeFunction"}
READS_LOGS = {"logs:GetLogEvents", "ecs:DescribeTaskDefinition"}
OWN_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
ALLOWED = {
    "ApiRole": OWN_LOGS
    | {f"dynamodb:{action}Item" for action in ("Get", "BatchGet", "Put", "Delete")}
    | {"dynamodb:Query", "ecs:StopTask"}
    | {f"states:{action}Execution" for action in ("Start", "Stop", "Describe")}
    | READS_LOGS,
    "ExecutionRole": OWN_LOGS
    | {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetAuthorizationToken",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameters",
    },
    "ExecutionStateChangeRole": OWN_LOGS
    | FOLLOWS
    | {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query", "sqs:SendMessage"}
    | {"states:SendTaskSuccess"},
    "JobsRole": OWN_LOGS
    | ANSWERS
    | {f"dynamodb:{action}Item" for action in ("Get", "BatchGet", "Put", "Delete")}
    | {"dynamodb:Query", "ecs:StopTask", "iam:PassRole"}
    | {f"ecs:{action}" for action in ("RegisterTaskDefinition", "DeregisterTaskDefinition", "ListTaskDefinitions")}
    | {f"scheduler:{action}Schedule" for action in ("Create", "Update", "Delete")}
    | {f"states:{action}Execution" for action in ("Start", "Stop", "Describe")},
    "JudgeTaskRole": OWN_LOGS | READS_LOGS,
    "PrepareRunRole": OWN_LOGS | {"dynamodb:GetItem", "dynamodb:PutItem"},
    "RunTaskCallbackRole": STARTS | ASKS,
    "RunTaskRole": STARTS | ASKS,
    "RunTaskSyncRole": STARTS
    | ASKS
    | {"ecs:StopTask", "ecs:DescribeTasks", "events:PutTargets", "events:PutRule", "events:DescribeRule"},
    "ScheduleRole": {"states:StartExecution", "sqs:SendMessage"},
    "StartScheduledRunRole": OWN_LOGS
    | {f"dynamodb:{action}Item" for action in ("Get", "Put", "Delete")}
    | {"states:StartExecution", "sqs:SendMessage"},
    "SweepRole": OWN_LOGS
    | FOLLOWS
    | ANSWERS
    | {f"dynamodb:{action}Item" for action in ("Get", "BatchGet", "Put", "Update", "Delete")}
    | {"dynamodb:Query", "states:StopExecution", "ecs:ListTasks", "ecs:DescribeTasks", "states:ListExecutions"}
    | {"sns:Publish"}
    | READS_LOGS,
    "SweepScheduleRole": {"lambda:InvokeFunction"},
    "TaskRole": set(),
    "TimerRole": {"lambda:InvokeFunction", "sqs:SendMessage"},
    "TaskStateChangeRole": OWN_LOGS
    | FOLLOWS
    | ANSWERS
    | {f"dynamodb:{action}Item" for action in ("Get", "Put", "Update", "Delete")}
    | READS_LOGS
    | {"dynamodb:Query", "sqs:SendMessage"},
    "WaitForSlotRole": OWN_LOGS
    | {f"dynamodb:{action}" for action in ("GetItem", "PutItem", "DeleteItem", "Query")}
    | {"states:SendTaskSuccess", "states:StopExecution", "ecs:StopTask"},
}
NOTHING = {"Ref": "AWS::NoValue"}
CLUSTER = {"ArnEquals": {"ecs:cluster": {"Fn::GetAtt": ["Cluster", "Arn"]}}}
CALLED = ("PrepareRun", "JudgeTask", "WaitForSlot")
MACHINE_ROLES = ["RunTaskCallbackRole", "RunTaskRole", "RunTaskSyncRole"]


@pytest.fixture
def roles(template: Object) -> list[str]:
    return sorted(resources_of_type(template, "AWS::IAM::Role"))


def test_each_role_has_exactly_these_actions(template: Object, roles: list[str]) -> None:
    assert roles == sorted(ALLOWED)
    for role in roles:
        found = {
            action
            for policy in policies(template, role)
            if policy["PolicyName"] not in OPTIONAL
            for statement in policy["PolicyDocument"]["Statement"]
            for branch in branches(statement)
            for action in as_list(branch["Action"])
        }
        assert found == ALLOWED[role], role


def test_tracing_and_logging_are_given_only_when_they_are_on(template: Object, roles: list[str]) -> None:
    conditions = defaultdict(set)
    for role in roles:
        for policy in template["Resources"][role]["Properties"].get("Policies", []):
            if "Fn::If" in policy:
                condition, given, otherwise = policy["Fn::If"]
                conditions[given["PolicyName"]].add(condition)
                assert otherwise == {"Ref": "AWS::NoValue"}
            else:
                assert policy["PolicyName"] not in OPTIONAL
    assert conditions == {name: {condition} for name, condition in OPTIONAL.items()}


def test_everything_is_given_on_named_resources_but_for_what_cannot_be(template: Object, roles: list[str]) -> None:
    for role in roles:
        for statement in statements(template, role):
            assert statement["Effect"] == "Allow"
            assert not any("*" in action for action in as_list(statement["Action"])), role
            if "*" in as_list(statement["Resource"]):
                assert set(as_list(statement["Action"])) <= ON_EVERYTHING, role


@pytest.mark.parametrize("role", MACHINE_ROLES)
def test_tasks_are_started_from_exactly_the_task_definitions_and_in_the_cluster(role: str, template: Object) -> None:
    own, further = statements_on(template, role, "ecs:RunTask")
    # Every revision of the stack's own family: a run that waits for a retry names the one that it began with.
    family = template["Resources"]["TaskDefinition"]["Properties"]["Family"]["Ref"]
    ours, of_jobs = (resource["Fn::Sub"] for resource in own["Resource"])
    assert ours.endswith(f":task-definition/${{{family}}}:*")
    assert of_jobs.endswith(f":task-definition/${{{family}}}-*:*")
    assert further["Resource"] == {"Ref": "AllowedTaskDefinitions"}
    assert own["Condition"] == further["Condition"] == CLUSTER


@pytest.mark.parametrize("role", [*MACHINE_ROLES, "JobsRole"])
def test_exactly_the_roles_of_the_tasks_are_passed_and_only_to_tasks(role: str, template: Object) -> None:
    own, further, *_to_scheduler = statements_on(template, role, "iam:PassRole")
    assert own["Resource"] == [{"Fn::GetAtt": ["TaskRole", "Arn"]}, {"Fn::GetAtt": ["ExecutionRole", "Arn"]}]
    assert further["Resource"] == {"Ref": "AllowedTaskRoles"}
    for statement in (own, further):
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


@pytest.mark.parametrize("role", MACHINE_ROLES)
def test_a_machine_calls_three_functions_and_no_other(role: str, template: Object) -> None:
    (asks,) = statements_on(template, role, "lambda:InvokeFunction")
    assert asks["Resource"] == [{"Fn::GetAtt": [f"{name}Function", "Arn"]} for name in CALLED]


def test_sync_stops_and_describes_tasks_of_the_cluster_alone_and_uses_one_rule(template: Object) -> None:
    (follow,) = statements_on(template, "RunTaskSyncRole", "ecs:StopTask")
    assert follow["Condition"] == CLUSTER
    (rule,) = statements_on(template, "RunTaskSyncRole", "events:PutRule")
    assert rule["Resource"]["Fn::Sub"].endswith(":rule/StepFunctionsGetEventsForECSTaskRule")


@pytest.mark.parametrize("role", ["TaskStateChangeRole", "ExecutionStateChangeRole", "SweepRole"])
def test_functions_stop_and_see_tasks_of_the_cluster_alone(role: str, template: Object) -> None:
    for action in ("ecs:StopTask", "ecs:ListTasks", "ecs:DescribeTasks"):
        assert all(each["Condition"] == CLUSTER for each in statements_on(template, role, action))


@pytest.mark.parametrize("role", ["TaskStateChangeRole", "ExecutionStateChangeRole", "SweepRole"])
def test_executions_of_other_machines_are_asked_for_by_the_sweep_alone_and_only_if_told_so(
    role: str, template: Object
) -> None:
    own, *others = statements_on(template, role, "states:DescribeExecution")
    assert all(":execution:${RunTask" in resource["Fn::Sub"] for resource in own["Resource"])
    assert len(others) == 2 * (role == "SweepRole")
    for other in others:
        listed = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        assert {"Fn::If": ["FollowsOthers", other, {"Ref": "AWS::NoValue"}]} in listed


@pytest.mark.parametrize("function", ["TaskStateChange", "Sweep", "JudgeTask", "Api"])
def test_other_logs_are_read_only_where_they_are_named(function: str, template: Object) -> None:
    role = template["Resources"][f"{function}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    given = [
        statement["Fn::If"][1]
        for statement in role
        if statement.get("Fn::If", [None])[0] == "HasAllowedLogGroups" and statement["Fn::If"][2] == NOTHING
    ]
    assert given == [
        {"Effect": "Allow", "Action": "logs:GetLogEvents", "Resource": {"Ref": "AllowedLogGroups"}},
        {"Effect": "Allow", "Action": "ecs:DescribeTaskDefinition", "Resource": "*"},
    ]
    assert not {"ecs:DescribeTaskDefinition"} & {action for each in role for action in as_list(each.get("Action"))}
    variables = template["Resources"][f"{function}Function"]["Properties"]["Environment"]["Variables"]
    assert variables["READS_OTHER_LOGS"] == {"Fn::If": ["HasAllowedLogGroups", "true", "false"]}


@pytest.mark.parametrize(
    ("named", "given"),
    [
        (["jobs"], ["jobs:*", "jobs/*"]),
        (["jobs-*", "stateMachine"], ["jobs-*:*", "stateMachine:*", "jobs-*/*", "stateMachine/*"]),
        (["*"], ["*:*", "*/*"]),
    ],
)
def test_of_each_machine_that_is_named_all_executions_and_no_others(
    named: list[str], given: list[str], template: Object
) -> None:
    """Also those of a Distributed Map's children, whose ARN has the map's label behind the machine's name."""
    machine, execution = (
        f"arn:aws-cn:states:cn-north-1:123456789012:{kind}:" for kind in ("stateMachine", "execution")
    )
    parameter = {"Value": ",".join(machine + name for name in named), "Type": "CommaDelimitedList"}
    _own, *others = statements_on(template, "SweepRole", "states:DescribeExecution")
    resources = [
        resource
        for other in others
        for resource in engine._resolve_refs(
            other["Resource"], {}, {"FollowOtherStateMachines": parameter}, {}, {}, "jobs", "stack/1"
        )
    ]
    assert resources == [execution + name for name in given]


@pytest.mark.parametrize(
    ("name", "taken"), [("jobs", True), ("jobs-*", True), ("*", True), ("", False), ("a*b", False)]
)
def test_which_machines_can_be_named(name: str, taken: bool, template: Object) -> None:
    pattern = template["Parameters"]["FollowOtherStateMachines"]["AllowedPattern"]
    assert (re.search(pattern, f"arn:aws:states:eu-west-1:123456789012:stateMachine:{name}") is not None) is taken
    assert re.search(pattern, "true") is None


def test_secrets_are_read_only_where_they_are_named(template: Object) -> None:
    listed = template["Resources"]["ExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (reads,) = [each for each in listed if each.get("Fn::If", [None])[0] == "HasAllowedSecrets"]
    assert reads["Fn::If"][1:] == [
        {
            "Effect": "Allow",
            "Action": ["ssm:GetParameters", "secretsmanager:GetSecretValue"],
            "Resource": {"Ref": "AllowedSecrets"},
        },
        NOTHING,
    ]


@pytest.mark.parametrize(
    ("arn", "taken"),
    [
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/report/password", True),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/report/*", True),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:report-AbCdEf", True),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:report-*", True),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a*b", False),
        ("arn:aws:s3:::bucket", False),
        ("*", False),
    ],
)
def test_which_secrets_can_be_named(arn: str, taken: bool, template: Object) -> None:
    pattern = template["Parameters"]["AllowedSecrets"]["AllowedPattern"]
    assert (re.search(pattern, arn) is not None) is taken


def test_images_of_this_account_can_be_pulled(template: Object) -> None:
    (pull,) = statements_on(template, "ExecutionRole", "ecr:BatchGetImage")
    own, named = pull["Resource"]
    assert own["Fn::Sub"] == "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/*"
    assert named == {"Fn::If": ["ImageIsPrivate", {"Ref": "ImageRepositoryArn"}, NOTHING]}


def test_one_role_per_function_and_per_machine(template: Object) -> None:
    users = [
        body["Properties"]["Role"]["Fn::GetAtt"][0]
        for kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
        for body in resources_of_type(template, kind).values()
    ]
    functions = [
        "Api",
        "ExecutionStateChange",
        "Jobs",
        "JudgeTask",
        "PrepareRun",
        "StartScheduledRun",
        "Sweep",
        "TaskStateChange",
        "WaitForSlot",
    ]
    assert sorted(users) == sorted([*(f"{name}Role" for name in functions), *MACHINE_ROLES])


def test_the_api_wants_a_signed_request(template: Object) -> None:
    assert template["Resources"]["Api"]["Properties"]["Auth"] == {"DefaultAuthorizer": "AWS_IAM", "InvokeRole": "NONE"}
    events = [template["Resources"][f"{name}Function"]["Properties"]["Events"].values() for name in ("Api", "Jobs")]
    for event in (each for function in events for each in function):
        assert event["Properties"]["RestApiId"] == {"Ref": "Api"}
        assert "Auth" not in event["Properties"]


@pytest.mark.parametrize("role", ["TaskStateChangeRole", "ExecutionStateChangeRole", "SweepRole", "ApiRole"])
def test_who_shows_a_run_may_read_all_of_its_attempts(role: str, template: Object) -> None:
    """They are the items of one partition of the table itself, and not of an index."""
    read = [each["Resource"] for each in statements_on(template, role, "dynamodb:Query")]
    assert {"Fn::GetAtt": ["RunsTable", "Arn"]} in read
