"""What is added to the package that `sam build` makes, and that Python reads it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from local.bytecode import add_bytecode
from local.errors import DeployFailedError
from tools.build import default_runtime

UNCHECKED = (1).to_bytes(4, "little")  # PEP 552: based on a hash, and not to be checked
SOURCE = "def where():\n    return where.__code__.co_filename\n"


def package(build: Path, name: str, **modules: str) -> Path:
    function = build / name
    (function / "pack").mkdir(parents=True)
    for module, source in modules.items():
        (function / "pack" / f"{module}.py").write_text(source)
    return function


def bytecode(function: Path, module: str) -> Path:
    return Path(importlib.util.cache_from_source(str(function / "pack" / f"{module}.py")))


def test_every_module_of_every_function_has_bytecode_that_nobody_compares(tmp_path: Path) -> None:
    functions = [package(tmp_path, name, a=SOURCE, b=name and "") for name in ("First", "Second")]
    functions.append(package(tmp_path, "Other", a="other = True\n"))
    (tmp_path / "template.yaml").write_text("")

    assert add_bytecode(tmp_path) == 3

    for function in functions:
        for source in function.rglob("*.py"):
            assert bytecode(function, source.stem).read_bytes()[4:8] == UNCHECKED
    assert bytecode(functions[0], "a").read_bytes() == bytecode(functions[1], "a").read_bytes()
    assert bytecode(functions[2], "a").read_bytes() != bytecode(functions[0], "a").read_bytes()


def test_python_runs_it_without_a_look_at_the_source(tmp_path: Path) -> None:
    function = package(tmp_path, "First", a=SOURCE)
    add_bytecode(tmp_path)
    (function / "pack" / "a.py").write_text("raise SystemExit('the source was read')\n")

    program = f"import sys; sys.path.insert(0, {str(function)!r}); from pack import a; print(a.where())"
    done = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == str(function / "pack" / "a.py")


def test_a_module_that_cannot_be_compiled_is_told(tmp_path: Path) -> None:
    package(tmp_path, "First", a="def :\n")

    with pytest.raises(DeployFailedError, match=r"(?s)compileall.*a\.py.*invalid syntax"):
        add_bytecode(tmp_path)


def test_a_build_for_an_account_is_for_the_template_s_runtime() -> None:
    assert default_runtime((Path(__file__).parents[2] / "template.yaml").read_text()) == "python3.13"
    with pytest.raises(ValueError, match="Runtime"):
        default_runtime("Parameters:\n")
