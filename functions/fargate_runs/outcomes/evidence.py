"""The evidence for the rules of an outcome: a task's reasons and exit codes, without containers that do not count."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.start_failures import Says, lasts, says_of_start, start_error
from fargate_runs.outcomes.starts import FAILED_TO_START, Start, shows_its_run, start_of
from fargate_runs.reading.task import Container, EcsTask, is_injected

SIGKILL: Final = 137
SIGTERM: Final = 143
# Windows' STATUS_CONTROL_C_EXIT, as it is and as a signed number (fact B46).
CONTROL_C_EXITS: Final = frozenset({3_221_225_786, -1_073_741_510})
ASKED_TO_STOP: Final = frozenset({SIGTERM}) | CONTROL_C_EXITS
TOLD_TO_STOP: Final = frozenset({SIGKILL}) | ASKED_TO_STOP

_ESSENTIAL_EXITED: Final = "EssentialContainerExited"
_OUT_OF_MEMORY: Final = re.compile(r"^\s*out ?of ?memory|due to memory usage|\bOOM ?Killed\b", re.IGNORECASE)
_EXITED: Final = re.compile(r"^\s*Essential container in task exited", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stopped task, as the rules see it. `main` is None if no container is known to be the main one.

    `containers` are those that count, in the order of their names: ECS lists them in no fixed order.
    """

    stop_code: str | None
    reason: str
    has_started: bool
    containers: tuple[Container, ...]
    main: Container | None
    starts: Mapping[str, Start]

    @classmethod
    def of(cls, task: EcsTask, main_container: str | None) -> "Evidence":
        """Returns the evidence of a task. `main_container` names its main container if its own overrides do not."""
        counted = sorted((each for each in task.containers if not is_injected(each.name)), key=lambda each: each.name)
        return cls(
            stop_code=task.stop_code,
            reason=task.stopped_reason or "",
            has_started=task.has_started,
            containers=tuple(counted),
            main=_main(counted, task.main_container or main_container),
            starts={each.name: start_of(each, task, counted) for each in counted},
        )

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Returns whether the task's own reason matches."""
        return pattern.search(self.reason) is not None

    def some_container_says(self, pattern: re.Pattern[str]) -> bool:
        """Returns whether a container's reason matches."""
        return any(_says(each, pattern) for each in self.containers)

    def start(self, container: Container) -> Start:
        """Returns whether this container has run. UNSURE for a container that ECS does not list."""
        return self.starts.get(container.name, Start.UNSURE)

    @property
    def others(self) -> tuple[Container, ...]:
        """The containers that count, without the main one."""
        return tuple(each for each in self.containers if self.main is None or each.name != self.main.name)

    @property
    def _looked_at(self) -> Sequence[Container]:
        """The main container; all containers if none is known to be the main one."""
        return self.containers if self.main is None else (self.main,)

    @property
    def is_alone(self) -> bool:
        """True if no other container counts."""
        return not self.others

    @property
    def judged(self) -> Container | None:
        """The container whose exit code is the verdict: the main one, if it is known.

        Without a main one it is one that ended well if all did, else the one that failed.
        """
        well = next((each for each in self.containers if each.exit_code == 0), None)
        return self.main or (well if self.succeeded_together else self.culprit) or well

    @property
    def culprit(self) -> Container | None:
        """The worst of the other containers: one that failed by itself, else was killed, else was told to stop.

        It decides if no container is the main one.
        """
        return worst(each for each in self.others if each.exit_code not in {None, 0})

    @property
    def out_of_memory(self) -> Container | None:
        """The container that ran out of memory and ended the task.

        Another container than the main one counts only if the main one did not end by itself.
        """
        starved = self._starved
        if self.main is None:
            return next(iter(starved), None)
        if self.main.exit_code == 0:
            return None
        if self.main in starved:
            return self.main
        return next(iter(starved), None) if self.main.exit_code in {None, *TOLD_TO_STOP} else None

    @property
    def _starved(self) -> Sequence[Container]:
        """The containers that ran out of memory, by their own reasons.

        The task's reason names no container. It may mean one that was killed, else one whose end ECS did not see.
        """
        named = [each for each in self.containers if _says(each, _OUT_OF_MEMORY)]
        if named or not self.says(_OUT_OF_MEMORY):
            return named
        killed = [each for each in self.containers if each.exit_code == SIGKILL]
        return killed or [each for each in self._looked_at if each.exit_code is None and not self._was_left_out(each)]

    @property
    def failed_sidecar(self) -> Container | None:
        """Another container that failed by itself or did not start; the main one was told to stop after that."""
        # A main container with exit code 0 gets here only if ECS says that the task failed to start.
        if self.main is None or self.main.exit_code not in {0, *TOLD_TO_STOP}:
            return None
        by_itself = [each for each in self.others if each.exit_code not in {None, 0, *TOLD_TO_STOP}]
        return worst(by_itself) or next((each for each in self.others if self._could_not_start(each)), None)

    def _could_not_start(self, container: Container) -> bool:
        return self._was_left_out(container) and start_error(container.reason) is not None

    def _was_left_out(self, container: Container) -> bool:
        return self.start(container) is Start.NEVER

    @property
    def failed_dependency(self) -> Container | None:
        """The container whose end kept the main one from starting (`dependsOn`, fact B46).

        A container that ended well or was told to stop counts only if ECS says that an essential container exited.
        """
        if self.main is None or not self._was_left_out(self.main) or self.start_error is not None:
            return None
        innocent = {None} if self._essential_exited else {None, 0, *ASKED_TO_STOP}
        return worst(each for each in self.others if each.exit_code not in innocent)

    @property
    def succeeded_together(self) -> bool:
        """For a task without a main container: one exited with 0, and all others with 0 or as they were asked to (143).

        A killed container (137) is no success: it may have done the work, until the end of another one cut it off.
        """
        codes = [each.exit_code for each in self.containers]
        return 0 in codes and all(code in {0, *ASKED_TO_STOP} for code in codes)

    @property
    def never_ran(self) -> bool:
        """No container that counts is known to have run, so the texts about the start may give the reason."""
        return all(self.start(each) is not Start.RAN for each in self._looked_at)

    @property
    def nothing_ran(self) -> bool:
        """No container that counts can have run."""
        if not self.containers:
            return not self.has_started and says_of_start(self.reason) not in {Says.RAN, Says.MAYBE}
        return all(start is Start.NEVER for start in self.starts.values())

    @property
    def start_failed(self) -> bool:
        """ECS says that the task failed to start, and the container that counts is not known to have run."""
        some_did_not = self.never_ran if self.main else self._some_did_not_run
        return self.stop_code == FAILED_TO_START and some_did_not

    @property
    def _some_did_not_run(self) -> bool:
        """Without a main container: some container did not run, and no container that failed explains it."""
        blamed = self.culprit is not None and self.start_error is None
        return not blamed and (not self.containers or any(start is not Start.RAN for start in self.starts.values()))

    @property
    def nothing_is_listed(self) -> bool:
        """ECS lists no containers, as after some failed starts (fact B3), and nothing else shows that one has run."""
        has_run = self.has_started or self._essential_exited or says_of_start(self.reason) is Says.RAN
        return not self.containers and not has_run

    @property
    def _essential_exited(self) -> bool:
        """ECS says that an essential container exited: by the stop code, or by the text if it is missing (fact B15)."""
        return self.stop_code == _ESSENTIAL_EXITED or self.says(_EXITED)

    @property
    def ran_unseen(self) -> Container | None:
        """A container that has run and has no exit code: the main one, or any one if no main one is known."""
        return next(
            (each for each in self._looked_at if each.exit_code is None and self.start(each) is Start.RAN), None
        )

    def shows_its_run(self, unseen: Container) -> bool:
        """Returns whether this container itself shows that it ran, not only its task's `startedAt`."""
        # If a task has one container, the task's own reason is about it.
        said = {unseen.reason, self.reason} if self.is_alone else {unseen.reason}
        return shows_its_run(unseen) or Says.RAN in map(says_of_start, said)

    @property
    def may_have_logged(self) -> bool:
        """True if the judged container may have written a log: it has run, or ECS does not say that it has not."""
        starts = {self.starts[each.name] for each in self._looked_at if each.name in self.starts}
        if not starts:
            return self.has_started
        # ECS saw the start fail, but does not say whether the container ran.
        may_have_started = Start.UNSURE in starts and self.start_error is ErrorName.FAILED_TO_START
        return Start.RAN in starts or may_have_started

    @property
    def start_error(self) -> ErrorName | None:
        """The error of a failed start that the texts name."""
        return start_error(self._start_text)

    @property
    def start_error_lasts(self) -> bool:
        """True if the texts name a failure that another try does not mend."""
        return lasts(self._start_text)

    @property
    def start_reason(self) -> str:
        """The text that says most about the start: the task's, or a container's if the task's says nothing."""
        return self._start_text or self.reason

    @property
    def _start_text(self) -> str | None:
        """The first text that names an error of the start: the task's, else the main container's, else another's."""
        first = [self.main.reason] if self.main else []
        texts = [self.reason, *first, *(each.reason for each in self.others)]
        return next((text for text in texts if start_error(text)), None)


def _main(counted: Sequence[Container], name: str | None) -> Container | None:
    """Returns the container of that name; without a name, the only one that counts."""
    if name is None or is_injected(name):
        return counted[0] if len(counted) == 1 else None
    # A main container that ECS does not list counts, without an exit code.
    return next((each for each in counted if each.name == name), Container(name))


def _says(container: Container, pattern: re.Pattern[str]) -> bool:
    return container.reason is not None and pattern.search(container.reason) is not None


def worst(containers: Iterable[Container]) -> Container | None:
    """Returns the one to blame: it failed by itself, else was killed, else was asked to stop, else ended well."""
    return min(containers, key=lambda each: _innocence(each.exit_code), default=None)


def _innocence(exit_code: int | None) -> tuple[bool, bool, bool]:
    """Returns a value to sort by: the container with the smallest one is to blame."""
    return exit_code == 0, exit_code in ASKED_TO_STOP, exit_code in TOLD_TO_STOP
