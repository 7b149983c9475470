"""An account in which nothing is wrong, and a stand-in that types `runs doctor` in it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.surroundings import Surroundings
from tests.cli.aws_for_tests import Answer, Aws
from tests.cli.standin import STAGE, Control, Reply, scripted, serving

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
ME = "arn:aws:sts::111122223333:assumed-role/Operator/me"
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/jobs:1"
GET, POST = f"GET {STAGE}/runs/doctor-asks-for-no-run", f"POST {STAGE}/runs"
LIST, LOGS = f"GET {STAGE}/runs?limit=1", f"{GET}/logs?limit=1"
UNKNOWN = Reply(404, {"error": "Run.NotFound", "detail": "no"})
API = {
    LIST: [Reply(200, {"runs": []})],
    LOGS: [UNKNOWN],
    GET: [Reply(404, {"error": "Run.NotFound"})],
    POST: [Reply(400, {"detail": "pattern"})],
}
OUTPUTS = {
    "ClusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/jobs",
    "TaskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/jobs:1",
    "ContainerName": "app",
    "DeadLetterQueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/letters",
    "EventArchiveArn": "arn:aws:events:eu-west-1:111122223333:archive/jobs",
    "SubnetIds": "subnet-1,subnet-2",
}
CHANGING = re.compile(r"^(Create|Put|Delete|Update|Start|Run|Send|Stop|Invoke|Purge|Receive)")


def described(status: str = "CREATE_COMPLETE", without: str = "", public: str = "ENABLED") -> dict[str, object]:
    """The answer of DescribeStacks; the address of the API is put in later."""
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items() if key != without]
    parameters = [{"ParameterKey": "AssignPublicIp", "ParameterValue": public}]
    found = {"StackName": "jobs", "StackStatus": status, "CreationTime": NOW, "Outputs": outputs}
    return {"Stacks": [{**found, "Parameters": parameters}]}


def task_definition(image: str = "public.ecr.aws/docker/library/python:3.13-slim") -> dict[str, object]:
    """The answer of DescribeTaskDefinition."""
    containers = [{"name": "sidecar", "image": "other"}, {"name": "app", "image": image}]
    return {"taskDefinition": {"cpu": "256", "containerDefinitions": containers}}


def routes(**to: str) -> dict[str, object]:
    """The answer of DescribeRouteTables: a route to anywhere, and the VPC's own."""
    own = {"DestinationCidrBlock": "10.0.0.0/24", "GatewayId": "local", "State": "active"}
    return {"RouteTables": [{"Routes": [own, {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **to}]}]}


def vcpus(limit: float) -> dict[str, object]:
    """The answer of GetServiceQuota."""
    return {"Quota": {"Value": limit}}


def working(*tasks: Mapping[str, str]) -> dict[str, Answer]:
    """A cluster with these tasks."""
    return {
        "ListTasks": {"taskArns": [f"task/{n}" for n in range(len(tasks))]},
        "DescribeTasks": {"tasks": list(tasks)},
    }


def endpoints(*names: str) -> dict[str, object]:
    """The answer of DescribeVpcEndpoints."""
    return {"VpcEndpoints": [{"ServiceName": f"com.amazonaws.eu-west-1.{name}"} for name in names]}


HEALTHY: dict[str, Answer] = {
    "GetCallerIdentity": {"Arn": ME, "Account": "111122223333", "UserId": "x"},
    "DescribeStacks": described(),
    "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
    "DescribeArchive": {"EventSourceArn": "bus"},
    "GetRole": {"Role": {"Arn": "arn:aws:iam::111122223333:role/path/Operator"}},
    "SimulatePrincipalPolicy": {"EvaluationResults": [{"EvalActionName": "x", "EvalDecision": "allowed"}]},
    "DescribeTaskDefinition": task_definition(),
    "GetServiceQuota": vcpus(100),
    "GetAccountSettings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
    "DescribeRouteTables": routes(GatewayId="igw-1"),
    "DescribeSubnets": {"Subnets": [{"VpcId": "vpc-1"}]},
    "DescribeVpcEndpoints": endpoints(),
    **working(),
}


class Doctor:
    """Types the command."""

    def __init__(self, runner: CliRunner, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runner, self.aws = runner, aws
        monkeypatch.setattr("cli.target.session_of", lambda _choice: aws.session())
        self.api: Mapping[str, list[Reply]] = API

    def look(self, *words: str, width: int = 80) -> Result:
        """The command, with a stack whose API answers."""
        around = Surroundings(control=Control, sleep=lambda _: None, now=lambda: NOW)
        with serving(scripted(self.api)) as api:
            outputs = self.aws.answers["DescribeStacks"]
            if isinstance(outputs, dict):
                outputs["Stacks"][0]["Outputs"].append({"OutputKey": "ApiUrl", "OutputValue": api.url + STAGE})
            arguments = ["doctor", "--stack", "jobs", "--region", "eu-west-1", *words]
            result = self.runner.invoke(main, arguments, obj=around, env={"COLUMNS": str(width)})
        assert [name for name in self.aws.asked if CHANGING.match(name)] == []
        return result

    def findings(self) -> dict[str, tuple[str, str]]:
        """State and words of each row, by what it is of; the exit code says whether there is a problem."""
        result = self.look("--json")
        found = {each["what"]: (each["state"], each["found"]) for each in json.loads(result.stdout)}
        assert result.exit_code == (1 if "problem" in {state for state, _ in found.values()} else 0), result.output
        return found
