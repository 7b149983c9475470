"""Make `.venv` from the locked requirements: `python3 tools/setup_venv.py`. Standard library only.

Does nothing when nothing changed since the last time. Shows how far it is: the first time takes a minute or two.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
LOCK = PROJECT / "requirements/dev.txt"
STAMP = VENV / "fargate-runs-setup"
OLDEST = (3, 11)
COLLECTED = ("Collecting ", "Processing ")


def main() -> int:
    """Set up what is missing; gives the exit code."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"Python 3.11 or later is needed, this is {version}: run `make PYTHON=/path/to/python3.11 …`")
        return 2
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    print("setting up .venv (a minute or two the first time)", flush=True)
    if not (VENV / "bin/python").exists() or not same_python():
        venv.create(VENV, with_pip=True, clear=True)
    code = install()
    if code == 0:
        STAMP.write_text(wanted)
    return code


def fingerprint() -> str:
    """Of what decides the content of `.venv`."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, PROJECT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def same_python() -> bool:
    """Whether `.venv` was made with this Python."""
    answer = subprocess.run(
        [str(VENV / "bin/python"), "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() == sys.version


def install() -> int:
    """Install the locked requirements, then put the project itself on the path."""
    packages = len(re.findall(r"^[a-z0-9].*==", LOCK.read_text(), flags=re.MULTILINE | re.IGNORECASE))
    code = pip(["--require-hashes", "--no-deps", "-r", str(LOCK)], packages)
    return code or pip(["--no-build-isolation", "--no-deps", "-e", str(PROJECT)], 0)


def pip(arguments: list[str], packages: int) -> int:
    """Run `pip install`, showing how far it is; its output only when it fails."""
    command = [str(VENV / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    lines: list[str] = []
    process = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )
    assert process.stdout is not None  # noqa: S101  PIPE was asked for
    for line in process.stdout:
        lines.append(line)
        collected = sum(1 for text in lines if text.startswith(COLLECTED))
        if line.startswith(COLLECTED) and (collected % 25 == 0 or collected == packages):
            print(f"  {collected} of {packages} packages", flush=True)
        if line.startswith("Installing collected"):
            print("  installing", flush=True)
    if process.wait() != 0:
        sys.stdout.write("".join(lines[-20:]))
        print("pip could not install the requirements: is a package registry reachable?")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
