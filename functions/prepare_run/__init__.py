"""The function that each execution begins with: reads its input and records the run."""
