"""The function that names why a `.sync` state failed."""
