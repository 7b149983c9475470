"""What MiniStack lacks of EventBridge's archives and replays: the resource type of CloudFormation, and `FilterArns`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from ministack.core.responses import error_response_json
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from local.ecs.model import Json

TYPE: Final = "AWS::Events::Archive"
REPLACING: Final = frozenset({"ArchiveName", "SourceArn"})  # CloudFormation's resource reference
LONGEST_NAME: Final = 48
UPDATED: Final = ("Description", "RetentionDays", "KmsKeyIdentifier")
BAD_TIMES: Final = "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
Response = tuple[int, dict[str, str], bytes]


def install_archives() -> None:
    """Let templates have archives, and replays be for some rules only. Called once."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete}
    provisioners._REPLACING_PROPERTIES[TYPE] = REPLACING
    eventbridge._start_replay = _checked(eventbridge._start_replay)
    eventbridge._dispatch_event = _to_filtered_rules(eventbridge._dispatch_event)


def _create(logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
    name = str(
        properties.get("ArchiveName") or provisioners._physical_name(stack_name, logical_id, max_len=LONGEST_NAME)
    )
    _carried_out(
        eventbridge._create_archive(
            {"ArchiveName": name, "EventSourceArn": properties["SourceArn"], **_api(properties)}
        )
    )
    return name, _attributes(name)


def _update(name: str, _: Json, properties: Json, __: str) -> tuple[str, Json]:
    _carried_out(eventbridge._update_archive({"ArchiveName": name, **_api(properties)}))
    return name, _attributes(name)


def _delete(name: str, _: Json) -> None:
    eventbridge._archives.pop(name, None)


def _api(properties: Json) -> Json:
    """Returns the API's parameters for a template's properties. Properties that the template leaves out are emptied."""
    pattern = properties.get("EventPattern") or ""
    return {
        "EventPattern": pattern if isinstance(pattern, str) else json.dumps(pattern),
        "Description": properties.get("Description", ""),
        "RetentionDays": int(str(properties.get("RetentionDays", 0))),
        "KmsKeyIdentifier": properties.get("KmsKeyIdentifier", ""),
    }


def _attributes(name: str) -> Json:
    return {"Arn": eventbridge._archives[name]["ArchiveArn"], "ArchiveName": name}


def _carried_out(answer: Response) -> None:
    status, _, body = answer
    if status != 200:  # noqa: PLR2004
        raise ValueError(f"{TYPE}: {json.loads(body).get('message', '')}")


def _checked(start_replay: Callable[[Json], Response]) -> Callable[[Json], Response]:
    """Refuse a time that ends before it begins, and rules that are not there."""

    def start(parameters: Json) -> Response:
        times = [eventbridge._coerce_timestamp(parameters.get(name, 0)) for name in ("EventStartTime", "EventEndTime")]
        known = {rule["Arn"] for rule in eventbridge._rules.values()}
        unknown = [arn for arn in _filter_of(parameters) if arn not in known]
        if times[0] >= times[1] or unknown:
            problem = f"Rule {unknown[0]} does not exist." if unknown else BAD_TIMES
            refusal: Response = error_response_json("ValidationException", problem, 400)
            return refusal
        return start_replay(parameters)

    return start


def _to_filtered_rules(dispatch: Callable[..., None]) -> Callable[..., None]:
    """A replay that names rules leaves all others alone."""

    def dispatch_event(event: Json, view: Any = None) -> None:
        replay: Json = eventbridge._replays.get(event.get("ReplayName")) or {}
        wanted = _filter_of(replay)
        if not wanted or not str(_destination(replay).get("Arn", "")).endswith(f"/{event['EventBusName']}"):
            dispatch(event, view)
            return
        seen = view or eventbridge._pattern_event_view(event)
        for key, rule in list(eventbridge._rules.items()):
            if rule["Arn"] in wanted and _matches(rule, seen):
                for target in list(eventbridge._targets.get(key, [])):
                    eventbridge._invoke_target(target, event, rule, seen)

    return dispatch_event


def _matches(rule: Json, view: Any) -> bool:
    pattern = rule.get("EventPattern")
    enabled = rule.get("State") == "ENABLED" and bool(pattern)
    return enabled and bool(eventbridge._matches_pattern_view(pattern, view, f"rule {rule['Name']}"))


def _filter_of(replay: Json) -> list[str]:
    found = _destination(replay).get("FilterArns")
    return found if isinstance(found, list) else []


def _destination(replay: Json) -> Json:
    found = replay.get("Destination")
    return found if isinstance(found, dict) else {}
