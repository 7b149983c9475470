"""The rule of TaskStateChangeFunction against the event samples, by two matchers that are not ours."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ministack.services import eventbridge
from moto.events.models import EventPattern

from tests.template.loading import EVENTS, ROOT, Object, event_sample

SAMPLES = sorted((EVENTS / "task-state-change").glob("*.json"))
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/fargate-runs"


def moto_matches(pattern: Object, event: Object) -> bool:
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


def emulator_matches(pattern: Object, event: Object) -> bool:
    request = {"EventPattern": json.dumps(pattern), "Event": json.dumps(event)}
    status, _headers, body = eventbridge._test_event_pattern(request)
    assert status == 200, body
    return bool(json.loads(body)["Result"])


@pytest.fixture
def pattern(template: Object) -> Object:
    rule = template["Resources"]["TaskStateChangeFunction"]["Properties"]["Events"]["TaskStateChange"]["Properties"]
    cluster = rule["Pattern"]["detail"]["clusterArn"]
    assert cluster == [{"Fn::GetAtt": ["Cluster", "Arn"]}]
    return {**rule["Pattern"], "detail": {**rule["Pattern"]["detail"], "clusterArn": [CLUSTER]}}


@pytest.mark.parametrize("matches", [moto_matches, emulator_matches])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_matches_exactly_the_samples_that_are_ours(
    sample: Path, matches: Callable[[Object, Object], bool], pattern: Object
) -> None:
    assert matches(pattern, event_sample(sample)) is not sample.stem.endswith(".not-ours")


def test_samples_of_both_kinds_are_there() -> None:
    refused = [path for path in SAMPLES if path.stem.endswith(".not-ours")]
    assert len(refused) >= 5
    assert len(SAMPLES) - len(refused) >= 6


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_is_described_in_the_index(sample: Path) -> None:
    expected = "no" if sample.stem.endswith(".not-ours") else "yes"
    lines = (EVENTS / "README.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith(f"| `{sample.name}` |")]
    assert len(rows) == 1
    assert rows[0].split("|")[3].strip().split(":")[0] == expected


def test_dead_letters_of_the_rule_and_of_the_function_go_to_the_queue(template: Object) -> None:
    function = template["Resources"]["TaskStateChangeFunction"]["Properties"]
    queue = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert function["Events"]["TaskStateChange"]["Properties"]["DeadLetterConfig"] == {"Arn": queue}
    assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": queue}
    policy = template["Resources"]["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    # The name that SAM gives to the rule: function and event together.
    assert policy["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0] == (
        "TaskStateChangeFunction" + "TaskStateChange"
    )


def test_each_sample_has_its_command_in_the_development_page() -> None:
    page = (ROOT / "docs" / "development.md").read_text()
    commands = re.findall(r"^sam local invoke (\w+) --event (\S+) --env-vars \.local/env\.json$", page, re.MULTILINE)
    functions = {
        "task-state-change": "TaskStateChangeFunction",
        "judge-task": "JudgeTaskFunction",
        "api": "ApiFunction",
    }
    samples = [path.relative_to(ROOT) for folder in functions for path in (EVENTS / folder).glob("*.json")]
    assert sorted(commands) == sorted((functions[path.parent.name], path.as_posix()) for path in samples)
