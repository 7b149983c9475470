"""One suite of facts with two targets: what AWS does, and whether the local runtime does the same (`make verify`).

A scenario does something once, with nothing but AWS's own calls, and says what it saw; its facts say what should be
seen. The same code runs against the local runtime and against a stack in AWS.
"""
