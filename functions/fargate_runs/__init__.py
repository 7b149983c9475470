"""What a run, a task and an outcome are, and the use cases on them. See docs/outcomes.md for the outcomes."""
