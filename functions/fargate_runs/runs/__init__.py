"""What may be asked for, what is recorded of it, and what is to be done about it."""
