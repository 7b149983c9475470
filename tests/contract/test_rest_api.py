"""A REST API before a function: what its event has of a call, what comes back, and which role may call what."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from email.message import Message
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.access import secret_of
from tests.contract.conftest import Aws, make_role
from tests.contract.functions import create_function
from tests.runtimes import client_settings

REGION = "us-east-1"
#: Answers with the event, and with the headers that the caller asks for.
ECHO = """
import json
def handler(event, context):
    return {
        "statusCode": 201,
        "headers": {"X-One": "1", "content-type": "application/problem+json"},
        "multiValueHeaders": {"X-Two": ["a", "b"], "Retry-After": ["7"]},
        "body": json.dumps(event),
    }
"""


class Answer(NamedTuple):
    status: int
    headers: Message[str, str]
    body: Any


@pytest.fixture(scope="module")
def url(aws: Aws) -> Iterator[str]:
    """An API with the routes of this application, each with IAM authorization; gives the stage's URL."""
    name, arn = create_function(aws, ECHO)
    apis = boto3.client("apigateway", **client_settings(aws.endpoint))
    api = apis.create_rest_api(name="echo")["id"]
    resources = {"": apis.get_resources(restApiId=api)["items"][0]["id"]}
    for parent, part in (("", "runs"), ("runs", "{runId}"), ("{runId}", "stop")):
        made = apis.create_resource(restApiId=api, parentId=resources[parent], pathPart=part)
        resources[part] = made["id"]
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    for part, method in (("runs", "GET"), ("runs", "POST"), ("{runId}", "GET"), ("stop", "POST")):
        named: Any = {"restApiId": api, "resourceId": resources[part], "httpMethod": method}
        apis.put_method(**named, authorizationType="AWS_IAM")
        apis.put_integration(**named, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    apis.create_deployment(restApiId=api, stageName="v1")
    functions = boto3.client("lambda", **client_settings(aws.endpoint))
    functions.add_permission(
        FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    yield f"{aws.endpoint}/_aws/execute-api/{api}/v1"
    apis.delete_rest_api(restApiId=api)


def owner(aws: Aws) -> Credentials:
    return Credentials("test", secret_of(aws.endpoint))


def call(credentials: Credentials, url: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
    request = AWSRequest(method, url, data=body, headers=headers)
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    data = body.encode() if body else None
    try:
        with urlopen(Request(url, data, dict(request.headers.items()), method=method), timeout=60) as answer:
            return Answer(answer.status, answer.headers, json.loads(answer.read()))
    except HTTPError as error:
        return Answer(error.code, error.headers, json.loads(error.read()))


def role(aws: Aws, *resources: str) -> tuple[str, Credentials]:
    """A role that may call these methods and no other, and its credentials."""
    name = f"caller-{uuid.uuid4().hex[:8]}"
    arn = make_role(aws.endpoint, name, "sts:GetCallerIdentity")
    iam = boto3.client("iam", **client_settings(aws.endpoint))
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    allowed = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": list(resources)}
    iam.put_role_policy(RoleName=name, PolicyName="call", PolicyDocument=json.dumps({"Statement": [allowed]}))
    given = boto3.client("sts", **client_settings(aws.endpoint)).assume_role(RoleArn=arn, RoleSessionName="ada")
    key = given["Credentials"]
    return name, Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])


def arn_of(url: str, method: str, path: str) -> str:
    api = url.split("/")[-2]
    return f"arn:aws:execute-api:{REGION}:000000000000:{api}/v1/{method}/{path}"


def test_the_event_names_the_caller(aws: Aws, url: str) -> None:
    name, credentials = role(aws, arn_of(url, "*", "*"))
    identity = call(credentials, f"{url}/runs").body["requestContext"]["identity"]
    assert identity["userArn"] == f"arn:aws:sts::000000000000:assumed-role/{name}/ada"
    assert identity["caller"].endswith(":ada")
    assert identity["accountId"] == "000000000000"


def test_the_owner_has_an_arn_too(aws: Aws, url: str) -> None:
    identity = call(owner(aws), f"{url}/runs").body["requestContext"]["identity"]
    assert identity["userArn"].startswith("arn:aws:iam::000000000000:")


def test_a_query_has_the_last_value_and_all_of_them(aws: Aws, url: str) -> None:
    event = call(owner(aws), f"{url}/runs?status=FAILED&status=STOPPED&since=2026-01-01T00%3A00%3A00Z&idPrefix=").body
    assert event["queryStringParameters"] == {
        "status": "STOPPED",
        "since": "2026-01-01T00:00:00Z",
        "idPrefix": "",
    }
    assert event["multiValueQueryStringParameters"] == {
        "status": ["FAILED", "STOPPED"],
        "since": ["2026-01-01T00:00:00Z"],
        "idPrefix": [""],
    }


def test_without_a_query_both_are_null(aws: Aws, url: str) -> None:
    event = call(owner(aws), f"{url}/runs").body
    assert (event["queryStringParameters"], event["multiValueQueryStringParameters"]) == (None, None)


@pytest.mark.parametrize("run_id", ["a%3Ab", "a%20b", "%C3%A9", "a%2Bb", "a+b", "a%2Fb", "a%252Fb", "a.b-c_d~e", "%2F"])
def test_a_path_stays_as_it_was_sent(aws: Aws, url: str, run_id: str) -> None:
    answer = call(owner(aws), f"{url}/runs/{run_id}")
    assert answer.status == 201
    assert answer.body["path"] == f"/runs/{run_id}"
    assert answer.body["requestContext"]["path"] == f"/v1/runs/{run_id}"
    assert answer.body["pathParameters"] == {"runId": run_id}
    assert answer.body["resource"] == "/runs/{runId}"


def test_an_encoded_slash_opens_no_other_route(aws: Aws, url: str) -> None:
    _, reader = role(aws, arn_of(url, "GET", "runs/*"))
    assert call(reader, f"{url}/runs/r%2Fstop", "POST", "{}").status == 403
    assert call(reader, f"{url}/runs%2Fr").status == 403


def test_the_answer_has_the_functions_status_and_headers(aws: Aws, url: str) -> None:
    answer = call(owner(aws), f"{url}/runs", "POST", "{}", **{"Idempotency-Key": "k", "X-Many": "1"})
    assert answer.status == 201
    assert answer.headers.get_all("X-One") == ["1"]
    assert answer.headers.get_all("X-Two") == ["a", "b"]
    assert answer.headers.get_all("Retry-After") == ["7"]
    assert answer.headers.get_all("Content-Type") == ["application/problem+json"]
    assert {name.lower(): value for name, value in answer.body["headers"].items()}["idempotency-key"] == "k"
    assert answer.body["body"] == "{}"


def test_a_role_that_may_read_may_not_write(aws: Aws, url: str) -> None:
    _, reader = role(aws, arn_of(url, "GET", "*"))
    assert call(reader, f"{url}/runs").status == 201
    assert call(reader, f"{url}/runs?limit=1").status == 201
    assert call(reader, f"{url}/runs/r").status == 201
    for path in ("runs", "runs/r/stop"):
        refused = call(reader, f"{url}/{path}", "POST", "{}")
        assert refused.status == 403
        assert "is not authorized to perform: execute-api:Invoke" in refused.body["message"]


def test_each_route_is_a_resource(aws: Aws, url: str) -> None:
    _, stopper = role(aws, arn_of(url, "POST", "runs/*/stop"))
    assert call(stopper, f"{url}/runs/r/stop", "POST", "{}").status == 201
    assert call(stopper, f"{url}/runs/r").status == 403
    assert call(stopper, f"{url}/runs", "POST", "{}").status == 403
