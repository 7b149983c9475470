"""Local Fargate: tasks, their life cycle and events, and containers as operating-system processes."""
