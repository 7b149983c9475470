"""A model of the slot protocol: runs that begin, wait and end at one gate, in every order and under every fault.

It is checked by checker.py, and its processes are points of use cases as replay.py has them.

scenario.py    what may happen: runs, limits, policies, faults
state.py       what a state of the world is
contents.py    the runs table and the jobs table (the twins that the unit tests use) as one hashable value
process.py     the processes: what starts one, and what its next call does
world.py       the moves: runs begin and end, states are entered, calls are made, things break
goals.py       what may never be, and what must have come to pass when all is quiet
protocols.py   the functions' own protocol
broken.py      protocols that look right and are not
"""
