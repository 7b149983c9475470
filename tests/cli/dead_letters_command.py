"""What the tests of `runs dead-letters` share."""

import json
from collections.abc import Callable

from click.testing import CliRunner, Result

from cli.main import main
from tests.cli.dead_letters_for_tests import (
    CANARY,
    Cloud,
    around,
)
from tests.cli.standin import Reply, serving


def run(runner: CliRunner, cloud: Cloud, *arguments: str) -> Result:
    """Type the command; nothing of an event may be seen, whatever happens."""
    with serving(cloud.answer) as server:
        result = runner.invoke(main, ["dead-letters", *arguments], obj=around(server))
    assert CANARY not in result.stdout + result.stderr
    return result


def counted(result: Result) -> dict[str, int]:
    """The counts of --json that are not 0."""
    document = json.loads(result.stdout)
    return {name: count for name, count in document.items() if isinstance(count, int) and count}


def refused(code: str, message: str = "no") -> Callable[[], Reply]:
    """A service's refusal."""
    body = {"__type": code, "message": message}
    return lambda: Reply(400, body, {"x-amzn-ErrorType": code})
