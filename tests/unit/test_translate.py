"""Errors of AWS's clients as errors of the ports."""

from collections.abc import Mapping
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.loaders import Loader
from botocore.stub import Stubber

from fargate_runs.aws import dynamodb, ecs, stepfunctions
from fargate_runs.aws.translate import AwsError, Translation, code_of
from fargate_runs.errors import PortError
from tests.fakes.ecs import CANARY


class OtherError(PortError):
    """Every code that is not known."""


class KnownError(PortError):
    """A known code."""


TRANSLATION: Final = Translation("it answered", OtherError, {"Known": KnownError})


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": CANARY}}, "AnyOperation")


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (refusal("Known"), "Known", KnownError),
        (refusal("Strange"), "Strange", OtherError),
        (ConnectTimeoutError(endpoint_url=CANARY), "ConnectTimeoutError", OtherError),
    ],
)
def test_an_error_goes_on_by_its_code_alone(error: AwsError, code: str, kind: type[PortError]) -> None:
    assert code_of(error) == code
    with pytest.raises(PortError) as raised, TRANSLATION:
        raise error
    assert type(raised.value) is kind
    assert str(raised.value) == f"it answered {code}"
    assert raised.value.__suppress_context__  # a traceback in a log shows no message of AWS


def test_other_errors_and_good_answers_pass() -> None:
    with pytest.raises(ZeroDivisionError), TRANSLATION:
        raise ZeroDivisionError
    with TRANSLATION:
        pass


@pytest.fixture
def stubber() -> Stubber:
    return Stubber(boto3.client("ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"))


def answers(stubber: Stubber, *pages: Mapping[str, Any]) -> Any:
    for page in pages:
        stubber.add_response("list_tasks", page)
    stubber.activate()
    return stubber.client


def test_pages_are_read_one_at_a_time(stubber: Stubber) -> None:
    client = answers(stubber, {"taskArns": ["a"], "nextToken": "1"})
    pages = TRANSLATION.pages(client.list_tasks, ecs.PAGED, cluster="c")
    assert next(pages)["taskArns"] == ["a"]
    stubber.add_client_error("list_tasks", "Known")
    with pytest.raises(KnownError):
        next(pages)


def test_a_list_that_goes_round_in_circles_ends_with_an_error(stubber: Stubber) -> None:
    client = answers(stubber, *[{"taskArns": ["a"], "nextToken": "same"}] * 3)
    with pytest.raises(OtherError, match="it answered PaginationError"):
        list(TRANSLATION.pages(client.list_tasks, ecs.PAGED, cluster="c"))


@pytest.mark.parametrize(
    ("service", "operation", "paged"),
    [
        ("dynamodb", "Query", dynamodb.PAGED),
        ("ecs", "ListTasks", ecs.PAGED),
        ("stepfunctions", "ListExecutions", stepfunctions.PAGED),
    ],
)
def test_values_that_go_from_page_to_page_are_those_that_botocore_knows(
    service: str, operation: str, paged: Mapping[str, str]
) -> None:
    known = Loader().load_service_model(service, "paginators-1")["pagination"][operation]
    assert [known["input_token"], known["output_token"]] == [paged["input_token"], paged["output_token"]]
    assert paged["result_key"] in known["result_key"]
