"""An HTTP API before a function that gets the events of a REST API: payload format version 1.0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests

from tests.contract.conftest import Aws
from tests.contract.functions import create_function
from tests.contract.test_rest_api import ECHO
from tests.issuer import AUDIENCE, Issuer, serving
from tests.runtimes import client_settings


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module", params=["1.0", "2.0"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(aws: Aws, issuer: Issuer, version: str) -> Iterator[str]:
    """An API with a route for tokens and one for anybody; gives its URL."""
    _, arn = create_function(aws, ECHO)
    apis: Any = boto3.client("apigatewayv2", **client_settings(aws.endpoint))
    api = apis.create_api(Name="echo", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion=version
    )["IntegrationId"]
    authorizer = apis.create_authorizer(
        ApiId=api,
        Name="jwt",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer.url, "Audience": [AUDIENCE]},
    )["AuthorizerId"]
    target = f"integrations/{integration}"
    apis.create_route(
        ApiId=api,
        RouteKey="POST /runs/{runId}/stop",
        Target=target,
        AuthorizationType="JWT",
        AuthorizerId=authorizer,
        AuthorizationScopes=["runs/read"],
    )
    apis.create_route(ApiId=api, RouteKey="GET /open", Target=target)
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    yield f"{aws.endpoint}/_aws/execute-api/{api}"
    apis.delete_api(ApiId=api)


def call(method: str, url: str, **more: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=60, **more)


def event_of(answer: requests.Response) -> Any:
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_event_is_of_the_version_that_the_integration_names(issuer: Issuer, url: str, version: str) -> None:
    token = issuer.token(groups=["a", "b"])
    event = event_of(
        call("POST", f"{url}/runs/r/stop?a=1&a=2", json={"x": 1}, headers={"Authorization": f"Bearer {token}"})
    )
    assert event["version"] == version
    assert json.loads(event["body"]) == {"x": 1}
    assert event["pathParameters"] == {"runId": "r"}
    authorizer = event["requestContext"]["authorizer"]
    found = authorizer if version == "1.0" else authorizer["jwt"]
    assert (found["claims"]["sub"], found["claims"]["groups"], found["scopes"]) == ("jane", "[a b]", ["runs/read"])
    assert isinstance(found["claims"]["exp"], str)
    if version == "1.0":
        assert (event["httpMethod"], event["path"], event["resource"]) == (
            "POST",
            "/runs/r/stop",
            "/runs/{runId}/stop",
        )
        assert event["queryStringParameters"] == {"a": "2"}
        assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}


def test_without_a_token_there_are_no_claims(url: str, version: str) -> None:
    event = event_of(call("GET", f"{url}/open"))
    expected = {"claims": None, "scopes": None} if version == "1.0" else None
    assert event["requestContext"].get("authorizer") == expected


def test_the_answer_has_the_headers_of_its_version(url: str, version: str) -> None:
    headers = call("GET", f"{url}/open").headers
    assert headers["Content-Type"] == "application/problem+json"
    assert headers.get("Retry-After") == ("7" if version == "1.0" else None)
