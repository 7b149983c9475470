"""A token that a container prints, however its language writes it, is neither stored nor sent (I9)."""

import json

import pytest

from fargate_runs.answers.answer import Success
from tests.fakes.ecs import container, detail, overrides
from tests.fakes.settling import World

TOKEN = "AQCEAAAAKgAAAAMAAAAA/canary+token/with=="
WRITTEN = {
    "as it is": TOKEN,
    "PHP escapes slashes": TOKEN.replace("/", "\\/"),
    "Gson escapes equals signs": TOKEN.replace("=", "\\u003d"),
    "some escape more": TOKEN.replace("/", "\\u002F").replace("+", "\\u002b").replace("=", "\\u003D"),
    "in an address": TOKEN.replace("/", "%2F").replace("+", "%2B").replace("=", "%3d"),
}


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("exit_code", [0, 3])
def test_a_token_in_the_last_lines(how: str, exit_code: int) -> None:
    world = World()
    world.callbacks.open.add(TOKEN)
    world.logs.everywhere = ('{"token":"' + WRITTEN[how] + '","rows":3}',)
    world.settle(detail(containers=[container("main", exit_code)], overrides=overrides(token=TOKEN)))
    answer = world.callbacks.answers[TOKEN]
    told = answer.output if isinstance(answer, Success) else answer.cause
    assert "canary" not in told
    assert "canary" not in repr(world.store.tasks)
    if isinstance(answer, Success):
        assert json.loads(told)["result"] == {"token": "[task token]", "rows": 3}
