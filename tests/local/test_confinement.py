"""What a container can learn of the rest of its user's machine, and what a runtime leaves there."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
import pytest

from local import control
from local.confinement import hide, kept_environment, landlock_version
from local.paths import state_directory
from local.state import read_state
from tests.contract.conftest import Aws, make_role, prepared
from tests.contract.functions import create_function
from tests.contract.running import AWS_LOGS, STAY, logged, python, run
from tests.processes import environment_of, server_of
from tests.runtimes import bare_runtime, client_settings, directory_of
from tests.waiting import eventually

SECRET = f"secret-{uuid.uuid4().hex}"
needs_landlock = pytest.mark.skipif(not landlock_version(), reason="the kernel has no Landlock (version 2 or later)")
#: Every process in whose environment a text is.
LOOK = (
    "import glob\n"
    "for path in glob.glob('/proc/[0-9]*/environ'):\n"
    "    try: found = open(path).read()\n"
    "    except OSError: continue\n"
    "    if {text!r} in found and '/proc/self' not in path: print('sees', path)\n"
    "print('looked')"
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A runtime that was started by somebody with a secret in the environment."""
    os.environ["MY_TOKEN"] = SECRET
    try:
        with bare_runtime(tmp_path_factory.mktemp("runtime")) as endpoint:
            yield prepared(endpoint)
    finally:
        del os.environ["MY_TOKEN"]


@pytest.fixture
def neighbour() -> Iterator[psutil.Process]:
    """What else its user runs: a shell, `make`, an editor."""
    with subprocess.Popen(["sleep", "600"], env={"MY_TOKEN": SECRET}) as process:
        found = psutil.Process(process.pid)
        eventually(lambda: environment_of(found).get("MY_TOKEN") == SECRET, "the secret in the environment")
        yield found
        process.kill()


def said(aws: Aws, program: str) -> list[str]:
    """The lines that a container prints."""
    task = run(aws, aws.task_definition({"command": python(program), **AWS_LOGS}))
    aws.until_status(task, "STOPPED")
    return [line for _, line in logged(aws, task, "main")]


def test_only_what_is_needed_of_an_environment_is_kept() -> None:
    needed = {"PATH": "/bin", "HOME": "/home/x", "LC_ALL": "C", "DOCKER_HOST": "unix:///x", "FARGATE_RUNS_PORT": "1"}
    secrets = {"AWS_SECRET_ACCESS_KEY": "x", "GITHUB_TOKEN": "x", "PATHS": "x", "XLC_ALL": "x", "SSH_AUTH_SOCK": "/x"}

    assert kept_environment({**needed, **secrets}, {"DOCKER_HOST"}) == needed


def test_the_runtime_s_processes_have_no_secret_of_their_user(aws: Aws) -> None:
    state = read_state()
    assert state is not None
    guard = psutil.Process(state.guard_pid)
    for process in [guard, *guard.children(recursive=True)]:
        # Guard and server show it to root alone.
        assert SECRET not in str(environment_of(process))


@needs_landlock
def test_a_container_sees_no_environment_but_its_own(aws: Aws, neighbour: psutil.Process) -> None:
    assert said(aws, LOOK.format(text=SECRET)) == ["looked"]


@needs_landlock
def test_a_container_does_not_see_the_keys_of_another_nor_of_a_function(aws: Aws) -> None:
    role = make_role(aws.endpoint, f"task-{uuid.uuid4().hex[:8]}", "*")
    other = aws.task_definition({"command": list(STAY)})
    aws.until_status(run(aws, other, overrides={"taskRoleArn": role}), "RUNNING")
    name, _ = create_function(aws, "def handler(event, context):\n    return 1")
    boto3.client("lambda", **client_settings(aws.endpoint)).invoke(FunctionName=name)

    assert said(aws, LOOK.format(text="AWS_SECRET_ACCESS_KEY")) == ["looked"]
    aws.at_rest()


@needs_landlock
def test_a_function_sees_no_environment_of_its_user(aws: Aws, neighbour: psutil.Process) -> None:
    look = "\n    ".join(LOOK.format(text=SECRET).replace("print(", "found_all.append(").splitlines())
    code = f"def handler(event, context):\n    found_all = []\n    {look}\n    return len(found_all)"
    name, _ = create_function(aws, code)

    answer = boto3.client("lambda", **client_settings(aws.endpoint)).invoke(FunctionName=name)

    assert json.loads(answer["Payload"].read()) == 1


@pytest.mark.skipif(landlock_version() < 6, reason="the kernel's Landlock has no scopes (version 6)")
def test_a_container_sends_no_signal_to_others(aws: Aws, neighbour: psutil.Process) -> None:
    state = read_state()
    assert state is not None
    server = server_of(state.guard_pid)
    program = (
        "import os, signal\n"
        f"for pid in {[neighbour.pid, state.guard_pid, server.pid]}:\n"
        "    try: os.kill(pid, signal.SIGKILL); print('sent')\n"
        "    except PermissionError: print('refused')"
    )

    assert said(aws, program) == ["refused"] * 3
    assert neighbour.is_running()


def test_a_container_works_as_ever(aws: Aws) -> None:
    """It moves files between directories, has processes of its own and signals them."""
    program = (
        "import os, pathlib, signal, subprocess\n"
        "os.mkdir('a'); os.mkdir('b'); pathlib.Path('a/x').write_text('x')\n"
        "os.rename('a/x', 'b/x'); os.link('b/x', 'a/y')\n"
        "child = subprocess.Popen(['sleep', '600']); os.kill(child.pid, signal.SIGTERM); print(child.wait())\n"
        "print(oct(os.stat('a/y').st_mode & 0o777), os.umask(0o022) == 0o022)"
    )

    assert said(aws, program) == ["-15", "0o644 True"]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs another user to be: root")
def test_a_process_that_hides_shows_its_environment_to_nobody() -> None:
    source = Path("local/confinement.py").read_text()
    hiding = f"{source}\nimport time\nhide()\nprint('ready', flush=True)\ntime.sleep(600)"
    look = "import sys; print(open(f'/proc/{sys.argv[1]}/environ').read())"
    assert hide.__doc__
    for program, sees in ((hiding, False), (hiding.replace("\nhide()", ""), True)):
        with subprocess.Popen(
            ["/usr/bin/env", "python3", "-c", program], user=65534, group=65534, extra_groups=[], cwd="/",
            env={"PATH": "/usr/bin:/bin", "MY_TOKEN": SECRET}, stdout=subprocess.PIPE, text=True,
        ) as hidden:  # fmt: skip
            assert hidden.stdout is not None
            assert hidden.stdout.readline() == "ready\n"
            seen = subprocess.run(
                ["/usr/bin/env", "python3", "-c", look, str(hidden.pid)], user=65534, group=65534, extra_groups=[],
                cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (SECRET in seen.stdout) is sees
            hidden.kill()


def test_what_the_runtime_writes_is_its_owner_s_alone(aws: Aws) -> None:
    name, _ = create_function(aws, "def handler(event, context):\n    return __file__")
    answer = boto3.client("lambda", **client_settings(aws.endpoint)).invoke(FunctionName=name)
    aws.until_status(run(aws, aws.task_definition({"command": list(STAY)})), "RUNNING")
    directory = directory_of(aws.endpoint)

    # A function is unpacked into the runtime's own directory, under a name that does not follow from its own.
    unpacked = Path(json.loads(answer["Payload"].read()))
    assert unpacked.is_relative_to(directory / "tmp")
    assert name not in str(unpacked)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in directory.rglob("*"):
        assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path
    aws.at_rest()


def leftovers() -> list[Path]:
    """What a runtime may have left of functions and containers in its directory."""
    return [*(state_directory() / "containers").glob("[!.]*"), *(state_directory() / "tmp").glob("function-*")]


def test_nothing_is_left_after_an_end_nor_after_a_kill_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_user = tmp_path / "temporary"
    of_user.mkdir()
    monkeypatch.setenv("TMPDIR", str(of_user))
    with bare_runtime(tmp_path / "state") as endpoint:
        aws = prepared(endpoint)
        name, _ = create_function(aws, "def handler(event, context):\n    return 1")
        boto3.client("lambda", **client_settings(endpoint)).invoke(FunctionName=name)
        aws.until_status(run(aws, aws.task_definition({"command": list(STAY)})), "RUNNING")
        assert leftovers()
        state = read_state()
        assert state is not None
        tree = [psutil.Process(state.guard_pid), *psutil.Process(state.guard_pid).children(recursive=True)]
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):  # the kernel kills some with their parent
                process.kill()
        eventually(lambda: control.status() is None, "the end of the runtime")
        left = leftovers()
        assert left

        control.start(state.port)
        assert [path for path in left if path.exists()] == []
        new = prepared(endpoint)
        new.until_status(run(new, new.task_definition({"command": list(STAY)})), "RUNNING")
        assert leftovers()
    # `bare_runtime` has ended it.
    assert not (tmp_path / "state" / "containers").exists()
    assert not (tmp_path / "state" / "tmp").exists()
    assert list(of_user.iterdir()) == []


def test_a_directory_that_somebody_else_has_made_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("tmp", "containers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious").write_text("keep")
    with bare_runtime(tmp_path) as endpoint:
        aws = prepared(endpoint)
        aws.until_status(run(aws, aws.task_definition({"command": python("pass")})), "STOPPED")

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    for name in ("tmp", "containers"):
        assert (tmp_path / name / "precious").read_text() == "keep"


def test_orphans_do_not_stay_as_zombies(aws: Aws) -> None:
    """What a container starts and leaves behind falls to the guard, which has to let go of it."""
    state = read_state()
    assert state is not None
    guard = psutil.Process(state.guard_pid)
    leave = "import subprocess; [subprocess.Popen(['sleep', '0'], start_new_session=True) for _ in range(5)]"
    for _ in range(3):
        said(aws, leave)

    eventually(
        lambda: [child.pid for child in guard.children() if child.status() == psutil.STATUS_ZOMBIE] == [],
        "the end of all orphans",
    )
