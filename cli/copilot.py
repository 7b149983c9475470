"""A scheduled job of AWS Copilot as a job of ours: its manifest as it was deployed. Pure.

Parts that a job here cannot have are left out and named, with the reason and the way out. Sources: "Scheduled Job" of
Copilot's manifest reference; internal/pkg/manifest and internal/pkg/deploy/cloudformation/stack of aws/copilot-cli 1.33
for the defaults, for how an environment's overrides are merged, and for keys that were read and did nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cli.copilot_keys import KEYS, ORDER, Conversion, Note
from cli.errors import BadInputError
from cli.text import one_line

if TYPE_CHECKING:
    from cli.yaml_text import Path

SCHEDULED_JOB: Final = "Scheduled Job"
#: Below these, numbers and truth values are texts: Copilot read them as such.
AS_WRITTEN: Final = frozenset({"variables", "command", "entrypoint", "secrets"})
_FRAME: Final = frozenset({"name", "type", "environments"})
_VARIABLE: Final = re.compile(r"(\\?)\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")
_APPLICATION: Final = "COPILOT_APPLICATION_NAME"
_ENVIRONMENT: Final = "COPILOT_ENVIRONMENT_NAME"
#: Their entries are taken from an override as a whole; everything else is merged key by key.
_WHOLE_ENTRIES: Final = frozenset({"variables", "secrets"})


@dataclass(frozen=True)
class Context:
    """The facts that no manifest has. None: unknown."""

    application: str | None = None
    environment: str | None = None
    image: str | None = None
    account: str | None = None
    region: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of the shell: Copilot put them into the manifest."""
    read_file: Callable[[str], str | None] = lambda _path: None
    """The text of a file of the workspace."""


@dataclass(frozen=True)
class Imported:
    """A job as jobs.yaml has it, and notes about it."""

    name: str
    job: Mapping[str, object]
    notes: tuple[Note, ...]


def imported(manifest: Mapping[str, object], context: Context) -> Imported:
    """Returns the job. Raises BadInputError for what is no manifest of a scheduled job."""
    name, kind = manifest.get("name"), manifest.get("type")
    if kind != SCHEDULED_JOB:
        raise BadInputError(f"is no manifest of a scheduled job: its type is {one_line(str(kind), 60)}.")
    if not isinstance(name, str) or not name:
        raise BadInputError("has no name.")
    notes: list[Note] = []
    own = {key: value for key, value in manifest.items() if key not in _FRAME}
    merged = _merged(own, _overrides(manifest, context, notes), ())
    filled = _Filling(context, notes).mapping(merged, ())
    conversion = Conversion(name, context.image, _arn_of(context), context.read_file, notes)
    for key in dict.fromkeys((*KEYS, *filled)):
        convert = KEYS.get(key)
        if convert is not None:
            convert(conversion, filled.get(key))
        else:
            conversion.note((key,), "is no key of a scheduled job; Copilot ignored it.")
    found = {**conversion.job, **({"environment": conversion.environment} if conversion.environment else {})}
    job: dict[str, object] = {key: found[key] for key in ORDER if key in found}
    return Imported(name, job, tuple(notes))


def _overrides(manifest: Mapping[str, object], context: Context, notes: list[Note]) -> Mapping[str, object]:
    """Returns the overrides of the environment that was asked for."""
    given = manifest.get("environments")
    environments = given if isinstance(given, Mapping) else {}
    if context.environment is None:
        if environments:
            names = ", ".join(map(str, environments))
            notes.append(Note(("environments",), f"is left out; --env takes that of one of {names}.", is_lost=True))
        return {}
    found = environments.get(context.environment)
    if environments and context.environment not in environments:
        notes.append(Note(("environments",), f"has nothing for {context.environment}; what holds for all is taken."))
    return found if isinstance(found, Mapping) else {}


def _merged(base: Mapping[str, object], over: Mapping[str, object], path: Path) -> dict[str, object]:
    is_whole = bool(path) and path[-1] in _WHOLE_ENTRIES
    # An image is built or taken: where an environment says one, the other ends.
    ended = {"build": "location", "location": "build"} if path == ("image",) else {}
    kept = {key: value for key, value in base.items() if ended.get(str(key)) not in over}
    for key, value in over.items():
        below = kept.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping) and not is_whole:
            kept[key] = _merged(below, value, (*path, key))
        elif value is not None:
            kept[key] = value
    return kept


@dataclass
class _Filling:
    """Puts in the variables of the shell, as Copilot did with `${NAME}`."""

    context: Context
    notes: list[Note]
    missing: set[str] = field(default_factory=set)

    def mapping(self, value: Mapping[str, object], path: Path) -> dict[str, object]:
        """The same mapping with the variables' values."""
        return {key: self._value(each, (*path, key)) for key, each in value.items()}

    def _value(self, value: object, path: Path) -> object:
        if isinstance(value, Mapping):
            return self.mapping(value, path)
        if isinstance(value, list):
            return [self._value(each, (*path, index)) for index, each in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _text(self, text: str, path: Path) -> object:
        filled = _VARIABLE.sub(lambda found: self._of(found, path), text)
        if filled == text or not filled.startswith("["):
            return filled
        try:
            found = json.loads(filled)
        except ValueError:
            return filled
        return found if isinstance(found, list) and all(isinstance(each, str) for each in found) else filled

    def _of(self, found: re.Match[str], path: Path) -> str:
        if found[1]:
            return found[0].removeprefix("\\")
        name = found[2]
        known = {_APPLICATION: self.context.application, _ENVIRONMENT: self.context.environment}
        value = known[name] if name in known else self.context.variables.get(name)
        if value is not None:
            return value
        if name not in self.missing:
            self.missing.add(name)
            options = {_APPLICATION: "give --app", _ENVIRONMENT: "give --env"}
            way_out = options.get(name, "set it in the shell")
            self.notes.append(Note(path, f"needs the variable {name}: {way_out}, and import again.", is_lost=True))
        return found[0]


def _arn_of(context: Context) -> Callable[[str, str], str] | None:
    """A function that makes an ARN of a service and a resource; None where account or Region is unknown."""
    account, region = context.account, context.region
    if not account or not region:
        return None
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return lambda service, resource: f"arn:{partition}:{service}:{region}:{account}:{resource}"
