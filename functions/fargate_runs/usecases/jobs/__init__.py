"""The use cases of jobs: apply, show, list, pause, delete, and start what was missed."""
