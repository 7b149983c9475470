"""What AWS says, read: task states, executions, texts and ARNs. It knows nothing of runs or outcomes."""
