"""The sweep: ECS and Step Functions themselves against the records. Whatever an event handler missed ends here."""
