"""How a task ended, in the words of docs/outcomes.md: from what its containers show, by a table of rules."""
