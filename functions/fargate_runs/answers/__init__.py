"""The answers about a run: to state machines, to callers of the API, to people."""
