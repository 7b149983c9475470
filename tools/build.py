"""`make build`: `sam build` for an account, and bytecode in the package, which `sam build` leaves out.

`sam deploy` goes on from what this leaves in `.aws-sam/build`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from local.bytecode import add_bytecode  # noqa: E402
from local.errors import DeployFailedError  # noqa: E402

BUILD = PROJECT / ".aws-sam/build"
_DEFAULT = re.compile(r"^  Runtime:\n    Type: String\n    Default: (python3\.\d+)$", re.MULTILINE)


def main(given: str) -> int:
    """Build for this runtime, such as python3.12, or for the template's default. Returns the exit code."""
    runtime = given or default_runtime((PROJECT / "template.yaml").read_text())
    interpreter = shutil.which(runtime)
    if interpreter is None:
        print(
            f"{runtime} was not found: install it, or build for another runtime (make build RUNTIME=python3.12), and"
            " deploy with the same parameter (sam deploy --parameter-overrides Runtime=python3.12)",
            file=sys.stderr,
        )
        return 2
    sam = Path(sys.executable).with_name("sam")
    command = [str(sam), "build", "--parameter-overrides", f"Runtime={runtime}"]
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    if code := subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode:
        return code
    try:
        functions = add_bytecode(BUILD, interpreter)
    except DeployFailedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"bytecode of {runtime} is in the packages of {functions} functions")
    return 0


def default_runtime(template: str) -> str:
    """Of the template's parameter Runtime."""
    found = _DEFAULT.search(template)
    if found is None:
        raise ValueError("template.yaml: parameter Runtime has no default such as python3.13")
    return found[1]


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
