"""Calls are signed as AWS reads them."""

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cli.signing import SignedCall

CREDENTIALS = Credentials("AKIDEXAMPLE", "secret")


def signed(**query: str) -> requests.PreparedRequest:
    request = requests.Request(
        "GET", "https://api.test/v1/runs", params=query, auth=SignedCall(CREDENTIALS, "eu-west-1")
    )
    return requests.Session().prepare_request(request)


def test_a_space_in_a_query_is_sent_and_signed_as_aws_writes_it() -> None:
    """AWS takes a plus for itself, or for a space, and signs it as neither."""
    request = signed(idPrefix="a b+c")
    assert request.url == "https://api.test/v1/runs?idPrefix=a%20b%2Bc"
    expected = AWSRequest("GET", request.url)
    expected.context["timestamp"] = request.headers["X-Amz-Date"]
    auth = SigV4Auth(CREDENTIALS, "execute-api", "eu-west-1")
    expected.headers["X-Amz-Date"] = request.headers["X-Amz-Date"]
    signature = auth.signature(auth.string_to_sign(expected, auth.canonical_request(expected)), expected)
    assert request.headers["Authorization"].endswith(f"Signature={signature}")


def test_without_a_query_the_address_stays() -> None:
    assert signed().url == "https://api.test/v1/runs"
