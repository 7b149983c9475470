"""The commands of `runs`, a module each: read the arguments, call, show."""
