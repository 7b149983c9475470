"""What is said of a run: to its state machine, to the API and to people."""
