"""Which run is meant: a whole id, the beginning of one that no other has, or `@last`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cli.api_client import is_run_id, read_as
from cli.errors import BadInputError, RunNotFoundError
from cli.run_list import rows_of
from cli.text import clean

if TYPE_CHECKING:
    from cli.api_client import ApiClient

LAST: Final = "@last"
#: How many candidates are named at most.
MOST_CANDIDATES: Final = 10
#: What `POST /runs` makes. Other ids are names that a schedule, a person or another machine gave.
_WHOLE: Final = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


def resolve_id(api: ApiClient, given: str) -> str:
    """The id of the run that is meant. Raises BadInputError where that is none or several."""
    if given == LAST:
        return _newest(api)
    if _WHOLE.fullmatch(given) or not is_run_id(given):  # the API client says what is wrong with the latter
        return given
    page = api.list_runs({"idPrefix": given, "limit": MOST_CANDIDATES + 1})
    found = [row.run_id for row in read_as(rows_of, page)]
    if given in found or not found:
        return given
    if len(found) == 1 and page.get("cursor") is None:
        return found[0]
    return _exactly(api, given, found)


def _newest(api: ApiClient) -> str:
    rows = read_as(rows_of, api.list_runs({"limit": 1}))
    if not rows:
        raise BadInputError("There is no run yet, and so no last one.")
    return rows[0].run_id


def _exactly(api: ApiClient, given: str, candidates: list[str]) -> str:
    """`given` itself, where a run has just this id: its page of candidates may have had no room for it."""
    try:
        api.get_run(given)
    except RunNotFoundError:
        shown = [f"  {clean(each)}" for each in candidates[:MOST_CANDIDATES]]
        more = ["  …"] if len(candidates) > MOST_CANDIDATES else []
        raise BadInputError("\n".join([f"Several runs begin with {given}:", *shown, *more])) from None
    return given
