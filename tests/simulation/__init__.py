"""A deterministic simulation of the world around the functions: one seed is one world, its faults and its order."""
