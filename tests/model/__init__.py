"""An explicit-state model checker of the settle protocol: the real use cases, in every order and under every fault.

checker.py     breadth-first over hashable states: safety, liveness, shortest traces
replay.py      any use case as a machine of steps: it is run again with the results so far, up to its next call
scenario.py    what may happen: which faults, how often, how many attempts
state.py       what a state of the world is
tables.py      the runs table (the twin that the unit tests use) as a hashable value
services.py    what Step Functions and ECS answer to a call in a state, and what it changes
world.py       the moves: events are handled, calls are made, things break, time passes
broken.py      protocols that look right and are not
slots/         the same for the slots of jobs
"""
