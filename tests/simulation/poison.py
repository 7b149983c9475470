"""Events that can never be handled, and events that are nobody's business (faults F21 and F22)."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.fakes.ecs import CLUSTER_ARN, detail, event, overrides

MARK: Final = "poison"


def poison_of(rng: Random) -> Any:
    """A seeded one, marked by its id where it can have one."""
    return _KINDS[int(rng.random() * len(_KINDS))]()


def is_poison(what: Any) -> bool:
    """Whether an event is one of these."""
    return not isinstance(what, dict) or what.get("id") == MARK or "id" not in what


def _marked(of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**event(of, event_id=MARK), **changes}


_KINDS: Final[tuple[Callable[[], Any], ...]] = (
    lambda: None,
    list,
    lambda: "text",
    dict,
    lambda: {"detail": {}},
    lambda: _marked(detail(version="five")),
    lambda: _marked(detail(taskArn=None)),
    lambda: _marked(detail(overrides=overrides(token=None)), **{"detail-type": "ECS Container Instance State Change"}),
    lambda: _marked({**detail(), "clusterArn": CLUSTER_ARN + "-of-others"}),
    lambda: _marked({"blob": "x" * 250_000}),
)
