"""The sweep: compares the records with ECS and Step Functions, and does the work that event handlers missed."""
