"""Writes jobs.yaml. `cli.jobs_file` reads the same values from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cli.text import clean, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: A text that needs no quotes in any version of YAML.
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(:[A-Za-z0-9_./@+-]+)*|[0-9]+[smhd]")
_WORDS_OF_YAML: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
#: Characters that JSON leaves as they are, and YAML does not take or takes for the end of a line.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff-\uffff]")
_WIDTH: Final = 110
_COMMENT_WIDTH: Final = 100

#: Comments of a job, by key; those under "" stand above the job.
Comments = Mapping[str, "Sequence[str]"]


def jobs_yaml(
    project: str,
    jobs: Mapping[str, Mapping[str, object]],
    comments: Mapping[str, Comments] | None = None,
) -> str:
    """The text of a file with these jobs. A comment of a key that a job does not have stands at the job's end."""
    lines = ["version: 1", f"project: {scalar(project)}", "jobs:" if jobs else "jobs: {}"]
    for name, job in jobs.items():
        told = dict((comments or {}).get(name, {}))
        lines += _comment(told.pop("", ()), 2)
        lines.append(f"  {scalar(name)}:" if job else f"  {scalar(name)}: {{}}")
        for key, value in job.items():
            lines += _comment(told.pop(key, ()), 4)
            lines += _entry(key, value, 4)
        for rest in told.values():
            lines += _comment(rest, 4)
    return "\n".join(lines) + "\n"


def scalar(value: object) -> str:
    """One value on one line."""
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML
        return value if is_plain else _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _comment(texts: Sequence[str], indent: int) -> Iterator[str]:
    for text in texts:
        yield from (f"{' ' * indent}# {line}".rstrip() for line in wrapped(clean(text), _COMMENT_WIDTH - indent))


def _entry(key: str, value: object, indent: int) -> Iterator[str]:
    before = f"{' ' * indent}{scalar(key)}:"
    if not isinstance(value, Mapping | list | tuple):
        yield f"{before} {scalar(value)}"
    elif _is_flat(value) and len(line := f"{before} {_flow(value)}") <= _WIDTH:
        yield line
    else:
        yield before
        yield from _block(value, indent + 2)


def _block(value: object, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _entry(key, each, indent)
        return
    for each in value if isinstance(value, list | tuple) else ():
        if _is_flat(each) and len(line := f"{' ' * indent}- {_flow(each)}") <= _WIDTH:
            yield line
        elif isinstance(each, Mapping | list | tuple):
            inside = list(_block(each, indent + 2))
            yield f"{' ' * indent}- {inside[0].lstrip()}"
            yield from inside[1:]
        else:
            yield f"{' ' * indent}- {scalar(each)}"


def _is_flat(value: object) -> bool:
    """Whether nothing but scalars is in it, or it is one."""
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return all(not isinstance(each, Mapping | list | tuple) or not each for each in inside)


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar(value)
