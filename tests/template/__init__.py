"""Tests of what is deployed: the template, the state machines and the event samples."""
