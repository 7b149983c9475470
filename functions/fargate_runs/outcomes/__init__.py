"""How a task ended, in the words of docs/outcomes.md: a table of rules reads what its containers show."""
