"""Policies of roles, evaluated by MiniStack."""

from __future__ import annotations

from collections.abc import Mapping

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region

from local.stepfunctions.ports import Permissions


class EmulatorPermissions(Permissions):
    """See `Permissions`."""

    def allows(self, role_arn: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """See `Permissions.allows`. A role that does not exist allows nothing."""
        name, account = role_arn.rsplit("/", 1)[-1], get_account_id()
        request = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/states",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=get_region(),
            service_context={key.lower(): value for key, value in context.items()},
        )
        result = iam_evaluator.evaluate(request, iam_evaluator._gather_role_policies(name, account))
        return bool(result.decision == "Allow")
