"""Runs, tasks and outcomes, and the use cases on them. See docs/outcomes.md for the outcomes."""
