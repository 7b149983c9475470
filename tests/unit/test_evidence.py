"""What the containers of a stopped task show, and what is concluded from it. The verdicts are in test_outcome.py."""

import json
from collections.abc import Sequence
from typing import Final

import pytest

from fargate_runs.outcomes.evidence import Evidence
from fargate_runs.reading.task import Container, EcsTask
from tests.fakes.ecs import GUARD_DUTY, Detail, container, detail, failed_start
from tests.fakes.endings import ALIEN, INSPECT, NOT_RUNNING_YET, NOT_STARTED, OOM, START_TIMED_OUT, WINDOWS_STOP

WAITED: Final = container(lastStatus="STOPPED")
HELD: Final = container(runtimeId="a-1")


def beside_main(*containers: Detail, **more: object) -> Detail:
    """Of a task whose main container is `main`."""
    return detail(**more, containers=list(containers))


def without_main(*containers: Detail, **more: object) -> Detail:
    """No container is known to be the main one."""
    return detail(**ALIEN, **more, containers=list(containers))


def never_started(*containers: Detail, **more: object) -> Detail:
    return failed_start(None, **more, containers=list(containers))


def before_main(*containers: Detail, **more: object) -> Detail:
    """The main container still waited for the others when an essential one ended."""
    return detail(**NOT_RUNNING_YET | more, containers=[WAITED, *containers])


CASES: Final[dict[str, dict[str, tuple[Detail, object]]]] = {
    "others": {
        "beside the main one": (beside_main(container(), container("side")), ["side"]),
        "the main one, listed twice": (beside_main(container(), container()), []),
        "an injected one": (beside_main(container(), container(GUARD_DUTY)), []),
        "no main one": (without_main(container("b"), container("a")), ["a", "b"]),
    },
    "judged": {
        "the main one": (beside_main(container(), container("a", 0)), "main"),
        "who ended well, beside one told to stop": (without_main(container("a", 143), container("b", 0)), "b"),
        "who failed, beside one that ended well": (without_main(container("a", 0), container("b", 1)), "b"),
        "who ended well, beside one that nobody saw end": (without_main(container("a"), container("b", 0)), "b"),
        "nobody": (without_main(container("a"), container("b")), None),
    },
    "culprit": {
        "who failed": (without_main(container("a", 0), container("b", 1)), "b"),
        "nobody failed": (without_main(container("a", 0), container("b")), None),
    },
    "out_of_memory": {
        "nobody says so": (beside_main(container(exit_code=137)), None),
        "the main one, which ended well all the same": (beside_main(container(exit_code=0, reason=OOM)), None),
        "the main one before others": (
            beside_main(container(exit_code=137, reason=OOM), container("a", 1, OOM)),
            "main",
        ),
        "two others, the first by name": (
            beside_main(container(exit_code=143), container("b", 137, OOM), container("a", 137, OOM)),
            "a",
        ),
        "two without a main one, the first by name": (
            without_main(container("b", 137, OOM), container("a", 1, OOM)),
            "a",
        ),
        "said of the task: the killed main one": (
            beside_main(container(exit_code=137), container("a", 137), stoppedReason=OOM),
            "main",
        ),
        "said of the task: another was killed, and the main one told to stop": (
            beside_main(container(exit_code=143), container("a", 143), container("b", 137), stoppedReason=OOM),
            "b",
        ),
        "said of the task: another was killed, and the main one failed by itself": (
            beside_main(container(exit_code=3), container("a", 137), stoppedReason=OOM),
            None,
        ),
        "said of the task: another was killed, and nobody saw the main one end": (
            beside_main(HELD, container("a", 137), stoppedReason=OOM),
            "a",
        ),
        "said of the task: nobody was seen to be killed, nor the main one to end": (
            beside_main(HELD, container("a", 143), stoppedReason=OOM),
            "main",
        ),
        "said of the task: nobody was seen to be killed, and another to end": (
            beside_main(container(exit_code=143), container("a"), stoppedReason=OOM),
            None,
        ),
        "said of the task: the main one was left out": (
            beside_main(WAITED, container("a", 1, runtimeId="a-2"), stoppedReason=OOM),
            None,
        ),
        "said of the task, which lists nobody": (beside_main(stoppedReason=OOM), "main"),
        "said of the task, no main one: who was killed": (
            without_main(container("a"), container("b", 137), stoppedReason=OOM),
            "b",
        ),
        "said of the task, no main one: who was not seen to end": (
            without_main(container("a", 0), container("b"), stoppedReason=OOM),
            "b",
        ),
        "said of the task, no main one: all ended by themselves": (
            without_main(container("a", 0), container("b", 1), stoppedReason=OOM),
            None,
        ),
        "said of one container, not of the killed beside it": (
            without_main(container("a", 137), container("b", 1, OOM), stoppedReason=OOM),
            "b",
        ),
    },
    "failed_sidecar": {
        "it could not be started, and the main one ended well": (
            never_started(container(exit_code=0), container("side", reason=NOT_STARTED)),
            "side",
        ),
        "it could not be started, and the main one failed by itself": (
            never_started(container(exit_code=3), container("side", reason=NOT_STARTED)),
            None,
        ),
        "it did not start, and says nothing of it": (never_started(container(exit_code=143), container("side")), None),
        "no main one": (without_main(container("a", 143), container("b", 1)), None),
    },
    "failed_dependency": {
        "an essential one ended well": (before_main(container("side", 0)), "side"),
        "an essential one, by the text alone": (before_main(container("side", 0), stopCode=None), "side"),
        "one ended well, and no word of an essential one": (
            before_main(container("side", 0), stopCode=None, stoppedReason="Stopped"),
            None,
        ),
        "one failed, and no word of an essential one": (
            before_main(container("side", 1), stopCode=None, stoppedReason="Stopped"),
            "side",
        ),
        "told to stop before ended well": (before_main(container("a", 0), container("b", 143)), "b"),
        "on Windows too": (before_main(container("a", 0), container("b", WINDOWS_STOP)), "b"),
        "killed before told to stop": (before_main(container("a", 143), container("b", 137)), "b"),
        "failed before killed": (before_main(container("a", 137), container("b", 1)), "b"),
        "failed with a greater code before killed": (before_main(container("a", 137), container("b", 255)), "b"),
        "failed with a code below 0 before told to stop": (before_main(container("a", 143), container("b", -1)), "b"),
        "two failed, the first by name": (before_main(container("b", 1), container("a", 255)), "a"),
        "no main one": (without_main(container("a"), container("b", 1), **NOT_RUNNING_YET), None),
    },
    "start_failed": {
        "ECS does not say so": (before_main(container("side", 1)), False),
        "the main one did not run": (never_started(container(), container("side", 0)), True),
        "the main one ran": (never_started(container(exit_code=0), container("side")), False),
        "no main one: all ran well": (never_started(container("a", 0), container("b", 0), **ALIEN), False),
        "no main one: one did not run, and none failed": (
            never_started(container("a", 0), container("b"), **ALIEN),
            True,
        ),
        "no main one: one did not run, and another failed": (
            never_started(container("a", 1), container("b"), **ALIEN),
            False,
        ),
        "no main one: one could not be started, and another was told to stop": (
            never_started(container("a", 143), container("b", reason=NOT_STARTED), **ALIEN),
            True,
        ),
        "no main one: none ran": (never_started(container("a"), container("b"), **ALIEN), True),
        "no main one: nobody is listed": (never_started(**ALIEN), True),
    },
    "nothing_is_listed": {
        "nobody, and no word of a run": (never_started(), True),
        "nobody, but the task has started": (never_started(startedAt="2025-05-06T11:02:31Z"), False),
        "nobody, but an essential one exited": (before_main() | {"containers": []}, False),
        "nobody, but one was lost sight of": (never_started(stoppedReason=INSPECT), False),
        "nobody, and nobody knows whether one started": (never_started(stoppedReason=START_TIMED_OUT), True),
        "nobody, but an essential one exited by the text": (before_main(stopCode=None) | {"containers": []}, False),
        "somebody": (never_started(container()), False),
    },
    "ran_unseen": {
        "it was seen to end": (beside_main(container(exit_code=0)), None),
        "it was lost sight of": (beside_main(container(reason=INSPECT), container("a", reason=INSPECT)), "main"),
        "it did not run": (never_started(container()), None),
        "no main one: the one that was lost sight of": (
            without_main(container("a", 0), container("b", reason=INSPECT)),
            "b",
        ),
    },
    "may_have_logged": {
        "it ran": (beside_main(container(exit_code=3)), True),
        "its start was not seen to succeed": (never_started(container(reason=START_TIMED_OUT)), True),
        "nobody says whether it started, nor that its start failed": (
            failed_start(INSPECT, containers=[container(), container("side")]),
            False,
        ),
        "it could not be started": (never_started(container(reason=NOT_STARTED)), False),
        "the other one alone ran": (never_started(container(), container("side", 1)), False),
        "no main one: one of them ran": (never_started(container("a"), container("b", 1), **ALIEN), True),
        "nobody is listed, and the task has started": (beside_main(), True),
        "nobody is listed, and the task has not": (never_started(), False),
    },
}


@pytest.mark.parametrize(("what", "case"), [(what, case) for what, cases in CASES.items() for case in cases])
def test_what_is_concluded(what: str, case: str) -> None:
    given, expected = CASES[what][case]
    for order in (1, -1):
        arrived = json.loads(json.dumps({**given, "containers": given["containers"][::order]}))
        concluded = getattr(Evidence.of(EcsTask.from_detail(arrived), None), what)
        assert _named(concluded) == expected
        assert isinstance(concluded, bool) is isinstance(expected, bool)


def _named(concluded: Container | Sequence[Container] | bool | None) -> object:
    if isinstance(concluded, Container):
        return concluded.name
    return [each.name for each in concluded] if isinstance(concluded, tuple) else concluded
