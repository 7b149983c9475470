"""Do the scenarios, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from verify.facts import Finding, Scenario, Verdict, judged
from verify.waiting import GivenUpError

if TYPE_CHECKING:
    from verify.place import Place

#: Each with a task of a quarter of a vCPU: a new account has room for more than that (fact B34).
AT_ONCE = 8
Tell = Callable[[Finding], None]


def look(scenarios: Sequence[Scenario], place: Place, tell: Tell, at_once: int = AT_ONCE) -> list[Finding]:
    """Every finding, in the order of the facts; each is told as it comes.

    An interrupt ends what is waited for, and is raised again when nothing goes on any more.
    """
    with ThreadPoolExecutor(at_once) as pool:
        # Those with tasks take longest: they begin first.
        order = sorted(scenarios, key=lambda scenario: -scenario.tasks)
        under_way = {pool.submit(_all_findings, one, place): one.name for one in order}
        found: dict[str, list[Finding]] = {}
        try:
            for future in as_completed(under_way):
                found[under_way[future]] = future.result()
                for finding in future.result():
                    tell(finding)
        except BaseException:
            place.patience.given_up.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [finding for scenario in scenarios for finding in found[scenario.name]]


def _all_findings(scenario: Scenario, place: Place) -> list[Finding]:
    return list(findings(scenario, place))


def findings(scenario: Scenario, place: Place) -> Iterator[Finding]:
    """What a scenario found: of each of its facts. What it saw before it failed counts."""
    seen: dict[str, object] = {}
    why = "its scenario says nothing of it"
    try:
        for key, value in scenario.observe(place):
            seen.update({key: value})  # one by one: what was seen before a failure counts
    except GivenUpError:
        raise
    except Exception as error:  # noqa: BLE001 - what AWS answers otherwise than expected may break anything in a scenario
        why = f"{type(error).__name__}: {error}"
    for fact in scenario.facts:
        yield judged(fact, seen[fact.key]) if fact.key in seen else Finding(fact, Verdict.NOT_SEEN, why=why)
