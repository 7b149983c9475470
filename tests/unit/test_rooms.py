"""Which room of `fargate_runs` may know which: each knows only those below it, and only the outside knows an SDK."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
PACKAGE = FUNCTIONS / "fargate_runs"
#: What a room of the domain knows beside `errors`, which everybody may know.
DOMAIN = {
    "reading": set[str](),
    "outcomes": {"reading"},
    "runs": {"reading", "outcomes"},
    "jobs": {"reading", "outcomes", "runs"},
    "ports": {"reading", "runs", "jobs"},
    "answers": {"reading", "outcomes", "runs", "jobs", "ports"},
    "usecases": {"reading", "outcomes", "runs", "jobs", "ports", "answers"},
    "aws": {"reading", "outcomes", "runs", "jobs", "ports"},
}
#: The same of every room. `assembly` puts everything together.
KNOWS = {**DOMAIN, "assembly": {"clock", "later", "settings", *DOMAIN}}
#: The same of the modules in no room.
LOOSE = {
    "__init__": set[str](),
    "clock": {"ports"},
    "errors": set[str](),
    "event_problems": {"observability"},
    "first_event": set[str](),
    "later": set[str](),
    "observability": set[str](),
    "settings": {"answers", "reading"},
    "time_left": {"usecases"},
}
#: The standard library, but for what hides an import from this test.
PYTHON = sys.stdlib_module_names - {"importlib", "imp", "pkgutil", "runpy"}
#: What is not Python's own. The domain knows none of it.
SDK = {
    "botocore",
    "mypy_boto3_dynamodb",
    "mypy_boto3_ecs",
    "mypy_boto3_logs",
    "mypy_boto3_scheduler",
    "mypy_boto3_sns",
    "mypy_boto3_stepfunctions",
}
OUTSIDE = {
    "aws": SDK,
    "observability": {"aws_lambda_powertools"},
    "time_left": {"aws_lambda_powertools"},
}


def modules(room: str) -> list[Path]:
    """The files of a room, or of a module in no room."""
    return sorted((PACKAGE / room).glob("**/*.py")) or [PACKAGE / f"{room}.py"]


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, also those that only its types need. A relative import begins with a dot."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "fargate_runs":
            yield from (f"fargate_runs.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("room", [*KNOWS, *LOOSE])
def test_a_room_knows_only_those_below_it(room: str) -> None:
    names = [name.split(".") for path in modules(room) for name in imported(path)]
    seen = {".".join(inside[:1]) for package, *inside in names if package == "fargate_runs"}

    assert seen - {room, "errors"} <= (KNOWS | LOOSE)[room]


@pytest.mark.parametrize("room", [*KNOWS, *LOOSE])
def test_the_domain_knows_nothing_of_the_outside(room: str) -> None:
    known = PYTHON | {"fargate_runs"} | OUTSIDE.get(room, set())
    for path in modules(room):
        assert {name.split(".")[0] for name in imported(path)} <= known, path


def test_handlers_leave_the_wiring_to_the_assembly() -> None:
    handlers = [path for path in FUNCTIONS.glob("*/*.py") if path.parent != PACKAGE]
    assert handlers
    for path in handlers:
        assert not [name for name in imported(path) if name.startswith((".", "botocore", "boto3", "fargate_runs.aws"))]


def test_every_module_is_in_a_room() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == LOOSE.keys()
    assert {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.glob("*/**/*.py")} == KNOWS.keys()
