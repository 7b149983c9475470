"""A Step Functions engine whose ECS integration is right: states, retries, tokens, time-outs and histories.

The embedded AWS keeps state machines and executions; this package runs them.
"""
