"""Running the tests on a mutant, in a forked process that gets it in place of the module: no file is changed."""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import io
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from enum import StrEnum
from types import CodeType, ModuleType

from tools.mutation.targets import PROJECT

_CPU_SECONDS = 60
_TESTS_FAILED = 1
# Nobody reads how a test failed, so no time goes into telling it, nor into what pytest keeps for its next run.
_OPTIONS = ("-x", "-q", "--assert=plain", "--tb=no", "--no-summary", "-p", "no:cacheprovider")


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"  # a test failed
    BROKEN = "broken"  # it does not even load, or never ends
    SURVIVED = "survived"


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds one module in a text."""

    def __init__(self, module: str, source: str) -> None:
        self._module = module
        self._source = source

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> object:  # noqa: ARG002
        return importlib.util.spec_from_loader(name, self) if name == self._module else None

    def get_source(self, fullname: str) -> str:  # noqa: ARG002
        return self._source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, f"<mutant of {fullname}>", "exec")


def warm_up() -> None:
    """Import what every test run needs and no mutant changes: pytest with its plugins, too."""
    import boto3  # type: ignore[import-untyped]  # noqa: F401, PLC0415
    import hypothesis  # noqa: F401, PLC0415
    import moto  # noqa: F401, PLC0415
    import pytest  # noqa: PLC0415

    os.chdir(PROJECT)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        pytest.main([*_OPTIONS, "tests/conftest.py"])  # no tests
    gc.freeze()


def verdicts(
    jobs: Sequence[tuple[str, str, Sequence[str]]], seen: Callable[[int, int], None]
) -> Iterator[tuple[int, Verdict]]:
    """(number of the job, verdict) for each (module, source, tests), as many at once as there are processors."""
    running: dict[int, int] = {}
    waiting = list(enumerate(jobs))[::-1]
    done = 0
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            number, job = waiting.pop()
            running[_start(*job)] = number
        process, status = os.wait()
        done += 1
        seen(done, len(jobs))
        yield running.pop(process), _verdict(status)


def _verdict(status: int) -> Verdict:
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return Verdict.SURVIVED
    return Verdict.KILLED if code == _TESTS_FAILED else Verdict.BROKEN


def _start(module: str, source: str, tests: Sequence[str]) -> int:
    process = os.fork()
    if process == 0:
        _work(module, source, tests)
    return process


def _work(module: str, source: str, tests: Sequence[str]) -> None:
    """In the child. It never comes back."""
    code = 70
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS + 5))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.dont_write_bytecode = True
        sys.meta_path.insert(0, _Mutated(module, source))
        import pytest  # noqa: PLC0415

        # File by file: most mutants fail the first, and pytest would read all of them before.
        codes = (int(pytest.main([*_OPTIONS, each])) for each in tests)
        code = next((each for each in codes if each), 0)
    finally:
        os._exit(code)
