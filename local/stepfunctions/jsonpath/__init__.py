"""JSONPath as Step Functions has it: that of Jayway's library for Java, whose errors AWS shows as they are (fact B49).

A path is definite, and gives one value or fails, or indefinite (`..`, `*`, a slice, a filter, several indexes), and
gives a list of what there is. `parsing` reads paths, `filters` their conditions, `search` looks values up.
"""

from local.stepfunctions.jsonpath.parsing import BadPathError, parse
from local.stepfunctions.jsonpath.search import NoResultError, look_up
from local.stepfunctions.jsonpath.steps import Path

__all__ = ["BadPathError", "NoResultError", "Path", "look_up", "parse"]
