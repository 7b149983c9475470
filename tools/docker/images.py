"""The images of the checks, made of a Debian root, because the checks must not depend on a registry of images.

`python` in the test image runs below an init when it is process 1, as `docker run --init` has it: process 1 itself
takes no signal that it does not handle. `python3` is the bare interpreter.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tools.docker.skip import SkippedError

TEST_IMAGE = "fargate-runs/python"
NAME_IN_TESTS = "any"
LAMBDA_IMAGE = "fargate-runs/lambda"
SUITE = "bookworm"
# The interpreter of that suite.
PYTHON = "3.11"
PACKAGES = ("python3", "tini", "ca-certificates")
BUILD_SECONDS = 600
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man")
BELOW_INIT = """#!/bin/sh
# As process 1, below an init that hands signals on and lets a program die of them.
[ "$$" = 1 ] && exec tini -- python3 "$@"
exec python3 "$@"
"""
# What Lambda's own base image does: the function's packages come before the runtime's.
BOOTSTRAP = """#!/bin/sh
export LAMBDA_TASK_ROOT=/var/task PYTHONPATH=/var/task:/var/runtime
cd /var/task && exec python3 -m awslambdaric "$_HANDLER"
"""
RUNTIME_CLIENT = "awslambdaric==4.2.2"
DOCKERFILE = f"""FROM {TEST_IMAGE}
COPY runtime /var/runtime
WORKDIR /var/task
"""
PLATFORMS = {"x86_64": "manylinux2014_x86_64", "aarch64": "manylinux2014_aarch64"}


@contextlib.contextmanager
def test_image(client: Any) -> Iterator[str]:
    """The image with `python` in it; its name is one that the contract tests give, within this."""
    client.api.import_image(src=str(_root_archive()), repository=TEST_IMAGE, tag="latest")
    client.api.tag(TEST_IMAGE, NAME_IN_TESTS)
    try:
        yield NAME_IN_TESTS
    finally:
        client.images.remove(NAME_IN_TESTS, noprune=True)


def make_lambda_image(client: Any) -> str:
    """An image like Lambda's base image for Python, on top of the test image, and returns its name."""
    with tempfile.TemporaryDirectory() as directory:
        runtime = Path(directory, "runtime")
        _install_runtime_client(runtime)
        (runtime / "bootstrap").write_text(BOOTSTRAP)
        (runtime / "bootstrap").chmod(0o755)
        Path(directory, "Dockerfile").write_text(DOCKERFILE)
        client.images.build(path=directory, tag=LAMBDA_IMAGE, rm=True)
    return LAMBDA_IMAGE


def _install_runtime_client(target: Path) -> None:
    """Lambda's runtime client, and boto3 as its base image has it, for the interpreter of the image."""
    wanted = [RUNTIME_CLIENT, *(f"{name}=={version(name)}" for name in ("boto3", "botocore"))]
    machine = ["--python-version", PYTHON, "--implementation", "cp", "--platform", PLATFORMS[os.uname().machine]]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-conflicts"]
    command = [*pip, "--target", str(target), "--only-binary=:all:", *machine, *wanted]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"Lambda's runtime client could not be installed:\n{done.stderr}")


def _root_archive() -> Path:
    """The root's files in a cached archive."""
    archive = _cache() / f"root-{_fingerprint()}.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as directory:
            root = _debootstrap(Path(directory, "root"))
            _pack(root, archive)
    return archive


def _debootstrap(root: Path) -> Path:
    program = shutil.which("debootstrap")
    if program is None or os.geteuid() != 0:
        raise SkippedError("the images are built by root with debootstrap, which is not there")
    print("building the test image (a minute or two the first time)", flush=True)
    command = [program, "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise SkippedError(f"debootstrap failed: {''.join(last)}")
    return root


def _pack(root: Path, archive: Path) -> None:
    new = archive.with_suffix(f".{os.getpid()}.new")
    with tarfile.open(new, "w") as made:
        made.add(root, ".", filter=_kept)
        python = tarfile.TarInfo("./usr/local/bin/python")
        python.mode, python.size = 0o755, len(BELOW_INIT)
        made.addfile(python, io.BytesIO(BELOW_INIT.encode()))
    new.replace(archive)


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.removeprefix("./").startswith(LEFT_OUT) else entry


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fargate-runs"


def _fingerprint() -> str:
    return hashlib.sha256(repr((SUITE, PACKAGES, LEFT_OUT, BELOW_INIT, os.uname().machine)).encode()).hexdigest()[:12]
