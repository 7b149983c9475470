"""The moves: runs are started and end, states are entered, calls are made, things break, somebody changes the limit."""

from collections.abc import Iterator
from functools import cached_property

from fargate_runs.errors import PortError, RunSkippedError, SlotTakenError
from tests.model.checker import Move
from tests.model.slots.goals import Goals
from tests.model.slots.process import LATE, Process, Trigger
from tests.model.slots.protocols import Protocol, run_id
from tests.model.slots.scenario import Fault, Scenario
from tests.model.slots.state import Job, Phase, Run, State, Task

Moves = Iterator[Move[State]]
_STATES = frozenset({"prepare", "wait"})
_EVENTS = frozenset({"execution", "task"})


class World:
    """A model for the checker: some runs of one job, and a protocol that looks after its slots."""

    def __init__(self, scenario: Scenario, protocol: Protocol) -> None:
        self.scenario = scenario
        self.process = Process(protocol, scenario)
        self.goals = Goals(scenario, self.process)
        self._kinds = scenario.kinds

    def initial(self) -> State:
        """Nobody is at the gate but the runs that have begun."""
        left = tuple(self.scenario.faults[kind] for kind in self._kinds)
        state = State((Run(),) * self.scenario.runs, 0, 0, (), (), left, self.scenario.at_most)
        for number in range(self.scenario.begun):
            state = self._whole(state, self.process.number(Trigger("prepare", number)))
            state = self._whole(state, self.process.number(Trigger("task", number, Task.ALIVE)))
            state = state.with_run(number, Run(Phase.RUNNING, Task.ALIVE))
        return state

    def violation(self, state: State) -> str | None:
        """See Goals."""
        return self.goals.violation(state)

    def is_done(self, state: State) -> bool:
        """See Goals."""
        return self.goals.is_done(state)

    def moves(self, state: State) -> Moves:
        """All that may happen next."""
        for job in dict.fromkeys(state.jobs):
            yield from self._call(state, job)
        yield from self._arrivals(state)
        yield from self._sweeps(state)
        yield from self._lives(state)
        yield from self._people(state)

    # ---- processes -----------------------------------------------------------------------------------------------

    def _arrivals(self, state: State) -> Moves:
        """What is on its way is taken up by a process. An event may be lost, or come twice."""
        for number in dict.fromkeys(state.bag):
            name = self.process.name(number)
            without = state.without(number)
            if len(state.jobs) < self.scenario.processes:
                yield Move(f"{name}: begins", False, self._begun(without, number))
            if self.process.trigger(number).kind in _EVENTS:
                if lost := self._spend(without, Fault.LOSS):
                    yield Move(f"{name}: {Fault.LOSS}", True, lost)
                if doubled := self._spend(state, Fault.DUPLICATE):
                    yield Move(f"{name}: {Fault.DUPLICATE}", True, doubled.sending(number))

    def _begun(self, state: State, trigger: int) -> State:
        """A process has begun."""
        job = self.process.start(trigger)
        if self.process.trigger(trigger).kind == "prepare":  # that and a first call that only reads are one move
            state, job = self.process.step(state, job)
        return self._going_on(state, job)

    def _call(self, state: State, job: Job) -> Moves:
        """The next call of a process: it is carried out, or something goes wrong with it."""
        name = self.process.label(job)
        others = state.resting(job)
        yield Move(name, False, self._going_on(*self.process.step(others, job)))
        if not state.budget:
            return
        if dead := self._spend(others, Fault.CRASH):
            yield Move(f"{name}: {Fault.CRASH}", True, self._failed(dead, job))
        if refused := self._spend(others, Fault.THROTTLE):
            yield Move(f"{name}: {Fault.THROTTLE}", True, self._going_on(refused, self.process.refused(job)))
        if unheard := self._spend(others, Fault.UNHEARD):
            yield Move(f"{name}: {Fault.UNHEARD}", True, self._going_on(*self.process.unheard(unheard, job)))
        if again := self._spend(others, Fault.REPEATED):
            yield Move(f"{name}: {Fault.REPEATED}", True, self._going_on(*self.process.repeated(again, job)))
        if self._is_waited_for(state, job) and (given_up := self._spend(others, Fault.GIVEN_UP)):
            left = self._failed(given_up, job).working(job._replace(is_stale=True))
            yield Move(f"{name}: {Fault.GIVEN_UP}", True, left)

    def _going_on(self, state: State, job: Job) -> State:
        """A process has made a call: it stands before its next one, or has ended."""
        return self._ended(state, job) if self.process.is_at_its_end(job) else state.working(job)

    def _ended(self, state: State, job: Job) -> State:
        """A process has ended: its state goes on, its event is done with or comes again."""
        trigger, error = self.process.trigger_of(job), self.process.error_of(job)
        if trigger.kind == "prepare" and self._is_waited_for(state, job):
            return self._prepared(state, job, error)
        return self._failed(state, job) if error else state

    def _prepared(self, state: State, job: Job, error: Exception | None) -> State:
        number = self.process.trigger_of(job).run
        run = state.runs[number]
        if error is None:
            event = self.process.number(Trigger("task", number, "alive", run.redrives))
            return state.with_run(number, run._replace(phase=Phase.RUNNING, task=Task.ALIVE)).sending(event)
        if isinstance(error, SlotTakenError):
            return self._waiting(state, number)
        if isinstance(error, RunSkippedError):
            return self.process.ended(state, number, "SUCCEEDED")
        if isinstance(error, PortError):
            return self._failed(state, job)
        return self.process.ended(state, number, "FAILED")

    def _waiting(self, state: State, number: int) -> State:
        """The state "Wait for a slot" is entered, with a token of its own."""
        run = state.runs[number]
        run = run._replace(phase=Phase.WAITING, token=run.token + 1)
        waits = self.process.number(Trigger("wait", number, number=run.token))
        return state.with_run(number, run).sending(waits)

    def _is_waited_for(self, state: State, job: Job) -> bool:
        """Whether the state that started this process waits for its end."""
        kind, number, _, of = self.process.trigger_of(job)
        if job.is_stale or kind not in _STATES:
            return False
        run = state.runs[number]
        if kind == "prepare":
            return run.phase is Phase.PREPARING and run.redrives == of
        return run.phase is Phase.WAITING and run.token == of

    def _failed(self, state: State, job: Job) -> State:
        """A process is gone, or has raised something: its state tries again, its event comes again."""
        trigger = self.process.trigger_of(job)
        if trigger.kind in _EVENTS:
            return state.sending(self.process.number(trigger))
        if not self._is_waited_for(state, job):
            return state
        if trigger.kind == "prepare":
            return state.sending(self.process.number(trigger))
        return self._waiting(state, trigger.run)

    # ---- sweeps --------------------------------------------------------------------------------------------------

    def _sweeps(self, state: State) -> Moves:
        """When all is quiet a sweep comes, as one move; at any moment one more, call by call."""
        sweep = self.process.number(Trigger("sweep"))
        if self.scenario.has_sweep and self.goals.is_quiet(state):
            late = self.process.number(Trigger("sweep", what=LATE))
            yield Move("a whole sweep", False, self._swept(state, late))
        if len(state.jobs) < self.scenario.processes and (extra := self._spend(state, Fault.SWEEP)):
            yield Move(f"sweep: {Fault.SWEEP}", True, self._begun(extra, sweep))

    def _swept(self, state: State, sweep: int) -> State:
        """First the events that were lost, then the slots."""
        for number, run in enumerate(state.runs):
            if run.task is not Task.NONE:
                state = self._whole(state, self.process.number(Trigger("task", number, run.task, run.redrives)))
            if run.phase is Phase.OVER:
                event = Trigger("execution", number, run.ended_as, run.redrives)
                state = self._whole(state, self.process.number(event))
        return self._whole(state, sweep)

    def _whole(self, state: State, trigger: int) -> State:
        """After a process that nothing comes between."""
        job = self.process.start(trigger)
        while not self.process.is_at_its_end(job):
            state, job = self.process.step(state, job)
        return state

    # ---- what happens outside ------------------------------------------------------------------------------------

    def _lives(self, state: State) -> Moves:
        """Tasks end, and with them their executions; the task of an execution that is over is stopped."""
        for number, run in enumerate(state.runs):
            if run.task is not Task.ALIVE:
                continue
            stops = self.process.number(Trigger("task", number, "stopped", run.redrives))
            after = state.with_run(number, run._replace(task=Task.STOPPED)).sending(stops)
            if run.phase is Phase.OVER:
                yield Move(f"the task of {run_id(number)} is stopped", False, after)
            else:
                status = "FAILED" if Fault.REDRIVE in self._kinds else "SUCCEEDED"
                yield Move(f"{run_id(number)} ends", True, self.process.ended(after, number, status))

    def _people(self, state: State) -> Moves:
        """Runs are started, aborted and redriven; the limit is changed."""
        for number, run in enumerate(state.runs):
            if run.phase is Phase.UNBORN:
                prepares = self.process.number(Trigger("prepare", number))
                begun = state.with_run(number, run._replace(phase=Phase.PREPARING)).sending(prepares)
                yield Move(f"{run_id(number)} is started", True, begun)
                break  # their numbers mean nothing
        for number, run in enumerate(state.runs):
            if run.phase not in {Phase.UNBORN, Phase.OVER} and (aborted := self._spend(state, Fault.ABORT)):
                yield Move(f"{run_id(number)}: {Fault.ABORT}", True, self.process.ended(aborted, number, "ABORTED"))
            is_open_to_it = run.phase is Phase.OVER and run.ended_as != "SUCCEEDED" and run.task is not Task.ALIVE
            if is_open_to_it and (redriven := self._spend(state, Fault.REDRIVE)):
                yield Move(f"{run_id(number)}: {Fault.REDRIVE}", True, self._redriven(redriven, number))
        if state.limit + 1 < len(self.scenario.limits):
            changes = self.process.number(Trigger("limit", number=state.limit + 1))
            changed = state._replace(limit=state.limit + 1)
            yield Move(self.process.name(changes), True, changed.working(self.process.start(changes)))

    def _redriven(self, state: State, number: int) -> State:
        """The execution goes on in the state that it ended in; its task is started anew."""
        run = state.runs[number]
        run = run._replace(ended_as="", redrives=run.redrives + 1)
        event = self.process.number(Trigger("execution", number, "RUNNING", run.redrives))
        if run.task is Task.NONE:
            prepares = self.process.number(Trigger("prepare", number, number=run.redrives))
            return state.with_run(number, run._replace(phase=Phase.PREPARING)).sending(event, prepares)
        alive = self.process.number(Trigger("task", number, "alive", run.redrives))
        return state.with_run(number, run._replace(phase=Phase.RUNNING, task=Task.ALIVE)).sending(event, alive)

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
