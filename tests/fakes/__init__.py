"""Twins in memory of every port, and builders of what ECS sends."""
