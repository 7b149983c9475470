"""The wheel, installed where no checkout is: `runs` with the dependencies that it names, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from cli.program import version
from tests.cli.documents_for_tests import RUN_ID, STARTED
from tests.cli.standin import STAGE, Reply, scripted, serving
from tests.cli.test_cli_stack import described

PROJECT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "setup.py", "fargate_runs_command", "cli", "local", "verify", "functions")
NO_RUNTIME = "Error: The local runtime is not part of this installation: "
EVERY_MODULE = """
import pkgutil, sys, fargate_runs_command
sys.path.insert(0, fargate_runs_command.__path__[0])
import cli
for module in pkgutil.walk_packages(cli.__path__, 'cli.'):
    if module.name not in ('cli.commands.local', 'cli.commands.fault'):
        __import__(module.name)
        print(module.name)
"""


class Installed:
    """A virtual environment with the wheel."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.packages = next(home.glob("venv/lib/python*/site-packages"))
        self.own: set[str] = set()
        """What the wheel itself put beside everybody's packages."""

    def type(self, *words: str, program: str = "runs", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of it, far away from the checkout."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(
            [str(self.home / "venv/bin" / program), *words],
            cwd=self.home,
            env={**kept, "HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true", **environment},
            capture_output=True,
            text=True,
            check=False,
        )


def dependencies(requirements: list[str] | None) -> Iterator[metadata.Distribution]:
    """The distributions that satisfy what is asked for, and theirs in turn, without extras."""
    for requirement in requirements or []:
        if "extra ==" not in requirement:
            name = re.split(r"[^\w.-]", requirement)[0]
            try:
                found = metadata.distribution(name)
            except metadata.PackageNotFoundError:  # of another system or an older Python
                continue
            yield found
            yield from dependencies(found.requires)


def link(distribution: metadata.Distribution, into: Path) -> None:
    """Make a distribution of this environment one of another, without a network."""
    for name in {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}:
        if not (into / name).exists():
            (into / name).symlink_to(Path(str(distribution.locate_file(name))))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built of a copy: a build writes beside its sources."""
    home, sources = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, sources / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-index", "--no-deps"]
    subprocess.run([*pip, "wheel", *alone, "--no-build-isolation", "-w", home, sources], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    (wheel,) = home.glob("*.whl")
    found = Installed(home)
    subprocess.run([*pip, "--python", home / "venv/bin/python", "install", *alone, wheel], check=True)
    found.own = {path.name for path in found.packages.iterdir()}
    (installed_as,) = metadata.distributions(name="fargate-runs", path=[str(found.packages)])
    for distribution in dependencies(installed_as.requires):
        link(distribution, found.packages)
    return found


def test_it_takes_one_name_among_everybodys_packages(installed: Installed) -> None:
    assert installed.own == {"fargate_runs_command", f"fargate_runs-{version()}.dist-info"}
    assert {path.name for path in (installed.packages / "fargate_runs_command").iterdir()} >= {"cli", "fargate_runs"}
    assert not (installed.packages / "fargate_runs_command/local").exists()


def test_it_names_all_that_it_imports(installed: Installed) -> None:
    done = installed.type("-c", EVERY_MODULE, program="python")

    assert done.returncode == 0, done.stderr
    assert {"cli.main", "cli.commands.start", "cli.explain", "cli.render"} <= set(done.stdout.split())


@pytest.mark.parametrize(
    "words", [["--help"], ["start", "--help"], ["local", "--help"], ["--version"], ["jobs", "schema"]], ids=" ".join
)
def test_it_says_what_it_can(installed: Installed, words: list[str]) -> None:
    done = installed.type(*words)

    assert (done.returncode, done.stderr) == (0, "")
    assert "runs" in done.stdout


def test_it_starts_a_run_of_a_stack(installed: Installed) -> None:
    api = scripted({f"POST {STAGE}/runs": [Reply(202, STARTED)]})
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    with serving(api) as server, serving(lambda _: described(server.url + STAGE)) as aws:
        words = ["start", "--stack", "jobs", "--region", "eu-west-1", "--", "true"]
        done = installed.type(*words, AWS_ENDPOINT_URL_CLOUDFORMATION=aws.url, **keys)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{RUN_ID}\n"
    assert server.requests[0].document()["commands"] == ["true"]


def test_it_explains_without_anything_else(installed: Installed) -> None:
    event = next((PROJECT / "events/task-state-change").glob("*.json"))
    done = installed.type("explain", str(event))

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words", [["local", "up"], ["local", "up", "--port", "1"], ["local"], ["start", "--", "true"]], ids=" ".join
)
def test_it_says_where_the_local_runtime_is(installed: Installed, words: list[str]) -> None:
    done = installed.type(*words)

    assert done.returncode == 69
    assert done.stderr.startswith(NO_RUNTIME)
    assert done.stderr.count("\n") == 1
