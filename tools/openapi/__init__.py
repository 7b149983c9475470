"""docs/openapi.json, made of the API's own table of routes."""
