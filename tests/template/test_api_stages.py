"""What stands before the API's function: throttles, access logs, API Gateway's own answers, and tokens."""

import json
import re
from typing import Final

import pytest

from jobs.routes import ROUTES as JOB_ROUTES
from rest.problems import CONTENT_TYPE
from tests.template.loading import Node, Object, nodes, resources_of_type
from tests.template.test_retention import broken_rules, parameters_with
from tests.template.test_two_stacks import conditions_of
from tools.openapi.document import ROUTES
from tools.openapi.gateway import GATEWAY, GatewayProblem

V2: Final = "AWS::ApiGatewayV2::"
NOTHING: Final = {"Ref": "AWS::NoValue"}
ISSUER: Final = "https://issuer.example/"
#: What a line of an access log may have of a call: nothing that a caller writes but the name that its issuer gave it.
LOGGED: Final = {
    "$context.authorizer.claims.sub",
    "$context.error.responseType",
    "$context.httpMethod",
    "$context.identity.sourceIp",
    "$context.identity.userArn",
    "$context.integration.requestId",
    "$context.requestId",
    "$context.requestTimeEpoch",
    "$context.resourcePath",
    "$context.responseLatency",
    "$context.routeKey",
    "$context.status",
}


def properties(template: Object, name: str) -> Object:
    found: Object = template["Resources"][name]["Properties"]
    return found


def access_logs(template: Object) -> list[Node]:
    return [
        properties(template, "Api")["AccessLogSetting"]["Fn::If"],
        properties(template, "JwtStage")["AccessLogSettings"]["Fn::If"],
    ]


def test_both_apis_are_throttled_by_the_same_parameters(template: Object) -> None:
    (rest,) = properties(template, "Api")["MethodSettings"]
    tokens = properties(template, "JwtStage")["DefaultRouteSettings"]
    assert (rest["HttpMethod"], rest["ResourcePath"]) == ("*", "/*")
    for limits in (rest, tokens):
        assert limits["ThrottlingRateLimit"] == {"Ref": "ApiThrottleRate"}
        assert limits["ThrottlingBurstLimit"] == {"Ref": "ApiThrottleBurst"}


def test_no_execution_log_is_written_which_has_bodies_in_it(template: Object) -> None:
    (settings,) = properties(template, "Api")["MethodSettings"]
    assert settings["LoggingLevel"] == "OFF"
    assert settings["DataTraceEnabled"] is False


def test_access_logs_are_off_by_default_because_an_account_may_lack_the_role(template: Object) -> None:
    assert template["Parameters"]["ApiAccessLogs"]["Default"] == "OFF"
    assert [otherwise for _, _, otherwise in access_logs(template)] == [NOTHING, NOTHING]
    assert {condition for condition, _, _ in access_logs(template)} == {"LogsAccess"}


@pytest.mark.parametrize(
    ("level", "issuer", "logs", "logs_by_token"),
    [
        ("OFF", "", False, False),
        ("ON", "", True, False),
        ("OFF", ISSUER, False, False),
        ("ON", ISSUER, True, True),
    ],
)
def test_which_access_logs_there_are(
    level: str, issuer: str, logs: bool, logs_by_token: bool, template: Object
) -> None:
    conditions = conditions_of(template, ApiAccessLogs=level, JwtIssuer=issuer)
    groups = [template["Resources"][name]["Condition"] for name in ("ApiAccessLogGroup", "JwtAccessLogGroup")]
    assert [conditions[name] for name in groups] == [logs, logs_by_token]
    assert conditions["LogsAccess"] is logs


def test_a_line_of_an_access_log_is_json_and_has_no_more_than_this(template: Object) -> None:
    formats = [json.loads(given["Format"]) for _, given, _ in access_logs(template)]
    assert formats[0].keys() == formats[1].keys()
    used = {name for line in formats for value in line.values() for name in re.findall(r"\$[\w.]+", value)}
    assert used == LOGGED
    assert all("\n" not in given["Format"] for _, given, _ in access_logs(template))
    groups = [given["DestinationArn"]["Fn::GetAtt"] for _, given, _ in access_logs(template)]
    assert groups == [["ApiAccessLogGroup", "Arn"], ["JwtAccessLogGroup", "Arn"]]


def test_api_gateway_answers_what_the_table_says_and_no_other(template: Object) -> None:
    assert properties(template, "Api")["GatewayResponses"].keys() == GATEWAY.keys()


@pytest.mark.parametrize(("kind", "problem"), GATEWAY.items(), ids=GATEWAY)
def test_api_gateways_own_answers_are_problem_details(kind: str, problem: GatewayProblem, template: Object) -> None:
    answer = properties(template, "Api")["GatewayResponses"][kind]
    assert answer.get("StatusCode") == problem.status
    headers = {"Content-Type": f"'{CONTENT_TYPE}'"}
    if problem.retry_after_seconds:
        headers["Retry-After"] = f"'{problem.retry_after_seconds}'"
    assert answer["ResponseParameters"] == {"Headers": headers}
    text = answer["ResponseTemplates"]["application/json"]
    assert "\n" not in text
    # The variable that API Gateway puts in place comes with quotes of its own.
    body = json.loads(text.replace("$context.error.messageString", '"its own"'))
    status = {"status": problem.status} if problem.status else {}
    assert body == {
        "type": problem.type,
        "title": problem.title,
        **status,
        "detail": problem.detail or "its own",
        "error": problem.name,
    }


def test_of_a_refused_call_only_what_it_asked_for_is_repeated() -> None:
    """The sentences for other refusals quote the header Authorization, or what was signed, a session token included."""
    assert [kind for kind, each in GATEWAY.items() if each.detail is None] == ["ACCESS_DENIED"]


def test_there_is_no_api_for_tokens_by_default(template: Object) -> None:
    assert template["Parameters"]["JwtIssuer"]["Default"] == ""
    resources = template["Resources"]
    of_tokens = {name for name in resources if name.startswith("Jwt")}
    assert of_tokens >= {name for name, each in resources.items() if each["Type"].startswith(V2)}
    assert {resources[name]["Condition"] for name in of_tokens} == {"TakesTokens", "LogsAccessByToken"}
    assert template["Outputs"]["JwtApiUrl"]["Condition"] == "TakesTokens"
    assert conditions_of(template)["TakesTokens"] is False
    assert conditions_of(template, JwtIssuer=ISSUER)["TakesTokens"] is True


def test_the_signed_api_knows_nothing_of_tokens(template: Object) -> None:
    """So its callers are the same, whether there is a second API or not."""
    known = {node["Ref"] for node in nodes(properties(template, "Api")) if isinstance(node, dict) and "Ref" in node}
    assert not {name for name in known if name.startswith("Jwt")}


def test_each_route_asks_for_a_token_and_a_scope(template: Object) -> None:
    routes = resources_of_type(template, f"{V2}Route")
    given = {each["Properties"]["RouteKey"]: each["Properties"] for each in routes.values()}
    assert given.keys() == {f"{route.method} {route.path}" for route in ROUTES}
    of_jobs = {f"{route.method} {route.path}" for route in JOB_ROUTES}
    for key, each in given.items():
        assert each["AuthorizationType"] == "JWT"
        assert each["AuthorizerId"] == {"Ref": "JwtAuthorizer"}
        integration = "JwtJobsIntegration" if key in of_jobs else "JwtIntegration"
        assert each["Target"] == {"Fn::Sub": f"integrations/${{{integration}}}"}
        writers = [{"Ref": "JwtWriteScope"}]
        readers = [{"Ref": "JwtReadScope"}] if key.startswith("GET ") else []
        assert each["AuthorizationScopes"] == readers + writers, key


def test_a_token_is_of_the_issuer_and_for_the_audience(template: Object) -> None:
    authorizer = properties(template, "JwtAuthorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["JwtConfiguration"] == {
        "Issuer": {"Ref": "JwtIssuer"},
        "Audience": {"Fn::Split": [",", {"Ref": "JwtAudience"}]},
    }


def test_the_function_gets_the_events_that_it_reads_from_this_api_alone(template: Object) -> None:
    integration, permission = properties(template, "JwtIntegration"), properties(template, "JwtPermission")
    assert integration["PayloadFormatVersion"] == "1.0"
    assert integration["IntegrationUri"] == {"Fn::GetAtt": ["ApiFunction", "Arn"]}
    # A stage of another name would be in the path that the function gets.
    assert properties(template, "JwtStage")["StageName"] == "$default"
    assert permission["FunctionName"] == {"Ref": "ApiFunction"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${JwtApi}/*")


@pytest.mark.parametrize(
    ("issuer", "audience", "broken"),
    [
        ("", "", []),
        ("", "jobs", []),
        (ISSUER, "jobs", []),
        (ISSUER, "", ["TokensAreForAnAudience"]),
    ],
)
def test_tokens_for_anybody_are_refused(issuer: str, audience: str, broken: list[str], template: Object) -> None:
    assert broken_rules(template, parameters_with(template, JwtIssuer=issuer, JwtAudience=audience)) == broken


@pytest.mark.parametrize(
    ("parameter", "value", "is_taken"),
    [
        ("JwtIssuer", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", True),
        ("JwtIssuer", "https://issuer.example/", True),
        ("JwtIssuer", "http://localhost:8080/realms/jobs", True),
        ("JwtIssuer", "http://127.0.0.1:8080", True),
        ("JwtIssuer", "http://issuer.example/", False),
        ("JwtIssuer", "http://localhost.example:80/", False),
        ("JwtIssuer", "https://issuer.example/?a=b", False),
        ("JwtIssuer", "issuer.example", False),
        ("JwtAudience", "jobs", True),
        ("JwtAudience", "jobs,https://jobs.example", True),
        ("JwtAudience", "jobs,", False),
        ("JwtAudience", "jobs, more", False),
        ("JwtReadScope", "read:runs", True),
        ("JwtReadScope", "", False),
        ("JwtWriteScope", "runs/write runs/read", False),
    ],
)
def test_which_issuers_audiences_and_scopes_can_be_named(
    parameter: str, value: str, is_taken: bool, template: Object
) -> None:
    pattern = template["Parameters"][parameter]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, value)) is is_taken
