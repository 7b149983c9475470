"""The keys of a scheduled job's manifest, and how each converts. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cli.copilot_schedules import NeverDeployedError, deployed, seconds_of
from cli.text import one_line
from fargate_runs.jobs.values import duration_words
from fargate_runs.runs.request import MOST_RETRIES

if TYPE_CHECKING:
    from cli.yaml_text import Path

#: The order of the keys in a file.
ORDER: Final = (
    *("image", "entrypoint", "command", "environment", "secrets", "cpu", "memory", "platform"),
    *("timeout", "totalTimeout", "retries", "retryOn", "schedules"),
)
_DEFAULT_CPU: Final = 256
_DEFAULT_MEMORY: Final = 512
_DEFAULT_STORAGE_GIB: Final = 20
_OWN_DEFINITION: Final = (
    "Register a task definition that has it, list it in the stack's parameter AllowedTaskDefinitions, and give "
    "taskDefinition instead of image, secrets and platform."
)
_IGNORED: Final = "did nothing: Copilot has no such key for a scheduled job."


@dataclass(frozen=True)
class Note:
    """Something to know about a part of the manifest. `is_lost`: the job lacks it until somebody does something."""

    path: Path
    detail: str
    is_lost: bool = False
    beside: str = ""
    """The key of the job that it is about."""


@dataclass
class Conversion:
    """A job in the making."""

    name: str
    image: str | None
    """An image to run instead of the one that Copilot built."""
    arn: Callable[[str, str], str] | None
    """Makes an ARN of a service and a resource."""
    read_file: Callable[[str], str | None]
    notes: list[Note]
    job: dict[str, object] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def note(self, path: Path, detail: str, beside: str = "") -> None:
        """Add a note."""
        self.notes.append(Note(path, detail, beside=beside))

    def lose(self, path: Path, detail: str, beside: str = "") -> None:
        """Add a note about a part that is left out."""
        self.notes.append(Note(path, detail, is_lost=True, beside=beside))


def _image(to: Conversion, given: object) -> None:
    image = given if isinstance(given, Mapping) else {}
    location = to.image or image.get("location")
    if isinstance(location, str):
        to.job["image"] = location
        if "build" in image:
            to.note(("image", "build"), "was built by Copilot; the job runs what --image names.", "image")
    elif "build" in image:
        to.lose(
            ("image", "build"),
            "is an image that Copilot built. Build and push it yourself, and give it with --image; the last one that "
            "Copilot pushed is in the ECR repository <application>/<job>.",
            "image",
        )
    else:
        to.lose(("image",), "names nothing to run. Give it with --image.", "image")
    for key in image:
        if key in {"credentials", "labels", "depends_on", "healthcheck"}:
            to.lose(("image", key), f"has no key here. {_OWN_DEFINITION}", "image")
        elif key not in {"build", "location"}:
            to.note(("image", key), _IGNORED, "image")


def _words(key: str) -> Callable[[Conversion, object], None]:
    """A list of words, or one text that is split as a shell does."""

    def convert(to: Conversion, given: object) -> None:
        if isinstance(given, str):
            try:
                words = shlex.split(given)
            except ValueError as error:
                to.lose((key,), f"cannot be split as a shell does ({error}). Write it as a list.", key)
                return
        else:
            words = [str(each) for each in given] if isinstance(given, list) else []
        if words:
            to.job[key] = words

    return convert


def _number(key: str, default: int) -> Callable[[Conversion, object], None]:
    """A number that Copilot has a default for: the stack may have another."""

    def convert(to: Conversion, given: object) -> None:
        to.job[key] = default if given is None else given

    return convert


def _platform(to: Conversion, given: object) -> None:
    if isinstance(given, Mapping):
        system, machine = str(given.get("osfamily", "linux")).lower(), str(given.get("architecture", "x86_64")).lower()
    else:
        system, _, machine = str(given or "linux/x86_64").lower().partition("/")
    if not system.startswith("linux"):
        to.lose(("platform",), f"is {system}; only Linux runs here, so this job has to stay elsewhere.", "platform")
        return
    to.job["platform"] = "linux/arm64" if machine in {"arm", "arm64"} else "linux/amd64"


def _schedule(to: Conversion, given: object) -> None:
    path: Path = ("on", "schedule")
    schedule = given.get("schedule") if isinstance(given, Mapping) else None
    if not isinstance(schedule, str):
        to.lose(("on",), "has no schedule. Give the job schedules, or start it yourself.", "schedules")
        return
    try:
        rule = deployed(schedule)
    except NeverDeployedError as error:
        shown = one_line(schedule, 80)
        to.lose(path, f"{shown!r} was never deployed: {error}. Give the job schedules of its own.", "schedules")
        return
    if not rule.kind:
        to.note(path, "is none: nothing starts the job by itself here either.", "schedules")
        return
    to.job["schedules"] = [{"name": "main", rule.kind: rule.fields, "timeZone": "UTC"}]
    if rule.surprise:
        to.note(path, f"{one_line(schedule, 80)} is taken as it was deployed. {rule.surprise}.", "schedules")


def _timeout(to: Conversion, given: object) -> None:
    if given in {None, ""}:
        to.note(
            ("timeout",),
            "is not there, and Copilot has no limit then. Here each attempt has the stack's DefaultTimeoutSeconds, "
            "unless the job has a timeout.",
            "timeout",
        )
        return
    try:
        seconds = seconds_of(str(given))
    except ValueError:
        seconds = 0
    if seconds < 1 or seconds != int(seconds):
        to.lose(("timeout",), f"{one_line(str(given), 40)!r} is no whole number of seconds. Give a timeout.", "timeout")
        return
    # Copilot's limit is that of the execution, retries included. An attempt alone may take all of it.
    to.job["timeout"] = to.job["totalTimeout"] = duration_words(int(seconds))


def _retries(to: Conversion, given: object) -> None:
    count = given if isinstance(given, int) and not isinstance(given, bool) else 0
    if count > MOST_RETRIES:
        to.lose(("retries",), f"is {count}, and {MOST_RETRIES} is the most here.", "retries")
    to.job["retries"] = min(max(count, 0), MOST_RETRIES)
    if count > 0:
        to.job["retryOn"] = {"any": True}


def _env_file(to: Conversion, given: object) -> None:
    if not isinstance(given, str):
        return
    text = to.read_file(given)
    if text is None:
        to.lose(
            ("env_file",),
            f"{one_line(given, 80)} cannot be read in the workspace. Name that with --workspace, and import again.",
            "environment",
        )
        return
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            to.environment[name.strip()] = value


def _variables(to: Conversion, given: object) -> None:
    """Variables of the manifest itself come before those of its file."""
    for name, value in given.items() if isinstance(given, Mapping) else ():
        export = _export(value)
        if export is not None:
            to.lose(("variables", name), f"is CloudFormation's export {export}. {_look_up(export)}", "environment")
        else:
            to.environment[name] = "" if value is None else str(value)


def _secrets(to: Conversion, given: object) -> None:
    found: dict[str, object] = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        path: Path = ("secrets", name)
        export, manager = _export(value), value.get("secretsmanager") if isinstance(value, Mapping) else None
        plain = (manager if isinstance(manager, str) else value if isinstance(value, str) else "").strip("'\"")
        if export is not None:
            to.lose(path, f"is CloudFormation's export {export}. {_look_up(export)}", "secrets")
        elif not plain:
            to.lose(path, "names no secret. Give its ARN.", "secrets")
        elif plain.startswith("arn:"):
            found[name] = plain
        elif to.arn is None:
            to.lose(
                path, f"is {one_line(plain, 200)}, and a job here names an ARN. Give --account and --region.", "secrets"
            )
        elif manager is not None:
            found[name] = to.arn("secretsmanager", f"secret:{plain}")
        else:
            found[name] = to.arn("ssm", f"parameter/{plain.removeprefix('/')}")
    if found:
        to.job["secrets"] = found
        to.note(
            ("secrets",),
            "Copilot's tags allowed these to be read. Here the stack's parameter AllowedSecrets has to name them.",
            "secrets",
        )


def _export(value: object) -> str | None:
    name = value.get("from_cfn") if isinstance(value, Mapping) else None
    return one_line(str(name), 200) if name is not None else None


def _look_up(export: str) -> str:
    query = shlex.quote(f"Exports[?Name=='{export}'].Value")
    return f"Look its value up, and write that: aws cloudformation list-exports --output text --query {query}"


def _storage(to: Conversion, given: object) -> None:
    for key, value in given.items() if isinstance(given, Mapping) else ():
        if key == "ephemeral" and value == _DEFAULT_STORAGE_GIB:
            continue  # what every task has
        to.lose(("storage", key), f"has no key here. {_OWN_DEFINITION}")


def _logging(to: Conversion, given: object) -> None:
    for key in given if isinstance(given, Mapping) else ():
        if key == "retention":
            to.note(("logging", key), "is the stack's parameter LogRetentionDays here, for all jobs.")
        else:
            to.lose(("logging", key), f"routes logs with FireLens, which has no key here. {_OWN_DEFINITION}")


def _network(to: Conversion, given: object) -> None:
    vpc = given.get("vpc") if isinstance(given, Mapping) else None
    for key in vpc if isinstance(vpc, Mapping) else ():
        to.lose(
            ("network", "vpc", key),
            "is the same for all jobs here: the stack's parameters SubnetIds, SecurityGroupIds, AssignPublicIp.",
        )
    if isinstance(given, Mapping) and "connect" in given:
        to.lose(("network", "connect"), "is Service Connect, and a run is no service. Call others by their own names.")


def _each(key: str, detail: str) -> Callable[[Conversion, object], None]:
    """Something whose parts are lost one by one."""

    def convert(to: Conversion, given: object) -> None:
        parts = given if isinstance(given, Mapping) else range(len(given)) if isinstance(given, list) else ()
        for part in parts:
            to.lose((key, part), detail)

    return convert


def _publish(to: Conversion, given: object) -> None:
    topics = given.get("topics") if isinstance(given, Mapping) else None
    for index, topic in enumerate(topics if isinstance(topics, list) else ()):
        name = one_line(str(topic.get("name") if isinstance(topic, Mapping) else topic), 80)
        to.lose(
            ("publish", "topics", index),
            f"is the SNS topic {name} of Copilot's stack, and goes with that. Make one of your own, let the job's "
            "taskRole publish to it, and give its ARN in environment: COPILOT_SNS_TOPIC_ARNS is not set here.",
        )


def _ignored(key: str) -> Callable[[Conversion, object], None]:
    def convert(to: Conversion, given: object) -> None:
        if given is not None:
            to.note((key,), _IGNORED)

    return convert


#: Every key that Copilot documents for a job, or reads. A converter gets None for a key that is absent.
KEYS: Final[Mapping[str, Callable[[Conversion, object], None]]] = {
    "image": _image,
    "entrypoint": _words("entrypoint"),
    "command": _words("command"),
    "env_file": _env_file,
    "variables": _variables,
    "secrets": _secrets,
    "cpu": _number("cpu", _DEFAULT_CPU),
    "memory": _number("memory", _DEFAULT_MEMORY),
    "platform": _platform,
    "timeout": _timeout,
    "retries": _retries,
    "on": _schedule,
    "storage": _storage,
    "logging": _logging,
    "network": _network,
    "sidecars": _each("sidecars", f"is a second container, and a job here has one. {_OWN_DEFINITION}"),
    "taskdef_overrides": _each("taskdef_overrides", f"changes the task definition. {_OWN_DEFINITION}"),
    "publish": _publish,
    "count": _ignored("count"),
    "exec": _ignored("exec"),
    "observability": _ignored("observability"),
}
