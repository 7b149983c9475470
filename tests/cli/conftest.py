"""What every test of the command line has: a runner, and an environment without anybody's AWS configuration."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.standin import Time


@pytest.fixture(autouse=True)
def _nobodys_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "FARGATE_RUNS_STACK"))]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no-such-file"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("TTY_COMPATIBLE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _nothing_is_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is that runs the tests."""
    monkeypatch.setattr("cli.progress.TICK_SECONDS", 600.0)


@pytest.fixture
def runner() -> CliRunner:
    """Runs commands with stdout and stderr apart."""
    return CliRunner(mix_stderr=False)


@pytest.fixture
def time() -> Time:
    """A clock that moves only while somebody sleeps."""
    return Time()
