"""What EventBridge Scheduler refuses in a schedule, and MiniStack takes.

Sources: "Schedule types" of the Scheduler user guide: time zones of the IANA database; `Target.Input` of its API
reference: for Lambda, Step Functions and EventBridge it must be well-formed JSON.
"""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import iam_actions
from ministack.services import scheduler
from ministack.services.cloudformation import provisioners

TYPE: Final = "AWS::Scheduler::Schedule"
_IN_DEFAULT: Final = ":schedule/default/"
OF_JSON: Final = (":lambda:", ":states:", ":events:")


def install_schedules() -> None:
    """Refuse them by the API and, as the reason of a failed resource, in stacks."""
    for name in ("_create_schedule", "_update_schedule"):
        setattr(scheduler, name, _checked(getattr(scheduler, name)))
    handlers = provisioners._RESOURCE_HANDLERS[TYPE]
    create, update = handlers["create"], handlers["update"]

    def checked_create(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        _raise_problem(properties)
        return create(logical_id, properties, *rest)

    def checked_update(
        physical_id: str, old: dict[str, Any], properties: dict[str, Any], *rest: Any, **more: Any
    ) -> Any:
        _raise_problem(properties)
        return update(physical_id, old, properties, *rest, **more)

    handlers["create"], handlers["update"] = checked_create, checked_update
    _authorize_in_groups()


def _authorize_in_groups() -> None:
    """A schedule's ARN is `schedule/<group>/<name>` (service authorization reference of EventBridge Scheduler)."""
    resource_arn: Callable[..., str] = iam_actions.extract_resource_arn

    def extract(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: Mapping[str, Any],
        *rest: Any,
    ) -> str:
        arn = resource_arn(service, method, path, headers, body, query, *rest)
        before, default, name = arn.partition(_IN_DEFAULT)
        if service != "scheduler" or not default:
            return arn
        return f"{before}:schedule/{_group_of(body, query)}/{name}"

    iam_actions.extract_resource_arn = extract


def _group_of(body: bytes, query: Mapping[str, Any]) -> str:
    """Returns the group that a call names: in its body, or in its query."""
    given = query.get("groupName")
    named = given[0] if isinstance(given, list) and given else given
    return str(iam_actions._safe_json_field(body, "GroupName") or named or "default")


def _checked(operation: Callable[[str, dict[str, Any]], Any]) -> Callable[[str, dict[str, Any]], Any]:
    def answer(name: str, body: dict[str, Any]) -> Any:
        problem = problem_of(body)
        return scheduler._error(400, "ValidationException", problem) if problem else operation(name, body)

    return answer


def _raise_problem(properties: Mapping[str, Any]) -> None:
    if problem := problem_of(properties):
        raise ValueError(problem)


def problem_of(schedule: Mapping[str, Any]) -> str | None:
    """Returns why the service would refuse a schedule; None if it would accept it."""
    zone, target = schedule.get("ScheduleExpressionTimezone") or "UTC", schedule.get("Target") or {}
    if zone not in zoneinfo.available_timezones():
        return f"Invalid Schedule Expression Timezone {zone}."
    given = target.get("Input")
    if given and any(service in str(target.get("Arn")) for service in OF_JSON) and not _is_json(given):
        return "Invalid Input: the target takes well-formed JSON."
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
