"""Bytecode in the package of the functions.

Lambda cannot write any, and `sam build` leaves out what pip made: every cold start would compile every module.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.errors import DeployFailedError

#: Where Lambda puts the package: written instead of the path here, which would make every build another one.
TASK_ROOT: Final = "/var/task"


def add_bytecode(build: Path, interpreter: str = sys.executable) -> int:
    """Compiles the folder of each function that `sam build` made. Returns the number of functions.

    `interpreter` is the Python of the functions' runtime. Bytecode of another one is not read, and does no harm. It is
    not compared with its source (PEP 552, unchecked hash), because nobody changes a package after it is built; so two
    builds of the same sources are alike too. Raises DeployFailedError.
    """
    functions = sorted(path for path in build.iterdir() if path.is_dir())
    compiled: dict[str, Path] = {}
    for function in functions:
        sources = json.dumps([(str(path.relative_to(function)), path.read_text()) for path in _sources(function)])
        if sources in compiled:
            _copy(compiled[sources], function)
        else:
            _compile(function, interpreter)
            compiled[sources] = function
    return len(functions)


def _sources(function: Path) -> list[Path]:
    return sorted(function.rglob("*.py"))


def _compile(function: Path, interpreter: str) -> None:
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(function), "-p", TASK_ROOT]
    command = [interpreter, "-I", "-m", "compileall", *options, str(function)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise DeployFailedError("compileall", (done.stdout + done.stderr).strip()[-300:], str(function))


def _copy(source: Path, target: Path) -> None:
    for cache in source.rglob("__pycache__"):
        shutil.copytree(cache, target / cache.relative_to(source), dirs_exist_ok=True)
