"""No name becomes a path: what ECS would not take is refused by ECS's own errors, by every way in."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws
from tests.contract.running import python, run
from tests.runtimes import client_settings
from tests.waiting import eventually

#: Removes what is in it, if it becomes a container's directory.
LEAD_OUT = ["../../../../{victim}", "{victim}", "..", "x/../../../{victim}"]


@pytest.mark.parametrize("name", LEAD_OUT)
def test_a_name_that_leads_out_is_refused_and_nothing_is_removed(aws: Aws, tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").write_text("keep")
    text = name.format(victim=tmp_path)
    container = {"name": text, "image": "any", "command": python("pass")}
    for family, named in ((f"f-{uuid.uuid4().hex[:8]}", container), (text, {**container, "name": "main"})):
        with pytest.raises(ClientError) as refused:
            aws.ecs.register_task_definition(family=family, containerDefinitions=[named])  # type: ignore[list-item]
        assert refused.value.response["Error"]["Code"] == "ClientException"
        assert "contains invalid characters." in refused.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as refused:
        aws.ecs.create_cluster(clusterName=text)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"

    assert (tmp_path / "precious").read_text() == "keep"


def test_two_containers_of_one_name_are_refused(aws: Aws) -> None:
    named = ["main", "log", "main"]
    containers = [{"name": name, "image": "any", "command": python("pass")} for name in named]
    with pytest.raises(ClientError) as refused:
        aws.ecs.register_task_definition(family=f"f-{uuid.uuid4().hex[:8]}", containerDefinitions=containers)  # type: ignore[arg-type]
    assert refused.value.response["Error"] == {
        "Code": "ClientException",
        "Message": "Container names must be unique within a Task Definition.",
    }


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("TaskDefinition", {"ContainerDefinitions": [{"Name": "x", "Image": "any"}, {"Name": "x", "Image": "any"}]}),
        ("TaskDefinition", {"ContainerDefinitions": [{"Name": "../../x", "Image": "any"}]}),
        ("TaskDefinition", {"Family": "../x", "ContainerDefinitions": [{"Name": "x", "Image": "any"}]}),
        ("Cluster", {"ClusterName": "../x"}),
    ],
)
def test_a_template_cannot_name_what_the_api_refuses(aws: Aws, kind: str, properties: dict[str, object]) -> None:
    stacks = boto3.client("cloudformation", **client_settings(aws.endpoint))
    name = f"names-{uuid.uuid4().hex[:8]}"
    template = {"Resources": {"It": {"Type": f"AWS::ECS::{kind}", "Properties": properties}}}
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))

    def ended() -> str | None:
        status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    assert eventually(ended, "the end of the stack") in {"ROLLBACK_COMPLETE", "CREATE_FAILED"}


def test_a_container_has_an_empty_directory_that_goes_with_it(aws: Aws, tmp_path: Path) -> None:
    said = tmp_path / "said"
    program = f"import os, pathlib; pathlib.Path({str(said)!r}).write_text(os.getcwd() + ' ' + str(len(os.listdir())))"
    task = run(aws, aws.task_definition({"command": python(program)}))
    aws.until_status(task, "STOPPED")

    place, count = said.read_text().split()
    assert count == "0"
    assert "main" not in place
    assert not Path(place).exists()
