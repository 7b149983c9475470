"""`python -m verify`."""

from verify.main import main

main(prog_name="make verify")
