"""Jobs: their definitions, when they run, and how many of their runs go on at a time. Pure."""
