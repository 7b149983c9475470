"""What the rules of an outcome look at: a task's own words and codes, without the containers that do not count."""

import re
from dataclasses import dataclass
from typing import Final

from fargate_runs.kinds import ErrorName
from fargate_runs.start_failures import start_error
from fargate_runs.task import Container, EcsTask, is_injected

SIGKILL: Final = 137
SIGTERM: Final = 143
TOLD_TO_STOP: Final = frozenset({SIGKILL, SIGTERM})

_OUT_OF_MEMORY: Final = re.compile(r"^\s*out ?of ?memory|due to memory usage|\bOOM ?Killed\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stopped task, as the rules see it. `main` is None where no container is known to be the main one."""

    stop_code: str | None
    reason: str
    containers: tuple[Container, ...]
    main: Container | None

    @classmethod
    def of(cls, task: EcsTask, main_container: str | None) -> "Evidence":
        """`main_container` names the main container where the task's own overrides do not."""
        counted = tuple(each for each in task.containers if not is_injected(each.name))
        name = task.main_container or main_container
        listed = next((each for each in counted if each.name == name), None)
        # A main container that ECS does not list never started: it counts, without an exit code.
        main = listed or (Container(name) if name and not is_injected(name) else None)
        return cls(task.stop_code, task.stopped_reason or "", counted, main)

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the task's own reason matches."""
        return pattern.search(self.reason) is not None

    def some_container_says(self, pattern: re.Pattern[str]) -> bool:
        """Whether a container's reason matches."""
        return any(pattern.search(each.reason or "") for each in self.containers)

    @property
    def others(self) -> tuple[Container, ...]:
        """The containers that count, beside the main one."""
        return tuple(each for each in self.containers if self.main is None or each.name != self.main.name)

    @property
    def judged(self) -> Container | None:
        """The container whose exit code is the verdict: the main one; else one that ended well if all did; else the
        one that failed.
        """
        well = next((each for each in self.containers if each.exit_code == 0), None)
        return self.main or (well if self.succeeded_together else self.culprit) or well

    @property
    def culprit(self) -> Container | None:
        """Where no container is the main one: the one that failed by itself, or else one that was told to stop."""
        failed = [each for each in self.others if each.exit_code not in {None, 0}]
        by_itself = (each for each in failed if each.exit_code not in TOLD_TO_STOP)
        return next(by_itself, failed[0] if failed else None)

    @property
    def out_of_memory(self) -> Container | None:
        """The container that ran out of memory and took the task with it; a main one that ended by itself is clear."""
        starved = [each for each in self.containers if _OUT_OF_MEMORY.search(each.reason or "")]
        if not starved and self.says(_OUT_OF_MEMORY):
            # The task's own text names no container: the one that it can mean was killed.
            suspects = self.containers if self.main is None else (self.main,)
            starved = [each for each in suspects if each.exit_code in {None, SIGKILL}]
        if self.main is None:
            return starved[0] if starved else None
        if self.main.exit_code == 0:
            return None
        if self.main in starved:
            return self.main
        return starved[0] if starved and self.main.exit_code in {None, *TOLD_TO_STOP} else None

    @property
    def failed_sidecar(self) -> Container | None:
        """Another container that failed by itself, after which the main one was told to stop."""
        if self.main is None or self.main.exit_code not in TOLD_TO_STOP:
            return None
        return next((each for each in self.others if each.exit_code not in {None, 0, *TOLD_TO_STOP}), None)

    @property
    def succeeded_together(self) -> bool:
        """For a task without a main container: one exited 0, and every other one 0 or as it was told to (137, 143)."""
        codes = [each.exit_code for each in self.containers]
        return 0 in codes and all(code in {0, *TOLD_TO_STOP} for code in codes)

    @property
    def never_ran(self) -> bool:
        """Nothing that counts has an exit code: what the texts say about the start can be the reason."""
        if self.main is not None:
            return self.main.exit_code is None
        return all(each.exit_code is None for each in self.containers)

    @property
    def start_error(self) -> ErrorName | None:
        """What the texts say about a failed start: the task's, else the main container's, else another's."""
        first = [self.main.reason] if self.main else []
        texts = [self.reason, *first, *(each.reason for each in self.others)]
        return next((error for error in map(start_error, texts) if error), None)

    @property
    def start_reason(self) -> str:
        """The text that says most about the start: the container's, where the task's own says nothing."""
        texts = (self.reason, *(each.reason or "" for each in self.containers))
        return next((text for text in texts if start_error(text)), self.reason)
