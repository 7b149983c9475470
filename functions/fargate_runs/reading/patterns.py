"""The three integration patterns, and the ARNs of the machines and executions behind them."""

from dataclasses import dataclass
from enum import StrEnum


class Pattern(StrEnum):
    """AWS's own words for how Step Functions calls ECS."""

    REQUEST_RESPONSE = "request-response"
    SYNC = "sync"
    CALLBACK = "callback"


_STARTED_BY_SYNC = "AWS Step Functions"  # fact B8


@dataclass(frozen=True, slots=True)
class StateMachines:
    """The ARN of this application's machine for each pattern."""

    request_response: str
    sync: str
    callback: str

    def arn_of(self, pattern: Pattern) -> str:
        """Returns the machine that runs this pattern."""
        return {
            Pattern.REQUEST_RESPONSE: self.request_response,
            Pattern.SYNC: self.sync,
            Pattern.CALLBACK: self.callback,
        }[pattern]

    @property
    def arns(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(map(self.arn_of, Pattern))

    def pattern_of_execution(self, execution_arn: str | None) -> Pattern | None:
        """Returns the pattern of an execution of one of these machines; None for any other execution."""
        machine = state_machine_of(execution_arn)
        return next((pattern for pattern in Pattern if machine == self.arn_of(pattern)), None)

    def are_beside(self, execution_arn: str) -> bool:
        """Returns whether an execution is a standard one in the same account and Region. No other can be asked for."""
        return execution_arn.split(":")[:6] == [*self.callback.split(":")[:5], "execution"]

    def pattern_of(self, execution_arn: str | None, *, has_token: bool, started_by: str | None) -> Pattern | None:
        """Returns the pattern of a task, by its machine, else by the task's own fields; None if nothing shows it."""
        ours = self.pattern_of_execution(execution_arn)
        if ours:
            return ours
        if has_token:
            return Pattern.CALLBACK
        return Pattern.SYNC if started_by == _STARTED_BY_SYNC else None


@dataclass(frozen=True, slots=True)
class FollowedMachines:
    """State machines of others whose executions are asked for: ARNs, and prefixes of ARNs that end in `*`."""

    machines: tuple[str, ...] = ()

    def has(self, execution_arn: str) -> bool:
        """Returns whether it is an execution of one of them. Executions of a Distributed Map's children count."""
        machine = state_machine_of(execution_arn)
        return machine is not None and any(_fits(machine, each) for each in self.machines)


@dataclass(frozen=True, slots=True)
class SweptMachines:
    """The state machines whose executions the sweep asks for: this application's, and some of others."""

    ours: StateMachines
    followed: FollowedMachines

    def are_ours(self, execution_arn: str) -> bool:
        """Returns whether it is an execution of this application's machines."""
        return self.ours.pattern_of_execution(execution_arn) is not None

    def are_followed(self, execution_arn: str) -> bool:
        """Returns whether it is an execution of another machine that the sweep asks for."""
        is_shown = not self.are_ours(execution_arn) and self.ours.are_beside(execution_arn)
        return is_shown and self.followed.has(execution_arn)


def _fits(machine: str, followed: str) -> bool:
    return machine.startswith(followed[:-1]) if followed.endswith("*") else machine == followed


def execution_arn(state_machine_arn: str, name: str) -> str:
    """Returns the ARN of an execution with this name. It is known before the execution is started."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def state_machine_of(execution_arn: str | None) -> str | None:
    """Returns the machine of an execution, also of a Distributed Map's child. None if this is no execution's ARN."""
    parts = (execution_arn or "").split(":")
    if len(parts) < 8 or parts[5] != "execution":  # noqa: PLR2004 - arn:partition:states:region:account:execution:machine:name
        return None
    return ":".join([*parts[:5], "stateMachine", parts[6].partition("/")[0]])
