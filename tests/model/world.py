"""The moves of a world: events come in, calls are made, things break, containers end, somebody aborts."""

from collections.abc import Iterator
from functools import cached_property

from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from tests.fakes.ecs import MACHINES, RUN_ID
from tests.model.checker import Move
from tests.model.ecs import Ecs
from tests.model.goals import Goals
from tests.model.process import Process, Protocol, Trigger
from tests.model.scenario import Fault, Scenario
from tests.model.services import OPEN_EXECUTION, ended
from tests.model.state import CLOSED, NO_TOKEN, OPEN, State, at, put, take

Moves = Iterator[Move[State]]
_FIRST_READS = frozenset({"find_task", "open_items"})


class World:
    """A model for the checker: one execution, its task or tasks, and a protocol that looks after them."""

    def __init__(self, scenario: Scenario, protocol: Protocol) -> None:
        self.scenario = scenario
        arn = execution_arn(MACHINES.arn_of(scenario.pattern), RUN_ID)
        self.ecs = Ecs(arn, with_token=scenario.pattern is Pattern.CALLBACK)
        self.process = Process(protocol, self.ecs, arn, scenario)
        self.goals = Goals(scenario, self.ecs, self.process)
        self._kinds = scenario.kinds

    def initial(self) -> State:
        """The first task runs, and the event that says so is on its way."""
        state = State(
            execution=OPEN_EXECUTION,
            redrives=0,
            tasks=(),
            gone=(),
            tokens=(),
            table=0,
            memory=frozenset(),
            bag=(),
            jobs=(),
            left=tuple(self.scenario.faults[kind] for kind in self._kinds),
            budget=self.scenario.at_most,
        )
        state = self._with_attempt(state)
        if self.scenario.pattern is Pattern.REQUEST_RESPONSE:
            return self._with_execution(state, ExecutionStatus.SUCCEEDED)
        return state

    def violation(self, state: State) -> str | None:
        """See Goals."""
        return self.goals.violation(state)

    def is_done(self, state: State) -> bool:
        """See Goals."""
        return self.goals.is_done(state)

    def moves(self, state: State) -> Moves:
        """All that may happen next."""
        for number in dict.fromkeys(state.jobs):
            yield from self._call(state, number)
        yield from self._arrivals(state)
        yield from self._sweeps(state)
        yield from self._lives(state)
        yield from self._people(state)

    def _arrivals(self, state: State) -> Moves:
        """An event is taken up by a process, is lost, or comes twice."""
        for trigger in dict.fromkeys(state.bag):
            name = self.process.name(trigger)
            without = state._replace(bag=take(state.bag, trigger))
            if len(state.jobs) < self.scenario.processes:
                yield self._started(f"{name}: comes in", without, trigger)
            if lost := self._spend(without, Fault.LOSS):
                yield Move(f"{name}: {Fault.LOSS}", True, lost)
            if doubled := self._spend(state, Fault.DUPLICATE):
                yield Move(f"{name}: {Fault.DUPLICATE}", True, doubled._replace(bag=put(state.bag, trigger)))

    def _sweeps(self, state: State) -> Moves:
        """When all is quiet a sweep comes, as one move; at any moment one more, call by call, of a new process."""
        if not self.scenario.has_sweep:
            return
        if self.goals.is_quiet(state):
            yield from self._whole_sweeps(state)
        if len(state.jobs) < self.scenario.processes and (extra := self._spend(state, Fault.SWEEP)):
            trigger = self.process.trigger(Trigger("sweep"))
            yield self._started(f"sweep: {Fault.SWEEP}", extra, trigger)._replace(optional=True)

    def _whole_sweeps(self, state: State) -> Moves:
        """A sweep that nothing comes between: to its end, until it dies, and with a wrong answer."""
        job = self.process.machine.start(self.process.trigger(Trigger("warm sweep"))).number
        yield Move("a whole sweep", False, self._swept(state, job)[-1])
        if died := self._spend(state, Fault.CRASH):
            for calls, after in enumerate(self._swept(died, job)[1:-1], start=1):
                yield Move(f"a sweep: {Fault.CRASH} after {calls} calls", True, after)
        for fault in (Fault.NOT_YET_KNOWN, Fault.STALE):
            if blind := self._spend(state, fault):
                yield Move(f"a whole sweep: {fault}", True, self._swept(blind, job, fault)[-1])

    def _swept(self, state: State, job: int, fault: Fault | None = None) -> list[State]:
        """The world after each call of a sweep."""
        states = [state]
        while not self.process.is_at_its_end(job):
            after, job = self._step_with(fault, states[-1], job)
            states.append(self._told(after) if after.execution is not states[-1].execution else after)
        return states

    def _step_with(self, fault: Fault | None, state: State, job: int) -> tuple[State, int]:
        """A call, or what it is with this fault in its answer."""
        if fault is Fault.NOT_YET_KNOWN and self.process.asks_ecs(job):
            return state, self.process.step(state._replace(gone=(True,) * len(state.gone)), job)[1]
        if fault is Fault.STALE and self.process.reads_an_index(job):
            return state, self.process.step(state._replace(table=0), job)[1]
        return self.process.step(state, job)

    def _started(self, label: str, state: State, trigger: int) -> Move[State]:
        """A process has begun. That and a first call that only reads are one move: nobody can tell the two apart."""
        point = self.process.machine.start(trigger)
        if point.call and point.call.method not in _FIRST_READS:
            return Move(label, False, state._replace(jobs=put(state.jobs, point.number)))
        if point.call is None:
            return Move(label, False, state)
        after, job = self.process.step(state, point.number)
        return Move(f"{label}, {point.call.method}", False, self._going_on(state, after, job))

    def _going_on(self, before: State, after: State, job: int) -> State:
        """A process has made a call: it stands before its next one, or is gone; its execution may have ended by it."""
        if after.execution is not before.execution:
            after = self._told(after)
        if self.process.is_at_its_end(job):
            return self._given_back(after, job) if self.process.has_failed(job) else after
        return after._replace(jobs=put(after.jobs, job))

    def _given_back(self, state: State, job: int) -> State:
        """An event whose handler failed comes again (fact B11); a sweep does so anyway."""
        trigger = self.process.machine.points[job].trigger
        return state._replace(bag=put(state.bag, trigger)) if self.process.is_event(trigger) else state

    def _call(self, state: State, job: int) -> Moves:
        """The next call of a process: it is carried out, or something goes wrong with it."""
        name = self.process.label(job)
        others = state._replace(jobs=take(state.jobs, job))
        after, following = self.process.step(others, job)
        yield Move(name, False, self._going_on(others, after, following))
        if state.budget:
            yield from self._faults_of_a_call(others, after, job)

    def _faults_of_a_call(self, others: State, after: State, job: int) -> Moves:
        name = self.process.label(job)
        if dead := self._spend(others, Fault.CRASH):
            yield Move(f"{name}: {Fault.CRASH}", True, self._given_back(dead, job))
        if refused := self._spend(others, Fault.THROTTLE):
            failing = self.process.after_error(job)
            yield Move(f"{name}: {Fault.THROTTLE}", True, self._going_on(refused, refused, failing))
        if after != others:
            yield from self._unheard(others, after, job)
        yield from self._wrong_answers(others, job)

    def _unheard(self, before: State, after: State, job: int) -> Moves:
        """The call was carried out, and nobody heard of it."""
        name = self.process.label(job)
        if unheard := self._spend(after, Fault.UNHEARD):
            failing = self.process.after_error(job)
            yield Move(f"{name}: {Fault.UNHEARD}", True, self._going_on(before, unheard, failing))
        if repeated := self._spend(after, Fault.REPEATED):
            again, following = self.process.step(repeated, job)
            yield Move(f"{name}: {Fault.REPEATED}", True, self._going_on(before, again, following))

    def _wrong_answers(self, state: State, job: int) -> Moves:
        """An index that is behind; ECS, which may not know a task for a moment after it was started (fact B12)."""
        faults = ((Fault.STALE, self.process.reads_an_index), (Fault.NOT_YET_KNOWN, self.process.asks_ecs))
        for fault, is_possible in faults:
            if is_possible(job) and (blind := self._spend(state, fault)):
                _, following = self._step_with(fault, blind, job)
                yield Move(f"{self.process.label(job)}: {fault}", True, self._going_on(blind, blind, following))

    def _lives(self, state: State) -> Moves:
        """Containers end; what is told to stop does; ECS forgets what has stopped."""
        for attempt, task in enumerate(state.tasks):
            if self.ecs.has_stopped(task):
                is_recorded = self.ecs.task_id(attempt) in self.process.tables.tasks(state.table)
                forgets = None if state.gone[attempt] or not is_recorded else self._spend(state, Fault.FORGOTTEN)
                if forgets:
                    gone = (*state.gone[:attempt], True, *state.gone[attempt + 1 :])
                    yield Move(f"attempt {attempt + 1}: {Fault.FORGOTTEN}", True, forgets._replace(gone=gone))
            elif self.ecs.is_told_to_stop(task):
                yield self._change(state, attempt, self.ecs.stopped(task), optional=False)
            else:
                for exit_code in self.scenario.exit_codes:
                    yield self._change(state, attempt, self.ecs.ended(task, exit_code), optional=True)

    def _change(self, state: State, attempt: int, to: int, *, optional: bool) -> Move[State]:
        trigger = self.process.trigger(Trigger("task", to))
        tasks = (*state.tasks[:attempt], to, *state.tasks[attempt + 1 :])
        after = state._replace(tasks=tasks, bag=put(state.bag, trigger))
        if self.scenario.pattern is Pattern.SYNC and state.execution is OPEN_EXECUTION:
            succeeded = self.ecs.exit_code(to) == 0
            after = self._with_execution(after, ExecutionStatus.SUCCEEDED if succeeded else ExecutionStatus.FAILED)
        return Move(self.ecs.name(to), optional, after)

    def _people(self, state: State) -> Moves:
        """The execution is aborted, redriven, answered by its container, or replaces an attempt."""
        newest = len(state.tasks) - 1
        if state.execution is OPEN_EXECUTION:
            if aborted := self._spend(state, Fault.ABORT):
                yield Move(Fault.ABORT, True, self._with_execution(aborted, ExecutionStatus.ABORTED))
            if state.tokens[newest] == OPEN:
                yield from self._token_moves(state, newest)
        elif state.execution is not ExecutionStatus.SUCCEEDED and newest == 0:
            redriven = self._spend(state, Fault.REDRIVE)
            if redriven:
                redriven = redriven._replace(execution=OPEN_EXECUTION, redrives=1)
                yield Move(Fault.REDRIVE, True, self._with_attempt(self._told(redriven)))

    def _token_moves(self, state: State, attempt: int) -> Moves:
        if not self.ecs.has_stopped(state.tasks[attempt]) and (answered := self._spend(state, Fault.OWN_ANSWER)):
            yield Move(Fault.OWN_ANSWER, True, self._with_execution(answered, ExecutionStatus.SUCCEEDED))
        if attempt == 0 and (again := self._spend(state, Fault.RETRY)):
            again = again._replace(tokens=at(state.tokens, attempt, CLOSED))
            yield Move(Fault.RETRY, True, self._with_attempt(again))

    def _with_execution(self, state: State, status: ExecutionStatus) -> State:
        return self._told(ended(state, status))

    def _told(self, state: State) -> State:
        """The event of how the execution stands is on its way."""
        trigger = self.process.trigger(Trigger("execution", state.redrives, state.execution))
        return state._replace(bag=put(state.bag, trigger))

    def _with_attempt(self, state: State) -> State:
        task = self.ecs.running(len(state.tasks))
        return state._replace(
            tasks=(*state.tasks, task),
            gone=(*state.gone, False),
            tokens=(*state.tokens, OPEN if self.scenario.pattern is Pattern.CALLBACK else NO_TOKEN),
            bag=put(state.bag, self.process.trigger(Trigger("task", task))),
        )

    @cached_property
    def _places(self) -> dict[Fault, int]:
        return {kind: place for place, kind in enumerate(self._kinds)}

    def _spend(self, state: State, fault: Fault) -> State | None:
        """The state after this fault was used, None where it may not happen any more."""
        place = self._places.get(fault) if state.budget else None
        if place is None or not state.left[place]:
            return None
        left = (*state.left[:place], state.left[place] - 1, *state.left[place + 1 :])
        return state._replace(left=left, budget=state.budget - 1)
