"""Requests that schemathesis makes of docs/openapi.json, good ones and bad ones: every answer is one of the document.

The examples are the same in each run. What it has found is a test of its own elsewhere.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fakes.ecs import RUN_ID, TASK_ID, container, event, life
from tests.functional.conftest import Stack
from tests.functional.gateway import BASE_URL, Gateway
from tools.openapi.document import PATH, ROUTES

SCHEMA: Final = schemathesis.openapi.from_path(PATH)
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
#: Any text may be the id of a run, so a request without anything else is never a bad one.
CASES: Final = [
    (route, mode)
    for route in ROUTES
    for mode in GenerationMode
    if mode.is_positive or route.parameters or route.body or route.takes_a_key
]
EXAMPLES: Final = 25


class Caller(NamedTuple):
    """A client, and the ids of runs that there are."""

    session: requests.Session
    runs: tuple[str, str]


@pytest.fixture
def caller(stack: Stack) -> Caller:
    """A client of a stack that has a run with a log, which ended, and one that is about to start."""
    for each in life(containers=[container(exit_code=3)]):
        stack.task_state_change(event(each))
    stack.log_pages.add("/jobs/tasks", f"runs/main/{TASK_ID}", "a", "b")
    session = requests.Session()
    session.mount("https://", Gateway(stack))
    started = session.post(f"{BASE_URL}/runs", json={"commands": ["job"]}).json()
    return Caller(session, (RUN_ID, started["runId"]))


@pytest.mark.parametrize(("route", "mode"), CASES, ids=[f"{route.operation}-{mode}" for route, mode in CASES])
def test_every_answer_is_in_the_document(caller: Caller, route: Any, mode: GenerationMode) -> None:
    operation = SCHEMA[route.path][route.method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        phases=[Phase.generate],  # an example is small as it is, and making it smaller takes minutes
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(case=operation.as_strategy(generation_mode=mode), run_id=st.sampled_from([*caller.runs, None]))
    def holds(case: Any, run_id: str | None) -> None:
        if run_id and "runId" in case.path_parameters:
            case.path_parameters["runId"] = run_id
        case.call_and_validate(base_url=BASE_URL, session=caller.session, checks=CHECKS)

    holds()
