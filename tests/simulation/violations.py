"""What is raised where something does not hold. The names are those of invariants.py, stops.py and swept.py."""


class ViolationError(BaseException):
    """Something that must hold does not. `name` is I1 to I12 or L1 to L7."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


def must(holds: bool, name: str, what: str) -> None:
    """Raises ViolationError where something does not hold."""
    if not holds:
        raise ViolationError(name, what)
