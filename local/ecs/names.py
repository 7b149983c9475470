"""The patterns of ECS's names, checked before anything is stored or becomes part of a path.

API reference: RegisterTaskDefinition (`family`), ContainerDefinition (`name`), CreateCluster (`clusterName`), Tag. The
texts of families and containers are AWS's own (reports: amazon-ecs-cli#37, terraform-provider-aws#5950, genova#291).
The other texts are assumed.
"""

from __future__ import annotations

import re
from typing import Final

from local.ecs.errors import ClientError, EcsApiError, InvalidParameterError
from local.ecs.model import Json

LONGEST_NAME: Final = 255
LONGEST_TAG_KEY: Final = 128
LONGEST_TAG_VALUE: Final = 256
MOST_TAGS: Final = 50
LONGEST_STREAM_PREFIX: Final = 400  # a stream's name has 512 at most, and the container and the task's id in it
STREAM_PREFIX: Final = "awslogs-stream-prefix"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_TAG: Final = re.compile(r"[\w\s.:/=+\-@]*")
_STREAM: Final = re.compile(r"[^:*\x00-\x1f\x7f]*")  # CloudWatch Logs, CreateLogStream


def check_task_definition(parameters: Json) -> None:
    """Raises ClientError (InvalidParameterError for tags) if RegisterTaskDefinition would not take these parameters."""
    _check_name("Family", parameters.get("family"), ClientError)
    definitions = parameters.get("containerDefinitions")
    names: set[object] = set()
    for definition in definitions if isinstance(definitions, list) else []:
        if not isinstance(definition, dict):
            raise ClientError("Container definitions must be objects.")
        _check_name("Container.name", definition.get("name"), ClientError)
        if definition["name"] in names:
            raise ClientError("Container names must be unique within a Task Definition.")
        names.add(definition["name"])
        _check_stream_prefix(definition)
    check_tags(parameters)


def check_cluster(parameters: Json) -> None:
    """CreateCluster's parameters."""
    _check_name("clusterName", parameters.get("clusterName", "default"), InvalidParameterError)
    check_tags(parameters)


def check_tags(parameters: Json) -> None:
    """The tags of any call."""
    tags = parameters.get("tags") or []
    if not isinstance(tags, list) or len(tags) > MOST_TAGS:
        raise InvalidParameterError(f"Tags must be a list of at most {MOST_TAGS}.")
    for tag in tags:
        key, value = (tag.get("key"), tag.get("value", "")) if isinstance(tag, dict) else (None, None)
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_TAG_KEY or not _TAG.fullmatch(key):
            raise InvalidParameterError("A tag's key has a length or characters that are not allowed.")
        if key.lower().startswith("aws:"):
            raise InvalidParameterError("A tag's key must not begin with aws:.")
        if not isinstance(value, str) or len(value) > LONGEST_TAG_VALUE or not _TAG.fullmatch(value):
            raise InvalidParameterError("A tag's value has a length or characters that are not allowed.")


def _check_name(what: str, name: object, error: type[EcsApiError]) -> None:
    if name is None or name == "":
        raise error(f"{what} should not be null or empty.")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise error(f"{what} contains invalid characters.")
    if len(name) > LONGEST_NAME:
        raise error(f"{what} must be at most {LONGEST_NAME} characters.")


def _check_stream_prefix(definition: Json) -> None:
    configuration = definition.get("logConfiguration")
    options = configuration.get("options") if isinstance(configuration, dict) else None
    prefix = options.get(STREAM_PREFIX, "") if isinstance(options, dict) else ""
    if not isinstance(prefix, str) or len(prefix) > LONGEST_STREAM_PREFIX or not _STREAM.fullmatch(prefix):
        raise ClientError(f"Log driver awslogs option {STREAM_PREFIX} contains invalid characters.")
