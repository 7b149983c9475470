"""The mark of the sweep as a DynamoDB item and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from fargate_runs.aws.rows import Item, present
from fargate_runs.ports import SweepMark
from fargate_runs.reading import lenient

SWEEP_KEY: Final = {"pk": "SWEEP", "sk": "MARK"}


def mark_item(mark: SweepMark) -> Item:
    """Returns the item of the sweep's mark, to replace `mark.revision`."""
    return present(
        {
            **SWEEP_KEY,
            "owner": mark.owner,
            "heldUntil": lenient.iso(mark.held_until),
            "seenUntil": lenient.iso(mark.seen_until),
            "places": dict(mark.places) or None,
            "revision": mark.revision + 1,
        }
    )


def mark_of(item: Mapping[str, object]) -> SweepMark:
    """Returns the stored mark of the sweep. An unreadable one counts as none: the next is written over it."""
    revision = item.get("revision")
    if not isinstance(revision, (int, Decimal)):
        return SweepMark(is_unreadable=True)
    if revision < 1 or revision != int(revision):
        return SweepMark(is_unreadable=True, unreadable_revision=Decimal(revision))
    return SweepMark(
        owner=lenient.text(item.get("owner"), 256),
        held_until=lenient.time(item.get("heldUntil")),
        seen_until=lenient.time(item.get("seenUntil")),
        places={part: str(key) for part, key in lenient.mapping(item.get("places")).items()},
        revision=int(revision),
    )
