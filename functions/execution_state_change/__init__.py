"""The function behind the rule on "Step Functions Execution Status Change"."""
