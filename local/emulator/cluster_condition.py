"""The condition key `ecs:cluster`, which policies of roles name (service authorization reference of Amazon ECS).

MiniStack does not know it, and a condition on a key that is not known allows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region


def install_cluster_condition() -> None:
    """Give every ECS call that names a cluster this key, as the cluster's ARN."""
    tag_context: Callable[..., dict[str, Any]] = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        keys = tag_context(service, action, body, parameters)
        return keys if service != "ecs" else {**keys, "ecs:cluster": cluster_arn(body)}

    iam_actions.request_tag_context = context


def cluster_arn(body: bytes) -> str:
    """Returns the ARN of the cluster that a request names, by name or ARN; that of `default` if it names none."""
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        read = {}
    name = str(read.get("cluster") or "default") if isinstance(read, dict) else "default"
    return name if name.startswith("arn:") else f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{name}"
