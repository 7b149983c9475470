"""The function that compares the records with ECS and Step Functions, on a schedule."""
