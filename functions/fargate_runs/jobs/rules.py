"""What a stack allows in the definitions of its jobs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.jobs.values import Place
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.request import RunRequest

_PARTS_OF_A_SECRET = 7  # arn:partition:service:region:account:secret:name; behind it are a key and a version


@dataclass(frozen=True, slots=True)
class JobRules:
    """What is allowed. None allows everything, for who does not know the stack: a file can be checked without one.

    `secrets` are ARNs, and beginnings of ARNs that end in `*`. `own_size` are CPU units and MiB of the stack's own task
    definition, which a job with an image has unless it says otherwise.
    """

    task_definitions: AllowedDefinitions | None = None
    roles: tuple[str, ...] | None = None
    secrets: tuple[str, ...] | None = None
    own_size: tuple[int, int] | None = None
    token_variables: tuple[str, ...] = ()

    def check(self, place: Place, found: Mapping[str, Any]) -> None:
        """Notes what the stack does not allow of a definition. `found` has the values that are well formed."""
        self._check_task_definition(place, found.get("taskDefinition"))
        self._check_role(place, found.get("taskRole"))
        for name, arn in found.get("secrets", {}).items():
            if arn is not None and not self._has_secret(arn):
                place.at("secrets").at(name).refuse(
                    f"is not allowed: {arn}; add it to the stack's parameter AllowedSecrets"
                )

    def _check_task_definition(self, place: Place, asked: str | None) -> None:
        if self.task_definitions is None or asked is None:
            return
        try:
            self.task_definitions.check(RunRequest(task_definition=asked))
        except InvalidRunRequestError as error:
            _, _, detail = error.problems[0].partition(": ")
            place.at("taskDefinition").refuse(detail)

    def _check_role(self, place: Place, asked: str | None) -> None:
        if self.roles is not None and asked is not None and asked not in self.roles:
            allowed = ", ".join(self.roles)
            place.at("taskRole").refuse(
                f"is not allowed; allowed are {allowed}. Add it to the stack's parameter AllowedTaskRoles"
            )

    def _has_secret(self, arn: str) -> bool:
        """Returns whether the execution role may read it. A key and a version behind the name do not count."""
        if self.secrets is None:
            return True
        plain = ":".join(arn.split(":")[:_PARTS_OF_A_SECRET])
        return any(plain.startswith(each[:-1]) if each.endswith("*") else plain == each for each in self.secrets)
