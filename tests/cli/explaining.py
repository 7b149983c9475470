"""What the tests of `runs explain` share."""

import json

from click.testing import CliRunner, Result

from cli.main import main


def explain(runner: CliRunner, document: object, *options: str) -> Result:
    """Explain what is piped in."""
    return runner.invoke(main, ["explain", "-", *options], input=json.dumps(document))
