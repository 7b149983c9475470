"""Who may call the runtime: whoever signs with a key of it, for the service and Region that the call reaches."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.access import SERVICE, SETTINGS_FILE, secret_of
from tests.contract.conftest import Aws, make_role
from tests.contract.functions import create_function
from tests.contract.running import AWS_LOGS, logged, python, run
from tests.runtimes import ClientSettings, client_settings, directory_of
from tests.waiting import eventually

REGION = "us-east-1"
RUN_TASK = "AmazonEC2ContainerServiceV20141113.ListClusters"


def client(service: str, settings: ClientSettings, **changed: str) -> Any:
    """A client that signs with other than the right settings, and tries once."""
    return boto3.client(service, **{**settings, **changed}, config=Config(retries={"total_max_attempts": 1}))  # type: ignore[call-overload]


def refusal(call: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def sent(
    aws: Aws, method: str, target: str, headers: dict[str, str], body: bytes = b"", host: str = ""
) -> tuple[int, str]:
    """Status and body of a request exactly as it is given."""
    address = aws.endpoint.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=30)) as connection:
        connection.request(method, target, body, {"Host": host or address, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize(
    ("service", "call", "wrong_secret", "unknown_key"),
    [
        ("ecs", "list_clusters", "InvalidSignatureException", "UnrecognizedClientException"),
        ("dynamodb", "list_tables", "InvalidSignatureException", "UnrecognizedClientException"),
        ("stepfunctions", "list_state_machines", "InvalidSignatureException", "UnrecognizedClientException"),
        ("lambda", "list_functions", "InvalidSignatureException", "UnrecognizedClientException"),
        ("iam", "list_users", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("cloudformation", "list_stacks", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("sqs", "list_queues", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("s3", "list_buckets", "SignatureDoesNotMatch", "InvalidAccessKeyId"),
    ],
)
def test_only_the_runtime_s_own_key_opens_it(
    aws: Aws, service: str, call: str, wrong_secret: str, unknown_key: str
) -> None:
    settings = client_settings(aws.endpoint)
    assert getattr(client(service, settings), call)()
    for secret in ("test", "x", settings["aws_secret_access_key"] + "x", settings["aws_secret_access_key"][:-1]):
        assert refusal(getattr(client(service, settings, aws_secret_access_key=secret), call)) == wrong_secret
    for key in ("123456789012", "AKIDEXAMPLE", "TEST"):
        assert refusal(getattr(client(service, settings, aws_access_key_id=key), call)) == unknown_key
    assert refusal(getattr(client(service, settings, region_name="eu-west-1"), call)) == wrong_secret


@pytest.mark.parametrize("in_query", [False, True])
@pytest.mark.parametrize(
    ("scope", "region", "status"),
    [
        ("ecs", REGION, 200),
        ("sqs", REGION, 400),
        (SERVICE, REGION, 400),
        ("execute-api", REGION, 400),
        ("ecs", "eu-west-1", 400),
    ],
)
def test_a_signature_is_for_one_service_and_one_region(
    aws: Aws, scope: str, region: str, status: int, in_query: bool
) -> None:
    request = AWSRequest(
        "POST", f"{aws.endpoint}/", data=b"" if in_query else b"{}", headers={"X-Amz-Target": RUN_TASK}
    )
    request.headers["Content-Type"] = "application/x-amz-json-1.1"
    signer = SigV4QueryAuth if in_query else SigV4Auth
    signer(Credentials("test", secret_of(aws.endpoint)), scope, region).add_auth(request)

    found, body = sent(
        aws,
        "POST",
        str(request.url).removeprefix(aws.endpoint),
        dict(request.headers.items()),
        b"" if in_query else b"{}",
    )

    assert found == status, body
    if status != 200:
        assert json.loads(body)["__type"] == "InvalidSignatureException"
        assert "should be scoped to" in json.loads(body)["message"]


def test_the_body_that_is_signed_is_the_body_that_is_carried_out(aws: Aws) -> None:
    empty = hashlib.sha256(b"{}").hexdigest()
    headers = {"X-Amz-Target": RUN_TASK, "X-Amz-Content-SHA256": empty, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{aws.endpoint}/", data=b"{}", headers=headers)
    SigV4Auth(Credentials("test", secret_of(aws.endpoint)), "ecs", REGION).add_auth(request)

    assert sent(aws, "POST", "/", dict(request.headers.items()), b"{}")[0] == 200
    status, body = sent(aws, "POST", "/", dict(request.headers.items()), b'{"maxResults": 1}')
    assert (status, json.loads(body)["__type"]) == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("POST", "/", {"X-Amz-Target": RUN_TASK}),
        ("GET", "/?Action=ListUsers&Version=2010-05-08", {}),
        ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", {"Authorization": "Bearer x"}),
        ("GET", "/2015-03-31/functions", {}),
        ("GET", "/", {}),
        ("PUT", "/a-bucket", {}),
        ("GET", "/restapis", {}),
        ("GET", "/v4/0123456789abcdef/task", {}),
        ("GET", "/oauth2/authorize", {}),
        ("GET", "/pool/.well-known/jwks.json", {}),
        ("GET", "/_local/status", {}),
        ("GET", "/_local/faults", {}),
        ("POST", "/_local/faults", {}),
        ("DELETE", "/_local/faults", {}),
        ("GET", "/_aws/execute-api/nobody/v1/runs", {}),
        ("GET", "/_aws/lambda-url/nobody/", {}),
        ("POST", "/_ministack/reset", {}),
        ("GET", "/_ministack/sqs/messages", {}),
        ("GET", "/_ministack/health", {}),
        ("GET", "/_localstack/health", {}),
        ("OPTIONS", "/", {}),
    ],
)
def test_nobody_is_served_without_a_signature(aws: Aws, method: str, target: str, headers: dict[str, str]) -> None:
    status, _ = sent(aws, method, target, headers)

    assert status in {400, 403}


def test_the_embedded_aws_s_own_paths_are_served_to_nobody(aws: Aws) -> None:
    request = AWSRequest("POST", f"{aws.endpoint}/_ministack/reset", data=b"")
    SigV4Auth(Credentials("test", secret_of(aws.endpoint)), "s3", REGION).add_auth(request)

    assert sent(aws, "POST", "/_ministack/reset", dict(request.headers.items()))[0] == 403
    assert aws.ecs.list_clusters()["clusterArns"]


def assumed(aws: Aws) -> dict[str, str]:
    """Temporary credentials of a role that may do anything."""
    role = make_role(aws.endpoint, f"assumed-{uuid.uuid4().hex[:8]}", "*")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam = boto3.client("iam", **client_settings(aws.endpoint))
    iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(trust))
    sts = boto3.client("sts", **client_settings(aws.endpoint))
    given = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def test_temporary_credentials_hold_with_their_token_alone(aws: Aws) -> None:
    settings, given = client_settings(aws.endpoint), assumed(aws)

    assert client("ecs", settings, **given).list_clusters()["clusterArns"]
    for name, value in (
        ("aws_secret_access_key", "test"),
        ("aws_secret_access_key", settings["aws_secret_access_key"]),
        ("aws_session_token", "other"),
        ("region_name", "eu-west-1"),
    ):
        code = refusal(client("ecs", settings, **{**given, name: value}).list_clusters)
        assert code in {"InvalidSignatureException", "UnrecognizedClientException"}
    del given["aws_session_token"]
    assert refusal(client("ecs", settings, **given).list_clusters) == "UnrecognizedClientException"


def test_the_keys_of_a_user_hold(aws: Aws) -> None:
    settings = client_settings(aws.endpoint)
    iam = boto3.client("iam", **settings)
    name = f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    given = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    assert client("sts", settings, **given).get_caller_identity()["Arn"].endswith(f"user/{name}")
    wrong = {**given, "aws_secret_access_key": "test"}
    assert refusal(client("sts", settings, **wrong).get_caller_identity) == "SignatureDoesNotMatch"


def test_faults_are_for_the_runtime_s_own_key(aws: Aws) -> None:
    given = assumed(aws)
    credentials = Credentials(given["aws_access_key_id"], given["aws_secret_access_key"], given["aws_session_token"])
    request = AWSRequest("DELETE", f"{aws.endpoint}/_local/faults", data=b"")
    SigV4Auth(credentials, SERVICE, REGION).add_auth(request)

    status, body = sent(aws, "DELETE", "/_local/faults", dict(request.headers.items()))

    assert (status, json.loads(body)["message"]) == (403, "Only the runtime's own key may do this.")


SAY = (
    "import os, time; names = ('ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN')\n"
    "print(*[os.environ['AWS_' + name] for name in names], flush=True); time.sleep(600)"
)


def test_a_container_has_keys_of_its_role_that_nobody_can_guess_and_that_end_with_it(aws: Aws) -> None:
    role = make_role(aws.endpoint, f"task-{uuid.uuid4().hex[:8]}", "*")
    task = run(aws, aws.task_definition({"command": python(SAY), **AWS_LOGS}), overrides={"taskRoleArn": role})
    aws.until_status(task, "RUNNING")
    ((_, line),) = eventually(lambda: logged(aws, task, "main") or None, "the keys of the container")
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given = dict(zip(names, line.split(), strict=True))
    sts, task_id = client("sts", client_settings(aws.endpoint), **given), task.rpartition("/")[2]

    assert sts.get_caller_identity()["Arn"].endswith(f"{role.rpartition('/')[2]}/{task_id}")
    # Everybody who sees the task knows these.
    digest = hashlib.sha256(f"{role}/{task_id}".encode()).hexdigest()
    assert given["aws_access_key_id"] != f"ASIA{digest[:16].upper()}"

    aws.ecs.stop_task(cluster=aws.cluster, task=task)
    aws.until_status(task, "STOPPED")
    # The answer to who sees STOPPED may be a moment ahead of the end of the keys.
    eventually(lambda: is_refused(sts), "the end of the keys")


def is_refused(sts: Any) -> bool:
    """Whether nobody knows the keys of a client any more."""
    try:
        sts.get_caller_identity()
    except ClientError as error:
        return error.response["Error"]["Code"] == "InvalidClientTokenId"
    return False


def test_a_function_signs_with_keys_of_its_role_that_nobody_can_guess(aws: Aws) -> None:
    name, arn = create_function(
        aws,
        "import boto3, os\ndef handler(event, context):\n"
        "    return [boto3.client('sts').get_caller_identity()['Arn'], os.environ['AWS_ACCESS_KEY_ID']]",
    )

    functions = client("lambda", client_settings(aws.endpoint))
    who, access_key = json.loads(functions.invoke(FunctionName=name)["Payload"].read())

    assert f":assumed-role/role-of-{name}/{name}" in who
    role = functions.get_function(FunctionName=name)["Configuration"]["Role"]
    digest = hashlib.sha256(f"{arn}:{role}".encode()).hexdigest()
    assert access_key != f"ASIA{digest[:16].upper()}"


@pytest.fixture(scope="module")
def api(aws: Aws) -> Iterator[str]:
    """An API of a user with a method that anybody may call and one that asks for a signature of IAM; gives its id."""
    apis = client("apigateway", client_settings(aws.endpoint))
    api_id = apis.create_rest_api(name="signing")["id"]
    root = apis.get_resources(restApiId=api_id)["items"][0]["id"]
    for part, authorization in (("open", "NONE"), ("closed", "AWS_IAM")):
        resource = apis.create_resource(restApiId=api_id, parentId=root, pathPart=part)["id"]
        named = {"restApiId": api_id, "resourceId": resource, "httpMethod": "GET"}
        apis.put_method(**named, authorizationType=authorization)
        apis.put_integration(**named, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        apis.put_method_response(**named, statusCode="200")
        apis.put_integration_response(**named, statusCode="200", responseTemplates={"application/json": "hello"})
    apis.create_deployment(restApiId=api_id, stageName="v1")
    yield api_id
    apis.delete_rest_api(restApiId=api_id)


@pytest.mark.parametrize(("path", "status"), [("open", 200), ("closed", 403), ("missing", 403)])
def test_a_method_without_authorization_may_be_called_unsigned(aws: Aws, api: str, path: str, status: int) -> None:
    port = aws.endpoint.rpartition(":")[2]

    assert sent(aws, "GET", f"/_aws/execute-api/{api}/v1/{path}", {})[0] == status
    found, body = sent(aws, "GET", f"/v1/{path}", {}, host=f"{api}.execute-api.localhost:{port}")
    assert found == status
    if status == 403:
        assert json.loads(body) == {"message": "Missing Authentication Token"}
    # Its name must not open anything else.
    for other in ("/_ministack/reset", "/_local/faults"):
        assert sent(aws, "POST", other, {}, host=f"{api}.execute-api.localhost:{port}")[0] == 403


@pytest.mark.parametrize("scope", ["execute-api", "apigateway", "ecs"])
def test_a_call_of_an_api_is_signed_for_execute_api(aws: Aws, api: str, scope: str) -> None:
    path = f"/_aws/execute-api/{api}/v1/closed"
    request = AWSRequest("GET", f"{aws.endpoint}{path}")
    SigV4Auth(Credentials("test", secret_of(aws.endpoint)), scope, REGION).add_auth(request)

    status, _ = sent(aws, "GET", path, dict(request.headers.items()))

    assert status == (200 if scope == "execute-api" else 403)


def test_the_key_is_its_owner_s_alone(aws: Aws) -> None:
    directory = directory_of(aws.endpoint)

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for name in ("runtime.json", SETTINGS_FILE):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    secret = secret_of(aws.endpoint).encode()
    assert len(secret) == 40
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                assert secret not in (process / name).read_bytes()
            except OSError:
                continue


def test_any_aws_tool_finds_its_settings_in_a_file(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(directory_of(aws.endpoint) / SETTINGS_FILE))

    assert boto3.session.Session().client("ecs").list_clusters()["clusterArns"]
