"""Use cases: one class each, built from ports, called by a thin handler."""
