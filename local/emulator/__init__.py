"""The embedded AWS: the only place that knows MiniStack.

`install` says what is replaced in it and why; the other modules adapt its parts to the ports of `local.ecs` and
`local.stepfunctions`.
"""
