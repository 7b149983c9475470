"""The rules of the event functions against the event samples, by two matchers that are not ours."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ministack.services import eventbridge
from moto.events.models import EventPattern

from tests.template.loading import EVENTS, ROOT, Node, Object, event_sample, resources_of_type

CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/fargate-runs"
MACHINES = {
    f"{name}StateMachine": f"arn:aws:states:us-east-1:123456789012:stateMachine:fargate-runs-{machine}"
    for name, machine in (
        ("RunTask", "run-task"),
        ("RunTaskSync", "run-task-sync"),
        ("RunTaskCallback", "run-task-callback"),
    )
}
RULES = {"task-state-change": "TaskStateChange", "execution-state-change": "ExecutionStateChange"}
SAMPLES = sorted(path for folder in RULES for path in (EVENTS / folder).glob("*.json"))


def moto_matches(pattern: Object, event: Object) -> bool:
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


def emulator_matches(pattern: Object, event: Object) -> bool:
    request = {"EventPattern": json.dumps(pattern), "Event": json.dumps(event)}
    status, _headers, body = eventbridge._test_event_pattern(request)
    assert status == 200, body
    return bool(json.loads(body)["Result"])


def resolved(node: Node) -> Node:
    """With the names that the samples have in place of the template's references."""
    if node == {"Fn::GetAtt": ["Cluster", "Arn"]}:
        return CLUSTER
    if isinstance(node, dict) and node.keys() == {"Ref"}:
        return MACHINES[node["Ref"]]
    if isinstance(node, dict):
        return {key: resolved(value) for key, value in node.items()}
    return [resolved(each) for each in node] if isinstance(node, list) else node


def pattern_of(template: Object, sample: Path) -> Object:
    name = RULES[sample.parent.name]
    rule = template["Resources"][f"{name}Function"]["Properties"]["Events"][name]["Properties"]
    pattern: Object = resolved(rule["Pattern"])
    return pattern


MATCHERS = [moto_matches, emulator_matches]


@pytest.mark.parametrize("matches", MATCHERS)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_matches_exactly_the_samples_that_are_ours(
    sample: Path, matches: Callable[[Object, Object], bool], template: Object
) -> None:
    assert matches(pattern_of(template, sample), event_sample(sample)) is not sample.stem.endswith(".not-ours")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_archive_keeps_exactly_what_the_rules_let_through(sample: Path, template: Object) -> None:
    pattern = resolved(template["Resources"]["EventArchive"]["Properties"]["EventPattern"])
    assert emulator_matches(pattern, event_sample(sample)) is not sample.stem.endswith(".not-ours")
    assert {json.dumps(each, sort_keys=True) for each in pattern["$or"]} == {
        json.dumps(pattern_of(template, EVENTS / folder / "any.json"), sort_keys=True) for folder in RULES
    }


def test_samples_of_both_kinds_are_there() -> None:
    refused = [path for path in SAMPLES if path.stem.endswith(".not-ours")]
    assert len(refused) >= 7
    assert len(SAMPLES) - len(refused) >= 12


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_sample_is_described_in_the_index(sample: Path) -> None:
    expected = "no" if sample.stem.endswith(".not-ours") else "yes"
    section = (EVENTS / "README.md").read_text().split(f"## `{sample.parent.name}/`")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith(f"| `{sample.name}` |")]
    assert len(rows) == 1
    assert rows[0].split("|")[3].strip().split(":")[0] == expected


@pytest.mark.parametrize("name", RULES.values())
def test_dead_letters_of_the_rules_and_of_their_functions_go_to_the_queue(name: str, template: Object) -> None:
    function = template["Resources"][f"{name}Function"]["Properties"]
    queue = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert function["Events"][name]["Properties"]["DeadLetterConfig"] == {"Arn": queue}
    assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": queue}
    policy = template["Resources"]["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    # The name that SAM gives to a rule: function and event together.
    rule = {"Fn::GetAtt": [f"{name}Function{name}", "Arn"]}
    assert rule in policy["Condition"]["ArnEquals"]["aws:SourceArn"]


def test_every_queue_has_an_alarm_and_every_alarm_somebody_to_tell(template: Object) -> None:
    alarms = resources_of_type(template, "AWS::CloudWatch::Alarm").values()
    watched = {
        each["Properties"]["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for each in alarms
        if each["Properties"]["Namespace"] == "AWS/SQS"
    }
    assert watched == resources_of_type(template, "AWS::SQS::Queue").keys()
    assert all(each["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}] for each in alarms)


def test_each_sample_has_its_command_in_the_development_page() -> None:
    page = (ROOT / "docs" / "development.md").read_text()
    commands = re.findall(r"^sam local invoke (\w+) --event (\S+) --env-vars \.local/env\.json$", page, re.MULTILINE)
    functions = {
        "task-state-change": "TaskStateChangeFunction",
        "execution-state-change": "ExecutionStateChangeFunction",
        "sweep": "SweepFunction",
        "judge-task": "JudgeTaskFunction",
        "prepare-run": "PrepareRunFunction",
        "start-scheduled-run": "StartScheduledRunFunction",
        "wait-for-slot": "WaitForSlotFunction",
        "api": "ApiFunction",
        "jobs": "JobsFunction",
    }
    samples = [path.relative_to(ROOT) for folder in functions for path in (EVENTS / folder).glob("*.json")]
    assert sorted(commands) == sorted((functions[path.parent.name], path.as_posix()) for path in samples)
