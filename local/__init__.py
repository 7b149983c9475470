"""The application on one machine: an embedded AWS, a local Fargate and the parts of Step Functions that touch it.

For development and tests; users run on AWS. What it does and does not emulate: docs/local-runtime.md.
"""
