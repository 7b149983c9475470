"""What state machines, the API and people are told about a run."""
