"""The suite's runner, its removals, its waiting, and what its recording leaves out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from verify.cost import cost_cents, task_count
from verify.facts import Fact, Finding, Scenario, Seen, Verdict, scenario
from verify.made import Made
from verify.place import Place
from verify.redaction import Redaction
from verify.report import Report, write
from verify.running import look
from verify.waiting import GivenUpError, NotInTimeError, Patience


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said"}}, "Call")


def place(patience: Patience | None = None) -> Place:
    """A place for scenarios that ask nothing of it but patience."""
    return cast("Place", SimpleNamespace(patience=patience or Patience()))


def fact(key: str) -> Fact:
    return Fact(key, "B1", f"It holds of {key}.", 1)


@scenario(fact("right"), fact("wrong"))
def both_seen(_: Place) -> Seen:
    """One as expected, one not."""
    yield "right", 1
    yield "wrong", 2


@scenario(fact("before"), fact("after"), tasks=1)
def broken(_: Place) -> Seen:
    """Fails between its facts."""
    yield "before", 1
    raise KeyError("StoppedAt")


@scenario(fact("unsaid"))
def silent(_: Place) -> Seen:
    """Says nothing."""
    yield from ()


def test_findings_are_in_the_order_of_the_facts_and_each_is_told() -> None:
    told: list[Finding] = []
    found = look([both_seen, silent, broken], place(), told.append)
    assert [(one.fact.key, one.verdict, one.seen, one.why) for one in found] == [
        ("right", Verdict.AS_EXPECTED, 1, ""),
        ("wrong", Verdict.DIFFERS, 2, ""),
        ("unsaid", Verdict.NOT_SEEN, None, "its scenario says nothing of it"),
        ("before", Verdict.AS_EXPECTED, 1, ""),
        ("after", Verdict.NOT_SEEN, None, "KeyError: 'StoppedAt'"),
    ]
    assert sorted(told, key=found.index) == found


def test_scenarios_run_beside_each_other() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def meets(_: Place) -> Seen:
        meeting.wait()
        yield "met", 1

    names = ("one", "two")
    found = look([Scenario(name, (fact("met"),), meets) for name in names], place(), lambda _: None, at_once=2)
    assert [one.verdict for one in found] == [Verdict.AS_EXPECTED] * 2


def test_an_interrupt_ends_what_is_waited_for() -> None:
    waiting, patience = threading.Event(), Patience(limit_seconds=60)

    def waits(where: Place) -> Seen:
        waiting.set()
        where.patience.until(lambda: None, "for ever")
        yield "never", 1

    def ends(_: Place) -> Seen:
        waiting.wait(60)
        yield "told", 1

    def interrupt(_: Finding) -> None:
        raise KeyboardInterrupt

    both = [Scenario("waits", (fact("never"),), waits), Scenario("ends", (fact("told"),), ends)]
    with pytest.raises(KeyboardInterrupt):
        look(both, place(patience), interrupt, at_once=2)
    assert patience.given_up.is_set()


def test_waiting_ends_with_a_value_with_time_or_with_an_interrupt() -> None:
    answers = iter([None, None, "there"])
    assert Patience().until(lambda: next(answers), "it") == "there"
    assert Patience().until(lambda: 0, "zero is a value") == 0
    times = iter([0.0, 10.0, 11.0])
    late = Patience(limit_seconds=10.0, clock=lambda: next(times))
    with pytest.raises(NotInTimeError, match="not within 10 s: a task"):
        late.until(lambda: None, "a task")
    interrupted = Patience()
    interrupted.given_up.set()
    with pytest.raises(GivenUpError):
        interrupted.until(lambda: "there", "it")


def raising(error: Exception) -> Callable[[], object]:
    def remove() -> object:
        raise error

    return remove


def test_all_that_was_made_is_removed_the_newest_first_whatever_fails() -> None:
    removed: list[str] = []
    made = Made()
    made.will_remove("role", lambda: removed.append("role"))
    made.will_remove("queue", raising(refused("AccessDenied")))
    made.will_remove("rule", raising(EndpointConnectionError(endpoint_url="there")))
    for code in ("ResourceNotFoundException", "NoSuchEntity", "ExecutionDoesNotExist", "QueueDoesNotExist"):
        made.will_remove(code, raising(refused(code)))
    made.will_remove(
        "AWS.SimpleQueueService.NonExistentQueue", raising(refused("AWS.SimpleQueueService.NonExistentQueue"))
    )
    made.will_remove("machine", lambda: removed.append("machine"))
    left = made.remove_all()
    assert removed == ["machine", "role"]
    assert [sentence.partition(" is left")[0] for sentence in left] == ["rule", "queue"]
    assert made.remove_all() == []


TOKEN = "AQCEAAAAKgAAAAMAAAAA" + "Ab9+/" * 40


@pytest.mark.parametrize(
    ("value", "shared"),
    [
        ("arn:aws:ecs:eu-west-1:123456789012:task/jobs/1", "arn:aws:ecs:eu-west-1:<account>:task/jobs/1"),
        ("arn:aws:ecs:eu-west-1:123456789012:cluster/jobs", "<ClusterArn>"),
        (f"its token {TOKEN} is", "its token <token> is"),
        ("Request ID: 0f1e2d3c-0000-4444-8888-0123456789ab;", "Request ID: <uuid>;"),
        ("subnet-0123456789abcdef0", "subnet-<id>"),
        ("10.0.0.17", "<address>"),
        ("AKIAIOSFODNN7EXAMPLE", "<key>"),
        (1_700_000_000_000, 1_700_000_000_000),
        ([True, None, 1.5, "x"], [True, None, 1.5, "x"]),
        ({"taskToken": "short", "TASK_TOKEN": "y"}, {"taskToken": "<redacted>", "TASK_TOKEN": "<redacted>"}),
        ({"environment": [{"name": "A", "value": "secret"}]}, {"environment": "<redacted>"}),
        ({"Environment": []}, {"Environment": []}),
        ({"123456789012": ["10.1.2.3"]}, {"<account>": ["<address>"]}),
        ("Task stopped at 12 of 34567890", "Task stopped at 12 of 34567890"),
    ],
)
def test_what_is_not_to_be_shared_is_taken_out(value: object, shared: object) -> None:
    names = {"arn:aws:ecs:eu-west-1:123456789012:cluster/jobs": "<ClusterArn>", "123456789012": "<account>"}
    assert Redaction(names).of(value) == shared


FOUND = [
    Finding(Fact("a", "B21", "This holds.", "x"), Verdict.AS_EXPECTED, "x"),
    Finding(Fact("b", "", "That holds.", ["x"]), Verdict.DIFFERS, ["y of 123456789012"]),
    Finding(Fact("c", "B5", "So does this.", None), Verdict.NOT_SEEN, why="no answer for 123456789012"),
]


AWS_DIFFERS = " (so the local runtime differs from AWS here)"


def report(*, aws: bool) -> Report:
    return Report(aws, "stack jobs in eu-west-1", "eu-west-1", Redaction({}))


def test_a_line_for_each_fact_names_who_differs_from_whom() -> None:
    assert [report(aws=True).line(finding) for finding in FOUND] == [
        "B21  This holds. As expected.",
        '-    That holds. differs: expected ["x"] / AWS gives ["y of <account>"]' + AWS_DIFFERS,
        "B5   So does this. could not be seen: no answer for <account>",
    ]
    assert report(aws=False).line(FOUND[1]) == (
        '-    That holds. differs: expected ["x"] / the local runtime gives ["y of <account>"]'
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND[:1], "All 1 facts hold on stack jobs in eu-west-1."),
        (FOUND[:2], "1 of 2 facts hold on stack jobs in eu-west-1, 1 differ."),
        (FOUND, "1 of 3 facts hold on stack jobs in eu-west-1, 1 differ, 1 could not be seen."),
    ],
)
def test_the_count(found: list[Finding], said: str) -> None:
    assert report(aws=True).conclusion(found) == said


def test_a_long_value_is_cut_on_the_line_and_whole_in_the_recording() -> None:
    finding = Finding(Fact("a", "", "This holds.", "x"), Verdict.DIFFERS, "z " * 1000)
    line = report(aws=False).line(finding)
    assert line.endswith("… (2002 characters)")
    facts = cast("list[Any]", report(aws=False).recording([finding], "now")["facts"])
    assert facts[0]["seen"] == "z " * 1000


def test_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "new" / "verify.json"
    write(report(aws=True).recording(FOUND, "2026-11-30T12:00:00+00:00"), path)
    assert json.loads(path.read_text()) == {
        "version": 1,
        "target": "aws",
        "region": "eu-west-1",
        "recordedAt": "2026-11-30T12:00:00+00:00",
        "counts": {"as expected": 1, "differs": 1, "could not be seen": 1},
        "facts": [
            {
                "key": "a",
                "number": "B21",
                "holds": "This holds.",
                "verdict": "as expected",
                "expected": "x",
                "seen": "x",
            },
            {
                "key": "b",
                "number": None,
                "holds": "That holds.",
                "verdict": "differs",
                "expected": ["x"],
                "seen": ["y of <account>"],
            },
            {
                "key": "c",
                "number": "B5",
                "holds": "So does this.",
                "verdict": "could not be seen",
                "expected": None,
                "why": "no answer for <account>",
            },
        ],
    }
    assert list(path.parent.iterdir()) == [path]
    assert report(aws=False).recording([], "now")["target"] == "local-runtime"


def test_tasks_are_counted_and_cost_a_few_cents() -> None:
    assert task_count([both_seen, broken, broken]) == 2
    assert cost_cents([]) == 0
    # 20 tasks for two and a half minutes each, and 40 scenarios.
    assert 1 < cost_cents([Scenario("", (), both_seen.observe, tasks=20)] * 1) < 5
    assert cost_cents([broken, broken]) == pytest.approx(2 * cost_cents([broken]))
    assert cost_cents([broken]) > cost_cents([both_seen])
