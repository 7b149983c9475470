"""Readers of AWS's data: task states, executions, texts and ARNs. They know nothing of runs or outcomes."""
