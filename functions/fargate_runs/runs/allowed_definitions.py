"""The task definitions that a run may use: the stack's own, and the others that the stack allows. Pure."""

from dataclasses import dataclass

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.runs.fargate_sizes import missing_half
from fargate_runs.runs.request import RunRequest

_EVERY_REVISION = ":*"


@dataclass(frozen=True, slots=True)
class AllowedDefinitions:
    """ARNs of task definitions. One that ends in `:*` allows every revision of its family."""

    own: str
    others: tuple[str, ...] = ()
    own_size: tuple[str, str] | None = None
    """CPU units and MiB of memory of the stack's own, as ECS writes them."""

    def check(self, request: RunRequest) -> None:
        """Raises InvalidRunRequestError if a task definition is not allowed, or if a cpu or memory alone misfits it."""
        asked = request.task_definition
        if asked is not None and self._allowing(asked) is None:
            raise InvalidRunRequestError((f"taskDefinition: {_name(asked)} is not allowed here; allowed are {self}",))
        if problem := self._missing_half(request):
            raise InvalidRunRequestError((problem,))

    def check_size(self, request: RunRequest, size: tuple[str, str] | None) -> None:
        """Raises InvalidRunRequestError if a cpu or memory alone misfits a task definition of this size.

        None is the size of the stack's own.
        """
        of_it = size or self.own_size
        if of_it and (problem := missing_half((request.cpu, request.memory), of_it)):
            raise InvalidRunRequestError((problem,))

    def resolve(self, asked: str | None) -> str:
        """Returns the task definition for RunTask: the ARN of the allowed revision, else the one that was asked for.

        Raises LookupError for one that is not allowed.
        """
        if asked is None:
            return self.own
        allowed = self._allowing(asked)
        if allowed is None:
            raise LookupError(_name(asked))
        return asked if allowed.endswith(_EVERY_REVISION) else allowed

    def _allowing(self, asked: str) -> str | None:
        return next((allowed for allowed in (self.own, *self.others) if _fits(asked, allowed)), None)

    def _missing_half(self, request: RunRequest) -> str | None:
        """Returns the problem of a cpu or a memory alone. Only the size of the stack's own task definition is known."""
        asked = request.task_definition
        if self.own_size is None or (asked is not None and not _fits(asked, self.own)):
            return None
        return missing_half((request.cpu, request.memory), self.own_size)

    def __str__(self) -> str:
        return ", ".join(_name(each) for each in (self.own, *self.others))


def _fits(asked: str, allowed: str) -> bool:
    """Returns whether an allowed one is asked for: by ARN, family:revision or family."""
    name = _name(allowed)
    if asked in {allowed, name, name.partition(":")[0]}:
        return True
    return allowed.endswith(_EVERY_REVISION) and asked.startswith((allowed[:-1], name[:-1]))


def _name(task_definition: str) -> str:
    return task_definition.rpartition("/")[2]
