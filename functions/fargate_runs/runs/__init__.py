"""Runs: what a request may ask for, what is recorded, what is left to do."""
