"""The function behind the REST API."""
